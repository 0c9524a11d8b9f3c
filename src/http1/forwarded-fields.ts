import { randomUUID } from 'node:crypto';
import type {
  ForwardedHeadersOptions,
  ForwardedPeer,
  ForwardedPolicy,
  RequestIdPolicy,
  TraceMarker,
} from '../proxy/forwarded-headers.ts';
import { keepFields, type RawFields, valuesOf } from './fields.ts';

/** W3C Trace Context. */
const TRACE_FIELDS: ReadonlySet<string> = new Set(['traceparent', 'tracestate']);

/** Marks a request as ForwardedHeaders of proxy/ does, in fields of HTTP/1.1. */
export function markForwarded(
  fields: RawFields,
  { forwardedFor, requestId, propagateTrace, traces }: ForwardedHeadersOptions,
  peer: ForwardedPeer,
): string[] {
  let marked = propagateTrace === false ? withoutTrace(fields) : traces === undefined ? [...fields] : markTrace(fields, traces);
  if (forwardedFor !== 'keep') {
    marked = markAddress(markProto(without(marked, 'x-forwarded-client-cert'), forwardedFor, peer), forwardedFor, peer);
  }
  return requestId === 'keep' ? marked : markRequestId(marked, requestId);
}

function withoutTrace(fields: RawFields): string[] {
  return keepFields(fields, (name) => !TRACE_FIELDS.has(name));
}

function markTrace(fields: RawFields, traces: TraceMarker): string[] {
  const given = valuesOf(fields, 'traceparent');
  const marked = traces.begin(given.length === 1 ? (given[0] ?? null) : null);
  if (marked === null) {
    return [...fields];
  }
  const others = marked.isRoot ? withoutTrace(fields) : without(fields, 'traceparent');
  return [...others, 'traceparent', marked.traceparent];
}

function markProto(fields: string[], policy: ForwardedPolicy, { isTls }: ForwardedPeer): string[] {
  if (policy === 'append' && valuesOf(fields, 'x-forwarded-proto').length > 0) {
    // Whoever was asked first knows what the client speaks.
    return fields;
  }
  return [...without(fields, 'x-forwarded-proto'), 'x-forwarded-proto', isTls ? 'https' : 'http'];
}

/** Several fields are one list (RFC 9110, section 5.3), whose last element has to be ours. */
function markAddress(fields: string[], policy: ForwardedPolicy, { remoteAddress }: ForwardedPeer): string[] {
  const before = policy === 'append' ? valuesOf(fields, 'x-forwarded-for').filter((value) => value !== '') : [];
  if (remoteAddress === '') {
    return policy === 'append' ? fields : without(fields, 'x-forwarded-for');
  }
  return [...without(fields, 'x-forwarded-for'), 'x-forwarded-for', [...before, remoteAddress].join(', ')];
}

function markRequestId(fields: string[], policy: RequestIdPolicy): string[] {
  if (policy === 'create' && valuesOf(fields, 'x-request-id').length > 0) {
    return fields;
  }
  return [...without(fields, 'x-request-id'), 'x-request-id', randomUUID()];
}

function without(fields: RawFields, name: string): string[] {
  return keepFields(fields, (each) => each !== name);
}
