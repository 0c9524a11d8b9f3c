import { GrpcStatus } from './status.ts';

/** What a gRPC client makes of a response without `grpc-status` (grpc.io, "HTTP to gRPC Status Code Mapping"). */
export function grpcStatusOfHttp(httpStatus: number): number {
  switch (httpStatus) {
    case 400:
    case 431:
      return GrpcStatus.INTERNAL;
    case 401:
      return GrpcStatus.UNAUTHENTICATED;
    case 403:
      return GrpcStatus.PERMISSION_DENIED;
    case 404:
      return GrpcStatus.UNIMPLEMENTED;
    case 429:
    case 502:
    case 503:
    case 504:
      return GrpcStatus.UNAVAILABLE;
    default:
      return GrpcStatus.UNKNOWN;
  }
}

/** By number of the gRPC status. */
const HTTP_STATUSES = [200, 499, 500, 400, 504, 404, 409, 403, 429, 400, 409, 400, 501, 500, 503, 500, 401] as const;

/** The HTTP status that a gRPC status stands for (google/rpc/code.proto; Envoy: `grpcToHttpStatus`); 500 for a number that is none. */
export function httpStatusOfGrpc(grpcStatus: number): number {
  return HTTP_STATUSES[grpcStatus] ?? 500;
}
