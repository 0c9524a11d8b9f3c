import { formatGrpcStatus } from '../../grpc/status.ts';
import {
  type FieldOperator,
  type GrpcStatusForm,
  type LogSegment,
  MAX_LOG_VALUE_OCTETS,
  type PlainOperator,
} from '../../model/log-format.ts';
import type { CallView } from '../../proxy/observer.ts';
import type { FieldSlots } from './field-slots.ts';
import { FieldWriter } from './field-writer.ts';
import type { LineWriter } from './line-writer.ts';
import { responseFlagOf } from './response-flags.ts';
import type { TextCache } from './text-cache.ts';
import { TimeWriter } from './time-writer.ts';

/** An operator of a line. */
export interface ValueWriter {
  /** Whether JSON has quotes around it. */
  readonly isText: boolean;
  /** Whether the call has such a value. */
  has(call: CallView): boolean;
  /** Writes it, where there is one. @param startMs when the call began, in milliseconds since 1970. */
  write(call: CallView, startMs: number, line: LineWriter): void;
}

/** What the operators of one format share. */
export interface LineParts {
  readonly sections: Readonly<Record<FieldOperator, FieldSlots>>;
  readonly texts: TextCache;
}

/** What Envoy writes into responses, and so shows: how long the endpoint took. */
const SERVICE_TIME = 'x-envoy-upstream-service-time';
const CAMEL_STATUS = [
  'OK',
  'Canceled',
  'Unknown',
  'InvalidArgument',
  'DeadlineExceeded',
  'NotFound',
  'AlreadyExists',
  'PermissionDenied',
  'ResourceExhausted',
  'FailedPrecondition',
  'Aborted',
  'OutOfRange',
  'Unimplemented',
  'Internal',
  'Unavailable',
  'DataLoss',
  'Unauthenticated',
];
const COLON: Uint8Array = Buffer.from(':');
const OPENING: Uint8Array = Buffer.from('[');
const CLOSING: Uint8Array = Buffer.from(']:');

/** Whether the segment shows what is known without the fields of a response. */
export function isServiceTime(segment: LogSegment): boolean {
  return (
    segment.kind === 'field' && segment.operator === 'RESP' && segment.names.length === 1 && segment.names[0] === SERVICE_TIME
  );
}

/** Makes the writer of an operator. */
export function createValueWriter(segment: Exclude<LogSegment, { readonly kind: 'text' }>, parts: LineParts): ValueWriter {
  switch (segment.kind) {
    case 'startTime': {
      const time = new TimeWriter(segment.parts);
      return { isText: true, has: () => true, write: (_call, startMs, line) => time.write(startMs, line) };
    }
    case 'grpcStatus':
      return createStatusWriter(segment.form, parts);
    case 'field':
      return createFieldWriter(segment, parts);
    case 'plain':
      return PLAIN[segment.operator](parts);
  }
}

function createFieldWriter(segment: Extract<LogSegment, { readonly kind: 'field' }>, { sections }: LineParts): ValueWriter {
  if (isServiceTime(segment)) {
    return number(({ firstByteMs, isRequestWhole }) => (isRequestWhole ? firstByteMs : -1));
  }
  const { operator, names, maxOctets } = segment;
  const section = sections[operator];
  const slots = names.map((name) => section.slotOfName(name));
  const field = new FieldWriter(section, slots, maxOctets ?? MAX_LOG_VALUE_OCTETS);
  return { isText: true, has: () => field.has(), write: (_call, _startMs, line) => field.write(line) };
}

function createStatusWriter(form: GrpcStatusForm, { texts }: LineParts): ValueWriter {
  switch (form) {
    case 'NUMBER':
      return number(({ grpcStatus }) => grpcStatus);
    case 'CAMEL_STRING':
      return statusText(texts, (code) => CAMEL_STATUS[code] ?? String(code));
    case 'SNAKE_STRING':
      return statusText(texts, (code) => (code < CAMEL_STATUS.length ? formatGrpcStatus(code) : String(code)));
  }
}

function statusText(texts: TextCache, format: (code: number) => string): ValueWriter {
  return {
    isText: true,
    has: ({ grpcStatus }) => grpcStatus >= 0,
    write: ({ grpcStatus }, _startMs, line) => line.raw(texts.octetsOf(format(grpcStatus))),
  };
}

/** A whole number; there is none while it is negative. Fractions of milliseconds are cut off, as Envoy does. */
function number(read: (call: CallView) => number): ValueWriter {
  return {
    isText: false,
    has: (call) => read(call) >= 0,
    write: (call, _startMs, line) => line.number(Math.floor(read(call))),
  };
}

/** A text that comes again and again; null or empty for none. */
function text(read: (call: CallView) => string | null): (parts: LineParts) => ValueWriter {
  return ({ texts }) => ({
    isText: true,
    has: (call) => (read(call) ?? '') !== '',
    write: (call, _startMs, line) => line.raw(texts.octetsOf(read(call) ?? '')),
  });
}

function address({ texts }: LineParts): ValueWriter {
  return {
    isText: true,
    has: ({ remoteAddress }) => remoteAddress !== '',
    write: ({ remoteAddress, remotePort }, _startMs, line) => {
      const isBracketed = remoteAddress.includes(':');
      if (isBracketed) {
        line.raw(OPENING);
      }
      line.raw(texts.octetsOf(remoteAddress));
      line.raw(isBracketed ? CLOSING : COLON);
      line.number(remotePort);
    },
  };
}

const addressAlone = text(({ remoteAddress }) => remoteAddress);
const count =
  (read: (call: CallView) => number): (() => ValueWriter) =>
  () =>
    number(read);

const PLAIN: Readonly<Record<PlainOperator, (parts: LineParts) => ValueWriter>> = {
  BYTES_RECEIVED: count(({ requestOctets }) => requestOctets),
  BYTES_SENT: count(({ responseOctets }) => responseOctets),
  DOWNSTREAM_DIRECT_REMOTE_ADDRESS: address,
  DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT: addressAlone,
  DOWNSTREAM_REMOTE_ADDRESS: address,
  DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT: addressAlone,
  DURATION: count(({ durationMs }) => durationMs),
  GRPC_STATUS_NUMBER: count(({ grpcStatus }) => grpcStatus),
  PROTOCOL: text(({ protocol }) => protocol),
  RESPONSE_CODE: count(({ httpStatus }) => httpStatus),
  RESPONSE_CODE_DETAILS: text(({ localReason, firstByteMs }) => localReason ?? (firstByteMs < 0 ? null : 'via_upstream')),
  RESPONSE_DURATION: count(({ firstByteMs }) => firstByteMs),
  RESPONSE_FLAGS: text(responseFlagOf),
  ROUTE_NAME: text(({ route }) => route),
  UPSTREAM_CLUSTER: text(({ cluster }) => cluster),
  UPSTREAM_HOST: text(({ endpoint }) => endpoint?.key ?? null),
  UPSTREAM_REQUEST_ATTEMPT_COUNT: count(({ endpoint, retries }) => (endpoint === null ? 0 : retries + 1)),
};
