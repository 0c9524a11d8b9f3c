import { formatGrpcStatus, GrpcStatus } from '../grpc/status.ts';
import { describeSocketError, describeTlsError } from '../util/socket-reasons.ts';
import { MAX_MESSAGE_BYTES } from './grpc-channel.ts';
import type { ConnectionFacts } from './grpc-connection.ts';
import type { Outcome, OutcomeWord } from './outcome.ts';

/** The longest reason that is kept: part of it may be what a server wrote. Characters. */
export const MAX_REASON_LENGTH = 300;

/** How a call ended. */
export interface CallEnd {
  /** The gRPC status: the server's, or one made by the client library. */
  readonly code: number;
  readonly details: string;
  /** The `content-type` of the answer; empty if it had none, or if there was no answer. */
  readonly contentType: string;
}

/** What grpc-js says for an answer without a gRPC status; a server that says the same by itself gains nothing. */
const HTTP_STATUS = /^Received HTTP status code (\d+)/;
/** What grpc-js says when a message exceeds its limit. */
const TOO_LARGE = 'Received message larger than max';
/** A TCP connection that failed: grpc-js keeps Node's message and nothing else. */
const CONNECT_ERROR = /\b(?:connect|getaddrinfo) (E[A-Z_]+)\b/;
/** Attempts at several addresses, of which Node's message says nothing more. */
const CONNECT_ERRORS = /\bLast error: AggregateError\b/;

/** Explains a call that ended with any status but OK, or with OK and no usable message. */
export function explainCallEnd(end: CallEnd, facts: ConnectionFacts): Outcome {
  if (facts.stage !== 'ready') {
    return explainNoConnection(end, facts);
  }
  // gRPC over HTTP/2, "Responses": the content type of an answer begins with application/grpc.
  if (end.contentType !== '' && !end.contentType.startsWith('application/grpc')) {
    return connected('protocol_error', `the answer is ${end.contentType}, not gRPC: the port may serve plain HTTP`);
  }
  const httpStatus = HTTP_STATUS.exec(end.details)?.[1];
  if (httpStatus !== undefined) {
    return connected('protocol_error', `the server answered HTTP status ${httpStatus} without a gRPC status: not a gRPC server`);
  }
  return explainStatus(end, facts);
}

/** Explains a check whose time was over, for a connection that is still as it was then. */
export function explainTimeout(facts: ConnectionFacts, timeoutMs: number): Outcome {
  return facts.stage === 'ready'
    ? connected('timeout', `deadline exceeded: connected, but no answer within ${formatMs(timeoutMs)}`)
    : explainSilence(facts, timeoutMs);
}

/** An outcome about which the check knows no more than its words. */
export function outcomeOf(word: OutcomeWord, reason: string, reached: Outcome['reached']): Outcome {
  return { word, reason: clean(reason), reached };
}

function explainStatus({ code, details }: CallEnd, facts: ConnectionFacts): Outcome {
  switch (code) {
    case GrpcStatus.OK:
      return connected('protocol_error', 'the server ended the call without a message');
    case GrpcStatus.UNIMPLEMENTED:
      return outcomeOf('unimplemented', 'UNIMPLEMENTED: the server has no grpc.health.v1.Health', 'answered');
    case GrpcStatus.NOT_FOUND:
      return outcomeOf('service_unknown', 'NOT_FOUND: unknown service', 'answered');
    default:
  }
  if (details.startsWith(TOO_LARGE)) {
    return connected('protocol_error', `the server sent a message of more than ${MAX_MESSAGE_BYTES} octets`);
  }
  if (facts.lost) {
    return connected('connection_lost', `connection lost before the answer${cause(facts.error)}`);
  }
  return connected('status_error', withDetails(formatGrpcStatus(code), details));
}

function explainNoConnection({ details }: CallEnd, facts: ConnectionFacts): Outcome {
  if (facts.connectTimeoutMs !== null) {
    return explainSilence(facts, facts.connectTimeoutMs);
  }
  switch (facts.stage) {
    case 'tcp':
      return outcomeOf('connect_failed', explainConnectError(details), 'none');
    case 'tls':
      return outcomeOf('tls_failed', describeTlsError(facts.error, facts.clientCertificate), 'none');
    case 'http2':
    case 'ready':
      return explainNoHttp2(facts);
  }
}

function explainConnectError(details: string): string {
  return CONNECT_ERRORS.test(details)
    ? 'no connection, neither over IPv6 nor over IPv4'
    : describeSocketError(CONNECT_ERROR.exec(details)?.[1] ?? '', details);
}

/** The connection stood, and ended before the server's SETTINGS, which RFC 9113, section 3.4 wants first. */
function explainNoHttp2(facts: ConnectionFacts): Outcome {
  if (facts.secure && (facts.error !== null || facts.bytesRead === 0)) {
    // In TLS 1.3 a server judges the client's certificate after the client's handshake is done.
    return outcomeOf('tls_failed', describeTlsError(facts.error, facts.clientCertificate), 'none');
  }
  if (facts.bytesRead > 0) {
    const instead = facts.secure ? 'HTTP/1.1 alone' : 'HTTP/1.1 alone, or may expect TLS';
    return outcomeOf('protocol_error', `the server does not speak HTTP/2 here: it may speak ${instead}`, 'none');
  }
  return outcomeOf('connect_failed', `the server closed the connection at once${cause(facts.error)}: it may expect TLS`, 'none');
}

function explainSilence(facts: ConnectionFacts, timeoutMs: number): Outcome {
  switch (facts.stage) {
    case 'tcp':
      return outcomeOf('connect_failed', `no connection within ${formatMs(timeoutMs)}`, 'none');
    case 'tls':
      return outcomeOf('tls_failed', `TLS handshake failed: no answer to it within ${formatMs(timeoutMs)}`, 'none');
    case 'http2':
    case 'ready':
      return outcomeOf('connect_failed', `connected, but no HTTP/2 SETTINGS within ${formatMs(timeoutMs)}`, 'none');
  }
}

function connected(word: OutcomeWord, reason: string): Outcome {
  return outcomeOf(word, reason, 'connected');
}

function cause(error: Error | null): string {
  const code = error !== null && 'code' in error ? String(error.code) : '';
  return code === 'ECONNRESET' ? ' (connection reset)' : '';
}

function withDetails(words: string, details: string): string {
  return details === '' ? words : `${words}: ${details}`;
}

/** Servers write part of it: one line of printable text, whatever they wrote. */
function clean(reason: string): string {
  const line = reason.replaceAll(/[\p{C}\p{Zl}\p{Zp}]+/gu, ' ').trim();
  return line.length <= MAX_REASON_LENGTH ? line : `${line.slice(0, MAX_REASON_LENGTH - 1)}…`;
}

/** Such as `250 ms` or `1.5 s`. */
export function formatMs(ms: number): string {
  return ms < 1_000 ? `${Math.round(ms)} ms` : `${Math.round(ms / 100) / 10} s`;
}
