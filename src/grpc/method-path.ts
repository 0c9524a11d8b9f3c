/** A gRPC method, as its path names it. */
export interface GrpcMethod {
  /** With its package, such as `grpc.health.v1.Health`. */
  readonly service: string;
  readonly method: string;
}

/**
 * Reads `/Service/Method` (gRPC over HTTP/2, "Path"). Nothing is decoded or normalised: what is routed and shown is what is forwarded. The
 * service is all up to the last slash, as some servers have slashes in it. Null for any other path.
 */
export function parseMethodPath(path: string): GrpcMethod | null {
  const slash = path.lastIndexOf('/');
  if (!path.startsWith('/') || slash < 2 || slash === path.length - 1) {
    return null;
  }
  return { service: path.slice(1, slash), method: path.slice(slash + 1) };
}
