/** Longer timeouts count as this long: 2^31-1 milliseconds, 24 days. */
export const MAX_TIMEOUT_MS = 0x7fff_ffff;

/** gRPC over HTTP/2, "Timeout": at most so many digits. */
const MAX_DIGITS = 8;

const DIGIT_0 = 0x30;
const DIGIT_9 = 0x39;

/**
 * The length of a `grpc-timeout` in whole milliseconds, rounded up and at most MAX_TIMEOUT_MS; null for a malformed one. Its characters are
 * the first `length` octets. Makes no garbage.
 */
export function parseGrpcTimeout(octets: Uint8Array, length: number): number | null {
  const last = length - 1;
  if (last < 1 || last > MAX_DIGITS) {
    return null;
  }
  let value = 0;
  for (let index = 0; index < last; index++) {
    const code = octets[index] ?? 0;
    if (code < DIGIT_0 || code > DIGIT_9) {
      return null;
    }
    value = value * 10 + code - DIGIT_0;
  }
  const unit = unitMs(octets[last] ?? 0);
  return unit === null ? null : Math.min(MAX_TIMEOUT_MS, Math.ceil(value * unit));
}

function unitMs(code: number): number | null {
  switch (code) {
    case 0x48: // H
      return 3_600_000;
    case 0x4d: // M
      return 60_000;
    case 0x53: // S
      return 1000;
    case 0x6d: // m
      return 1;
    case 0x75: // u
      return 0.001;
    case 0x6e: // n
      return 0.000_001;
    default:
      return null;
  }
}
