/** Longer messages are cut. Octets before encoding. */
const MAX_MESSAGE_OCTETS = 200;

const PERCENT = 0x25;

/**
 * A `grpc-message` (gRPC over HTTP/2, "Status-Message"): UTF-8 with everything but printable ASCII, and the percent sign itself, as `%XX`.
 */
export function encodeGrpcMessage(text: string): string {
  let encoded = '';
  for (const octet of Buffer.from(text).subarray(0, MAX_MESSAGE_OCTETS)) {
    const isPlain = octet >= 0x20 && octet <= 0x7e && octet !== PERCENT;
    encoded += isPlain ? String.fromCharCode(octet) : `%${octet.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return encoded;
}

/** The number of a `grpc-status`, or null for what is none. */
export function parseGrpcStatus(text: string): number | null {
  const code = text.length === 1 || text.length === 2 ? Number(text) : Number.NaN;
  return Number.isInteger(code) && code >= 0 && !text.includes(' ') ? code : null;
}
