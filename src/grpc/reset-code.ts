import { GrpcStatus } from './status.ts';

/** What a gRPC client makes of an RST_STREAM with that HTTP/2 code (gRPC over HTTP/2, "Errors"). */
export function grpcStatusOfReset(code: number): number {
  switch (code) {
    case 0x7: // REFUSED_STREAM
      return GrpcStatus.UNAVAILABLE;
    case 0x8: // CANCEL
      return GrpcStatus.CANCELLED;
    case 0xb: // ENHANCE_YOUR_CALM
      return GrpcStatus.RESOURCE_EXHAUSTED;
    case 0xc: // INADEQUATE_SECURITY
      return GrpcStatus.PERMISSION_DENIED;
    default:
      return code <= 0xa ? GrpcStatus.INTERNAL : GrpcStatus.UNKNOWN;
  }
}
