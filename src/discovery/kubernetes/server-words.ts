/** Characters of a server's own words that are kept. */
const MAX_WORDS = 200;

/** What a Kubernetes Status object says, in one short line; empty if it says nothing. */
export function serverWords(status: unknown): string {
  const message: unknown = typeof status === 'object' && status !== null && 'message' in status ? status.message : undefined;
  return typeof message === 'string' ? message.replaceAll(/\p{C}+/gu, ' ').slice(0, MAX_WORDS) : '';
}
