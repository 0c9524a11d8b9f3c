import { httpStatusOfGrpc } from '../grpc/http-status.ts';
import { parseGrpcStatus } from '../grpc/trailers.ts';
import { type FieldList, NameId } from '../http2/index.ts';
import { LocalReason } from './local-reason.ts';

/** What an attempt counts as that ended early, or got no connection: Envoy's `LocalOriginConnectFailed`. */
export const RESET_RESULT = 503;

/** What an attempt counts as that was not answered within the route's timeout: Envoy's `LocalOriginTimeout`. */
export const TIMEOUT_RESULT = 504;

/**
 * The HTTP status that a response counts as for outlier detection, by its header section alone. As with Envoy a gRPC status counts where it
 * stands there, in a response without content; one in trailers behind content does not.
 */
export function resultOfResponse(fields: FieldList, isGrpc: boolean): number {
  const grpcStatus = isGrpc ? (fields.get(NameId.GRPC_STATUS)?.valueText() ?? '') : '';
  return grpcStatus === '' ? (fields.get(NameId.STATUS)?.status ?? 0) : httpStatusOfGrpc(parseGrpcStatus(grpcStatus) ?? -1);
}

/** Why a local answer was made that is the endpoint's fault, or that of the way to it. */
const ENDPOINT_FAULTS: ReadonlySet<LocalReason> = new Set([
  LocalReason.CONNECT_TIMEOUT,
  LocalReason.CONNECTION_LOST,
  LocalReason.UPSTREAM_PROTOCOL,
  LocalReason.UPSTREAM_HEADERS_TOO_LARGE,
]);

/** What an attempt counts as that a local answer ends, or 0 where that says nothing of the endpoint. `hasHeaders`: the response had begun. */
export function resultOfLocalReason(reason: LocalReason, hasHeaders: boolean): number {
  if (reason === LocalReason.ROUTE_TIMEOUT) {
    return hasHeaders ? 0 : TIMEOUT_RESULT;
  }
  return ENDPOINT_FAULTS.has(reason) ? RESET_RESULT : 0;
}
