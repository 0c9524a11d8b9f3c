import { parseTimeFormat, type TimePart } from './time-format.ts';

/** Operators of Envoy's access log that take nothing. */
const PLAIN_OPERATORS = [
  'BYTES_RECEIVED',
  'BYTES_SENT',
  'DOWNSTREAM_DIRECT_REMOTE_ADDRESS',
  'DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT',
  'DOWNSTREAM_REMOTE_ADDRESS',
  'DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT',
  'DURATION',
  'GRPC_STATUS_NUMBER',
  'PROTOCOL',
  'RESPONSE_CODE',
  'RESPONSE_CODE_DETAILS',
  'RESPONSE_DURATION',
  'RESPONSE_FLAGS',
  'ROUTE_NAME',
  'UPSTREAM_CLUSTER',
  'UPSTREAM_HOST',
  'UPSTREAM_REQUEST_ATTEMPT_COUNT',
] as const;
/** One of them. */
export type PlainOperator = (typeof PLAIN_OPERATORS)[number];

const FIELD_OPERATORS = ['REQ', 'RESP', 'TRAILER'] as const;
/** Whose fields an operator shows: the request's, the response's, or those of its trailers. */
export type FieldOperator = (typeof FIELD_OPERATORS)[number];

const GRPC_FORMS = ['CAMEL_STRING', 'SNAKE_STRING', 'NUMBER'] as const;
/** How `%GRPC_STATUS%` shows a status: `InvalidArgument`, `INVALID_ARGUMENT` or `3`. */
export type GrpcStatusForm = (typeof GRPC_FORMS)[number];

/** One part of a line: text as it stands, or an operator. */
export type LogSegment =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'plain'; readonly operator: PlainOperator }
  | { readonly kind: 'grpcStatus'; readonly form: GrpcStatusForm }
  /** `parts` null: ISO 8601 with milliseconds. */
  | { readonly kind: 'startTime'; readonly parts: readonly TimePart[] | null }
  | {
      readonly kind: 'field';
      readonly operator: FieldOperator;
      /** In small letters; the first that the message has is shown. One or two. */
      readonly names: readonly string[];
      /** The most octets that are shown; null for no limit of its own. */
      readonly maxOctets: number | null;
    };

/** A format of lines, or what is wrong with it, as completes "accessLog.format". */
export type LogFormatResult =
  | { readonly kind: 'format'; readonly segments: readonly LogSegment[] }
  | { readonly kind: 'invalid'; readonly message: string };

/** Characters of a format. */
export const MAX_LOG_FORMAT_LENGTH = 8192;
/** Operators of a format: each costs time with every call. */
export const MAX_LOG_OPERATORS = 64;
/** The longest value that `:n` may ask for. Octets. */
export const MAX_LOG_VALUE_OCTETS = 4096;

/** Envoy's format where none is given (its documentation, "Access logging", "Default format string"). */
export const ENVOY_LOG_FORMAT =
  '[%START_TIME%] "%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%" %RESPONSE_CODE% %RESPONSE_FLAGS% %BYTES_RECEIVED% %BYTES_SENT% %DURATION% %RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)% "%REQ(X-FORWARDED-FOR)%" "%REQ(USER-AGENT)%" "%REQ(X-REQUEST-ID)%" "%REQ(:AUTHORITY)%" "%UPSTREAM_HOST%"\n';

/** As Envoy cuts commands out of a format: the argument ends at the first parenthesis that an end of the command follows. */
const COMMAND = /%([A-Z0-9_]+)(?:\((.*?)\))?(?::(\d+))?%/sy;
const FIELD_NAME = /^:?[!#$%&'*+.^_`|~0-9a-z-]{1,256}$/;

interface Command {
  readonly name: string;
  readonly argument: string | null;
  readonly limit: string | null;
}

/** Parses a format in the words of Envoy's access log. What is not known is refused, with its place. */
export function parseLogFormat(text: string): LogFormatResult {
  const segments: LogSegment[] = [];
  let literal = '';
  let at = 0;
  while (at < text.length) {
    const percent = text.indexOf('%', at);
    literal += text.slice(at, percent < 0 ? text.length : percent);
    if (percent < 0) {
      break;
    }
    if (text[percent + 1] === '%') {
      literal += '%';
      at = percent + 2;
      continue;
    }
    COMMAND.lastIndex = percent;
    const [all = '', name = '', argument = null, limit = null] = COMMAND.exec(text) ?? [];
    if (all === '') {
      return invalid(`must have a whole %OPERATOR% at character ${percent + 1}, or %% for a percent sign`);
    }
    const parsed = parseCommand({ name, argument, limit });
    if (typeof parsed === 'string') {
      return invalid(`${parsed}, at character ${percent + 1}`);
    }
    segments.push({ kind: 'text', text: literal }, parsed);
    literal = '';
    at = percent + all.length;
  }
  segments.push({ kind: 'text', text: literal });
  return judgeSize(segments.filter((segment) => segment.kind !== 'text' || segment.text !== ''));
}

function judgeSize(segments: readonly LogSegment[]): LogFormatResult {
  const operators = segments.filter(({ kind }) => kind !== 'text').length;
  if (operators > MAX_LOG_OPERATORS) {
    return invalid(`must have at most ${MAX_LOG_OPERATORS} operators, not ${operators}`);
  }
  return operators === 0 ? invalid('must have an operator, such as %REQ(:PATH)%') : { kind: 'format', segments };
}

function invalid(message: string): LogFormatResult {
  return { kind: 'invalid', message };
}

/** The segment, or what is wrong with the command. */
function parseCommand(command: Command): LogSegment | string {
  const { name, argument, limit } = command;
  const fieldOperator = FIELD_OPERATORS.find((each) => each === name);
  if (fieldOperator !== undefined) {
    return parseField(fieldOperator, command);
  }
  if (limit !== null) {
    return `must not have a length behind %${name}%: only ${FIELD_OPERATORS.join(', ')} take one`;
  }
  const text = argument === '' ? null : argument;
  switch (name) {
    case 'START_TIME':
      return parseStartTime(text);
    case 'GRPC_STATUS':
      return parseGrpcStatus(text ?? 'CAMEL_STRING');
    default:
      return parsePlain(name, argument);
  }
}

function parseStartTime(format: string | null): LogSegment | string {
  const result = format === null ? null : parseTimeFormat(format);
  return result?.kind === 'invalid' ? result.message : { kind: 'startTime', parts: result?.parts ?? null };
}

function parseGrpcStatus(wanted: string): LogSegment | string {
  const form = GRPC_FORMS.find((each) => each === wanted);
  return form === undefined
    ? `must have one of ${GRPC_FORMS.join(', ')} in %GRPC_STATUS()%, not ${wanted}`
    : { kind: 'grpcStatus', form };
}

function parsePlain(name: string, argument: string | null): LogSegment | string {
  const operator = PLAIN_OPERATORS.find((each) => each === name);
  if (operator === undefined) {
    return `must not have the operator %${name}%, which is not known here`;
  }
  return argument === null ? { kind: 'plain', operator } : `must not have parentheses in %${name}%`;
}

function parseField(operator: FieldOperator, { argument, limit }: Command): LogSegment | string {
  const names = (argument ?? '').split('?').map((name) => name.toLowerCase());
  if (names.length > 2 || !names.every((name) => FIELD_NAME.test(name))) {
    return `must have one or two names of fields in %${operator}()%, as in %${operator}(FIRST?SECOND)%`;
  }
  const maxOctets = limit === null ? null : Number(limit);
  if (maxOctets !== null && (maxOctets < 1 || maxOctets > MAX_LOG_VALUE_OCTETS)) {
    return `must have a length from 1 to ${MAX_LOG_VALUE_OCTETS} behind %${operator}()%, not ${limit}`;
  }
  return { kind: 'field', operator, names, maxOctets };
}
