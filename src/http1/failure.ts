import { LocalReason } from '../proxy/local-reason.ts';
import { undici } from '../util/late-modules.ts';
import { errorCode } from '../util/socket-reasons.ts';

/** What undici says, by its code: the rest are sockets that were lost. */
const REASONS: ReadonlyMap<string, LocalReason> = new Map<string, LocalReason>([
  ['UND_ERR_HEADERS_OVERFLOW', LocalReason.UPSTREAM_HEADERS_TOO_LARGE],
  ['UND_ERR_HEADERS_TIMEOUT', LocalReason.ROUTE_TIMEOUT],
  ['UND_ERR_BODY_TIMEOUT', LocalReason.ROUTE_TIMEOUT],
  ['UND_ERR_RES_CONTENT_LENGTH_MISMATCH', LocalReason.UPSTREAM_PROTOCOL],
  ['UND_ERR_REQ_CONTENT_LENGTH_MISMATCH', LocalReason.BAD_REQUEST],
  ['UND_ERR_INVALID_ARG', LocalReason.BAD_REQUEST],
  ['UND_ERR_NOT_SUPPORTED', LocalReason.BAD_REQUEST],
]);

/** What is thrown by code of this process, not by a socket. */
const DEFECT = /^(?:$|ERR_ASSERTION$|ERR_HTTP_|ERR_INVALID_|ERR_OUT_OF_RANGE$)/;

/** Why an exchange failed that had begun; INTERNAL for an error that no peer can be the cause of. */
export function reasonOfFailure(error: Error): LocalReason {
  const code = errorCode(error);
  const reason = REASONS.get(code);
  if (reason !== undefined) {
    return reason;
  }
  // undici's words for octets without a request, an unwanted 100 and an unwanted 101.
  if (error instanceof undici().errors.HTTPParserError || (code === 'UND_ERR_SOCKET' && error.message.startsWith('bad '))) {
    return LocalReason.UPSTREAM_PROTOCOL;
  }
  return DEFECT.test(code) ? LocalReason.INTERNAL : LocalReason.CONNECTION_LOST;
}
