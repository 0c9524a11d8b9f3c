import type { IncomingMessage } from 'node:http';

/** What a request on a health URL may send before it is cut off: nothing has a use for it, so this is patience alone. */
export const MAX_IGNORED_BODY_BYTES = 65_536;

/**
 * Reads a request's body away, so that a connection which is kept can take its next request, and cuts the sender off when
 * it goes on for too long, by the end of its connection. How long it may take is the listener's request timeout. Requests of HTTP/2
 * come without their body, which the listener reads away.
 */
export function ignoreBody(request: IncomingMessage): void {
  if (!hasBody(request)) {
    return;
  }
  let received = 0;
  request.on('data', (chunk: Buffer) => {
    received += chunk.byteLength;
    if (received > MAX_IGNORED_BODY_BYTES) {
      request.destroy();
    }
  });
}

function hasBody({ headers }: IncomingMessage): boolean {
  const { 'transfer-encoding': coding, 'content-length': length } = headers;
  return coding !== undefined || (length !== undefined && length !== '0');
}
