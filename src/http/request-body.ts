import type { IncomingMessage } from 'node:http';
import { constants, type Http2ServerRequest } from 'node:http2';

/** What a request on a health URL may send before it is cut off: nothing has a use for it, so this is patience alone. */
export const MAX_IGNORED_BODY_BYTES = 65_536;

/**
 * Reads a request's body away, so that a connection which is kept can take its next request, and cuts the sender off when
 * it goes on for too long: RST_STREAM with NO_ERROR (RFC 9113, section 8.1), or the end of an HTTP/1.x connection. How
 * long it may take is the listener's request timeout.
 */
export function ignoreBody(request: IncomingMessage | Http2ServerRequest): void {
  if (!hasBody(request)) {
    return;
  }
  let received = 0;
  request.on('data', (chunk: Buffer) => {
    received += chunk.byteLength;
    if (received > MAX_IGNORED_BODY_BYTES) {
      cutOff(request);
    }
  });
}

function hasBody(request: IncomingMessage | Http2ServerRequest): boolean {
  if ('stream' in request) {
    return !request.stream.endAfterHeaders;
  }
  const { 'transfer-encoding': coding, 'content-length': length } = request.headers;
  return coding !== undefined || (length !== undefined && length !== '0');
}

function cutOff(request: IncomingMessage | Http2ServerRequest): void {
  if ('stream' in request) {
    request.stream.close(constants.NGHTTP2_NO_ERROR);
  } else {
    request.destroy();
  }
}
