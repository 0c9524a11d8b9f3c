import { randomUUID } from 'node:crypto';
import { createField, type Field, type FieldList, knownName, NameId } from '../http2/index.ts';

/** What happens to a header that names the client: our word is added, replaces what came, or nothing is done. */
export type ForwardedPolicy = 'append' | 'replace' | 'keep';

/** What happens to `x-request-id`: nothing, one is made where there is none, or always. */
export type RequestIdPolicy = 'keep' | 'create' | 'replace';

/** Who puts spans of this process into the trace context of requests. */
export interface TraceMarker {
  /**
   * Begins the span of a request that is about to become a call. Null if its trace context is to pass as it came.
   *
   * @param traceparent its value; null for none, and for several, which count as none (W3C Trace Context, section 3.2.1).
   */
  begin(traceparent: string | null): MarkedTrace | null;
}

export interface MarkedTrace {
  /** What goes upstream as the only `traceparent`. */
  readonly traceparent: string;
  /** Whether it begins a trace: a `tracestate` that came is of another one, and goes. */
  readonly isRoot: boolean;
}

/** How requests are marked before they are relayed. */
export interface ForwardedHeadersOptions {
  /**
   * For `x-forwarded-for`. `x-forwarded-proto` follows: set where there is none, replaced, or kept. So does `x-forwarded-client-cert`, which names
   * whom a proxy before this one has authenticated: it passes with `keep` alone, as anybody can write it. Default append. Envoy:
   * `use_remote_address`, `forward_client_cert_details` SANITIZE or ALWAYS_FORWARD_ONLY.
   */
  readonly forwardedFor: ForwardedPolicy;
  /** Default keep. Envoy: `generate_request_id`, `preserve_external_request_id`. */
  readonly requestId: RequestIdPolicy;
  /** Whether `traceparent` and `tracestate` (W3C Trace Context) are passed on. Default true. */
  readonly propagateTrace?: boolean;
  /** Only with `propagateTrace`. Default: none, and trace context passes as it came. */
  readonly traces?: TraceMarker;
}

export const DEFAULT_FORWARDED_HEADERS: ForwardedHeadersOptions = Object.freeze({ forwardedFor: 'append', requestId: 'keep' });

/** Whom the requests come from. */
export interface ForwardedPeer {
  /** Empty for a client without an address, as on a unix socket. */
  readonly remoteAddress: string;
  readonly isTls: boolean;
}

/**
 * Marks the requests of one client connection. All else passes as it came, W3C trace context without `traces` included. Fields that are the same for every
 * request of the connection are made once.
 */
export class ForwardedHeaders {
  readonly #options: ForwardedHeadersOptions;
  readonly #peer: ForwardedPeer;
  #addressField: Field | null = null;
  #protoField: Field | null = null;

  constructor(options: ForwardedHeadersOptions, peer: ForwardedPeer) {
    this.#options = options;
    this.#peer = peer;
  }

  /** Changes the list of a request that is about to be relayed. */
  apply(fields: FieldList): void {
    const { forwardedFor, requestId, propagateTrace, traces } = this.#options;
    if (propagateTrace === false) {
      fields.remove(NameId.TRACEPARENT);
      fields.remove(NameId.TRACESTATE);
    } else if (traces !== undefined) {
      markTrace(fields, traces);
    }
    if (forwardedFor !== 'keep') {
      fields.remove(NameId.X_FORWARDED_CLIENT_CERT);
      this.#markProto(fields, forwardedFor);
      this.#markAddress(fields, forwardedFor);
    }
    if (requestId !== 'keep') {
      markRequestId(fields, requestId);
    }
  }

  #markProto(fields: FieldList, policy: ForwardedPolicy): void {
    if (policy === 'replace') {
      fields.remove(NameId.X_FORWARDED_PROTO);
    } else if (fields.get(NameId.X_FORWARDED_PROTO) !== null) {
      // Whoever was asked first knows what the client speaks.
      return;
    }
    this.#protoField ??= createField(knownName(NameId.X_FORWARDED_PROTO), Buffer.from(this.#peer.isTls ? 'https' : 'http'));
    fields.push(this.#protoField);
  }

  #markAddress(fields: FieldList, policy: ForwardedPolicy): void {
    if (policy === 'replace') {
      fields.remove(NameId.X_FORWARDED_FOR);
    }
    const { remoteAddress } = this.#peer;
    if (remoteAddress === '') {
      return;
    }
    if (fields.get(NameId.X_FORWARDED_FOR) === null) {
      this.#addressField ??= createField(knownName(NameId.X_FORWARDED_FOR), Buffer.from(remoteAddress));
      fields.push(this.#addressField);
    } else {
      appendAddress(fields, remoteAddress);
    }
  }
}

/** Several fields are one list (RFC 9110, section 5.3), whose last element has to be ours. */
function appendAddress(fields: FieldList, address: string): void {
  let list = '';
  for (let index = 0; index < fields.length; index++) {
    const field = fields.at(index);
    if (field.name.id === NameId.X_FORWARDED_FOR && field.length > 0) {
      list += `${field.valueText()}, `;
    }
  }
  fields.remove(NameId.X_FORWARDED_FOR);
  fields.pushText('x-forwarded-for', list + address);
}

function markTrace(fields: FieldList, traces: TraceMarker): void {
  let count = 0;
  for (let index = 0; index < fields.length; index++) {
    count += fields.at(index).name.id === NameId.TRACEPARENT ? 1 : 0;
  }
  const marked = traces.begin(count === 1 ? (fields.get(NameId.TRACEPARENT)?.valueText() ?? null) : null);
  if (marked === null) {
    return;
  }
  if (marked.isRoot) {
    fields.remove(NameId.TRACEPARENT);
    fields.remove(NameId.TRACESTATE);
    fields.pushText('traceparent', marked.traceparent);
  } else {
    fields.replaceText(NameId.TRACEPARENT, marked.traceparent);
  }
}

function markRequestId(fields: FieldList, policy: RequestIdPolicy): void {
  if (policy === 'replace') {
    fields.remove(NameId.X_REQUEST_ID);
  } else if (fields.get(NameId.X_REQUEST_ID) !== null) {
    return;
  }
  fields.pushText('x-request-id', randomUUID());
}
