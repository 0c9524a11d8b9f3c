/** Values of these fields fit 31 bits; longer ones are malformed here. */
const MAX_DIGITS = 9;

const DIGITS = /^[0-9]+$/;

/**
 * What a server says with `grpc-retry-pushback-ms` (gRPC A6, "Pushback"): how long to wait with another attempt. Milliseconds; null, which a
 * negative or malformed value means, forbids it.
 */
export function parseRetryPushback(text: string): number | null {
  return parseWhole(text);
}

/** The number of `grpc-previous-rpc-attempts` (gRPC A6, "Exposed Retry Metadata"); 0 for what is none. */
export function parsePreviousAttempts(text: string): number {
  return parseWhole(text) ?? 0;
}

function parseWhole(text: string): number | null {
  return text.length <= MAX_DIGITS && DIGITS.test(text) ? Number(text) : null;
}
