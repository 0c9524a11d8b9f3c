/** Longer messages are cut. Octets before encoding. */
const MAX_MESSAGE_OCTETS = 200;

const PERCENT = 0x25;
const DIGIT_0 = 0x30;

/** No code has more. */
const MAX_STATUS_DIGITS = 2;

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
  let code = 0;
  for (let index = 0; index < text.length; index++) {
    const digit = text.charCodeAt(index) - DIGIT_0;
    if (digit < 0 || digit > 9) {
      return null;
    }
    code = code * 10 + digit;
  }
  return text.length > 0 && text.length <= MAX_STATUS_DIGITS ? code : null;
}
