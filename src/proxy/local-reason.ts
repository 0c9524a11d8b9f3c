import { GrpcStatus } from '../grpc/status.ts';
import { NoConnectionReason } from '../upstream/stream-handler.ts';

/** Why an answer was made here: the value of `x-health-bridge-error`, and of the label of a metric. */
export const LocalReason = {
  NO_ROUTE: 'no_route',
  CLIENT_CERTIFICATE_REQUIRED: 'client_certificate_required',
  CLIENT_CERTIFICATE_INVALID: 'client_certificate_invalid',
  CLIENT_NOT_ALLOWED: 'client_not_allowed',
  NO_UPSTREAM: 'no_upstream',
  CONNECT_FAILED: 'connect_failed',
  CONNECT_TIMEOUT: 'connect_timeout',
  TLS_FAILED: 'tls_failed',
  OVERFLOW: 'overflow',
  QUEUE_TIMEOUT: 'queue_timeout',
  REFUSED: 'refused',
  CONNECTION_LOST: 'connection_lost',
  UPSTREAM_PROTOCOL: 'upstream_protocol',
  UPSTREAM_HEADERS_TOO_LARGE: 'upstream_headers_too_large',
  HEADERS_TOO_LARGE: 'headers_too_large',
  DEADLINE: 'deadline',
  ROUTE_TIMEOUT: 'route_timeout',
  TRY_TIMEOUT: 'try_timeout',
  REQUEST_TIMEOUT: 'request_timeout',
  WRONG_PROTOCOL: 'wrong_protocol',
  NOT_IMPLEMENTED: 'not_implemented',
  BAD_REQUEST: 'bad_request',
  INTERNAL: 'internal',
  DRAINING: 'draining',
} as const;
export type LocalReason = (typeof LocalReason)[keyof typeof LocalReason];

/** An answer that is made here, in its two forms. */
export interface LocalAnswer {
  readonly grpcStatus: number;
  readonly httpStatus: number;
  /** For people; it names no address. */
  readonly message: string;
}

const { DEADLINE_EXCEEDED, INTERNAL, PERMISSION_DENIED, RESOURCE_EXHAUSTED, UNAUTHENTICATED, UNAVAILABLE, UNIMPLEMENTED } =
  GrpcStatus;

/** 503: nothing was sent to an endpoint. 502: an endpoint failed on it. */
export const LOCAL_ANSWERS: Readonly<Record<LocalReason, LocalAnswer>> = Object.freeze({
  no_route: { grpcStatus: UNIMPLEMENTED, httpStatus: 404, message: 'unknown method' },
  // RFC 9110, section 15.5.2: 401 would have to name a way to authenticate in HTTP, and there is none.
  client_certificate_required: { grpcStatus: UNAUTHENTICATED, httpStatus: 403, message: 'a client certificate is required' },
  client_certificate_invalid: {
    grpcStatus: UNAUTHENTICATED,
    httpStatus: 403,
    message: 'the client certificate cannot be verified',
  },
  client_not_allowed: {
    grpcStatus: PERMISSION_DENIED,
    httpStatus: 403,
    message: 'the client certificate has no name that is allowed',
  },
  no_upstream: { grpcStatus: UNAVAILABLE, httpStatus: 503, message: 'no healthy upstream' },
  connect_failed: { grpcStatus: UNAVAILABLE, httpStatus: 503, message: 'no upstream can be connected to' },
  connect_timeout: { grpcStatus: UNAVAILABLE, httpStatus: 503, message: 'connecting to the upstream took too long' },
  tls_failed: { grpcStatus: UNAVAILABLE, httpStatus: 503, message: 'TLS handshake with the upstream failed' },
  overflow: { grpcStatus: UNAVAILABLE, httpStatus: 503, message: 'too many calls to the upstream' },
  queue_timeout: { grpcStatus: UNAVAILABLE, httpStatus: 503, message: 'no upstream became free in time' },
  refused: { grpcStatus: UNAVAILABLE, httpStatus: 503, message: 'the upstream refused the call' },
  connection_lost: { grpcStatus: UNAVAILABLE, httpStatus: 502, message: 'the upstream connection was lost' },
  upstream_protocol: { grpcStatus: UNAVAILABLE, httpStatus: 502, message: 'the upstream broke the protocol' },
  upstream_headers_too_large: {
    grpcStatus: RESOURCE_EXHAUSTED,
    httpStatus: 502,
    message: 'the header section of the response is too large',
  },
  headers_too_large: { grpcStatus: RESOURCE_EXHAUSTED, httpStatus: 431, message: 'the header section is too large' },
  deadline: { grpcStatus: DEADLINE_EXCEEDED, httpStatus: 504, message: 'deadline exceeded' },
  route_timeout: { grpcStatus: DEADLINE_EXCEEDED, httpStatus: 504, message: 'upstream request timeout' },
  try_timeout: { grpcStatus: DEADLINE_EXCEEDED, httpStatus: 504, message: 'upstream attempt timeout' },
  request_timeout: { grpcStatus: DEADLINE_EXCEEDED, httpStatus: 408, message: 'the request took too long' },
  wrong_protocol: { grpcStatus: UNAVAILABLE, httpStatus: 502, message: 'the upstream speaks HTTP/2 only' },
  not_implemented: { grpcStatus: UNIMPLEMENTED, httpStatus: 501, message: 'CONNECT is not implemented' },
  bad_request: { grpcStatus: INTERNAL, httpStatus: 400, message: 'bad request' },
  internal: { grpcStatus: INTERNAL, httpStatus: 500, message: 'internal error' },
  draining: { grpcStatus: UNAVAILABLE, httpStatus: 503, message: 'the proxy is shutting down' },
});

/** Why a call was not repeated although its status allowed it; Envoy: `upstream_rq_retry_limit_exceeded`, `upstream_rq_retry_overflow`. */
export const RetryDenial = {
  /** It had its attempts. */
  LIMIT: 'limit',
  /** Too many calls of the cluster are being repeated already. */
  OVERFLOW: 'overflow',
} as const;
export type RetryDenial = (typeof RetryDenial)[keyof typeof RetryDenial];

/** What a call is told that got no connection. */
export function reasonOfNoConnection(reason: NoConnectionReason): LocalReason {
  switch (reason) {
    case NoConnectionReason.NO_ENDPOINTS:
    case NoConnectionReason.NO_HEALTHY_ENDPOINTS:
      return LocalReason.NO_UPSTREAM;
    case NoConnectionReason.CONNECT_FAILED:
      return LocalReason.CONNECT_FAILED;
    case NoConnectionReason.CONNECT_TIMEOUT:
      return LocalReason.CONNECT_TIMEOUT;
    case NoConnectionReason.TLS_FAILED:
      return LocalReason.TLS_FAILED;
    case NoConnectionReason.QUEUE_FULL:
    case NoConnectionReason.TOO_MANY_REQUESTS:
      return LocalReason.OVERFLOW;
    case NoConnectionReason.QUEUE_TIMEOUT:
      return LocalReason.QUEUE_TIMEOUT;
    case NoConnectionReason.CLOSED:
      return LocalReason.DRAINING;
  }
}
