/** The content type of gRPC over HTTP/2. */
export const GRPC_CONTENT_TYPE = 'application/grpc';

const PLUS = 0x2b;
const SEMICOLON = 0x3b;

/** Whether a `content-type` is that of gRPC: with a subtype behind `+` or parameters behind `;`, but not gRPC-Web, which is another protocol. */
export function isGrpcContentType(value: string): boolean {
  if (!value.startsWith(GRPC_CONTENT_TYPE)) {
    return false;
  }
  const next = value.charCodeAt(GRPC_CONTENT_TYPE.length);
  return value.length === GRPC_CONTENT_TYPE.length || next === PLUS || next === SEMICOLON;
}
