import { undici } from '../util/late-modules.ts';
import { describeSocketError, describeTlsError, errorCode } from '../util/socket-reasons.ts';
import type { HttpFacts } from './http-connection.ts';
import { MAX_HEADER_BYTES } from './http-connection.ts';
import { type HttpEnd, TooManyInterimsError } from './http-response.ts';
import type { StatusRange } from './options.ts';
import { type Outcome, SERVING } from './outcome.ts';
import { formatMs, outcomeOf } from './reasons.ts';

const HEADERS_OVERFLOW = 'UND_ERR_HEADERS_OVERFLOW';
const LENGTH_MISMATCH = 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH';

/** What a request over HTTP found. */
export function explainHttpEnd(end: HttpEnd, facts: HttpFacts, expected: readonly StatusRange[]): Outcome {
  if (end.kind === 'failed') {
    return facts.timeoutMs === null ? explainFailure(end, facts) : explainSilence(end.status, facts.stage, facts.timeoutMs);
  }
  const { status, isDegraded } = end;
  if (!expected.some(({ from, to }) => from <= status && status <= to)) {
    const remark = status >= 300 && status < 400 ? ' (redirects are not followed)' : '';
    return outcomeOf('not_serving', `HTTP ${status}${remark}`, 'answered');
  }
  return isDegraded ? outcomeOf('degraded', `HTTP ${status} with x-envoy-degraded`, 'answered') : SERVING;
}

type Failed = Extract<HttpEnd, { readonly kind: 'failed' }>;

function explainFailure(end: Failed, facts: HttpFacts): Outcome {
  const error = facts.error ?? end.error;
  switch (facts.stage) {
    case 'tcp':
      return outcomeOf('connect_failed', describeSocketError(errorCode(error), error.message), 'none');
    case 'tls':
      return outcomeOf('tls_failed', explainTls(facts), 'none');
    case 'ready':
      return explainBroken(end, facts);
  }
}

/** There was a connection, and no whole answer. */
function explainBroken({ error, status }: Failed, facts: HttpFacts): Outcome {
  const code = errorCode(error);
  const before = status === null ? '' : `HTTP ${status}, but `;
  if (code === HEADERS_OVERFLOW) {
    return connected('protocol_error', `${before}the answer has more than ${MAX_HEADER_BYTES} octets of headers`);
  }
  if (error instanceof TooManyInterimsError) {
    return connected('protocol_error', `the server sent ${error.message}`);
  }
  if (status !== null && (code === LENGTH_MISMATCH || error instanceof undici().errors.HTTPParserError)) {
    return connected('protocol_error', `HTTP ${status}, but the rest of the answer is malformed`);
  }
  // undici's words for an unwanted 100 and 101 begin with the second.
  if (error instanceof undici().errors.HTTPParserError || (code === 'UND_ERR_SOCKET' && error.message.startsWith('bad '))) {
    const instead = facts.secure ? 'HTTP/2 alone' : 'HTTP/2 alone, or may expect TLS';
    return connected('protocol_error', `the answer is not HTTP/1.1: the server may speak ${instead}`);
  }
  if (status === null && facts.secure && (errorCode(facts.error).startsWith('ERR_SSL') || facts.bytesRead === 0)) {
    // In TLS 1.3 a server judges the client's certificate after the client's handshake is done.
    return outcomeOf('tls_failed', explainTls(facts), 'none');
  }
  return explainLoss(status, facts);
}

function explainLoss(status: number | null, { bytesRead, secure, error }: HttpFacts): Outcome {
  const cause = errorCode(error) === 'ECONNRESET' ? ' (connection reset)' : '';
  if (status !== null) {
    return connected('connection_lost', `HTTP ${status}, but the connection was lost before the end of the answer${cause}`);
  }
  const hint = !secure && bytesRead === 0 ? ': the server may expect TLS, or speak HTTP/2 alone' : '';
  return connected('connection_lost', `connection lost before the answer${cause}${hint}`);
}

function explainTls({ error, clientCertificate }: HttpFacts): string {
  return errorCode(error).includes('NO_APPLICATION_PROTOCOL')
    ? 'TLS handshake failed: the server does not offer HTTP/1.1 (ALPN http/1.1)'
    : describeTlsError(error, clientCertificate);
}

function explainSilence(status: number | null, stage: HttpFacts['stage'], timeoutMs: number): Outcome {
  const time = formatMs(timeoutMs);
  switch (stage) {
    case 'tcp':
      return outcomeOf('connect_failed', `no connection within ${time}`, 'none');
    case 'tls':
      return outcomeOf('tls_failed', `TLS handshake failed: no answer to it within ${time}`, 'none');
    case 'ready':
      return connected(
        'timeout',
        status === null
          ? `deadline exceeded: connected, but no answer within ${time}`
          : `deadline exceeded: HTTP ${status}, but the answer did not end within ${time}`,
      );
  }
}

function connected(word: Outcome['word'], reason: string): Outcome {
  return outcomeOf(word, reason, 'connected');
}
