/**
 * Whether sockets to endpoints read into one buffer per thread instead of a new one per read: measured, it saves about one microsecond per
 * small read and a quarter of the cost of a large one, although all content is copied then. This is the only place to choose.
 */
const CHOICE: { readonly isShared: boolean } = { isShared: true };

/** Whether what an endpoint sends lies in a buffer that is written again (ConnectionOptions.isInputReused). */
export const IS_READ_BUFFER_SHARED: boolean = CHOICE.isShared;

/** ConnectionOptions.linkOctets of connections that upstream content is relayed to: it must be copied if its buffer is written again. */
export const RELAYED_LINK_OCTETS: number = CHOICE.isShared ? Number.POSITIVE_INFINITY : 4096;

/** What libuv reads at most in one call. */
const READ_OCTETS = 65_536;

let buffer: Buffer | null = null;

/** The thread's buffer. What lies in it is valid until the callback returns that has been told of it. */
export function sharedReadBuffer(): Buffer {
  buffer ??= Buffer.allocUnsafeSlow(READ_OCTETS);
  return buffer;
}
