import { AbuseKind, type AbuseLimits } from './abuse-limits.ts';

/** Input that an owner may hand in although the connection does not want to read: a few reads that were already under way. */
const MAX_DEFERRED_OCTETS = 1_048_576;

/** Received octets that wait for the next turn of the owner's loop. */
export class DeferredInput {
  readonly #buffers: Buffer[] = [];
  #octets = 0;
  readonly #isCopied: boolean;
  readonly #abuse: AbuseLimits;

  /** `isCopied`: the buffers are written again by the owner. */
  constructor(isCopied: boolean, abuse: AbuseLimits) {
    this.#isCopied = isCopied;
    this.#abuse = abuse;
  }

  get isEmpty(): boolean {
    return this.#buffers.length === 0;
  }

  /** Keeps octets behind those that wait already. */
  push(octets: Buffer): void {
    this.#octets += octets.length;
    if (this.#octets > MAX_DEFERRED_OCTETS) {
      this.#abuse.trip(AbuseKind.QUEUED, 'too_much_deferred_input');
    }
    this.#buffers.push(this.#isCopied ? Buffer.from(octets) : octets);
  }

  /** Puts back, in front, what is left of a buffer; `isOwned` if shift gave it. */
  unshift(octets: Buffer, isOwned: boolean): void {
    this.#octets += octets.length;
    this.#buffers.unshift(this.#isCopied && !isOwned ? Buffer.from(octets) : octets);
  }

  /** Takes the first buffer. */
  shift(): Buffer | null {
    const octets = this.#buffers.shift();
    if (octets === undefined) {
      return null;
    }
    this.#octets -= octets.length;
    return octets;
  }

  /** Forgets everything. */
  clear(): void {
    this.#buffers.length = 0;
    this.#octets = 0;
  }
}
