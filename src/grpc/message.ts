/** What stands before each message: whether it is compressed, and its length (gRPC over HTTP/2, "Length-Prefixed-Message"). */
export const MESSAGE_PREFIX_OCTETS = 5;

const COMPRESSED = 1;
const NO_OCTETS: Buffer = Buffer.alloc(0);

/**
 * What is wrong with a request that should be one message: `compressed`, with what was not agreed on; `badFlag`, neither compressed nor not;
 * `tooLarge`, above the limit; `none`; `cut`, ended within its message; `tooMany`.
 */
export type MessageProblem = 'compressed' | 'badFlag' | 'tooLarge' | 'none' | 'cut' | 'tooMany';

/** The one message of a request, or why there is none. */
export type MessageResult =
  | { readonly kind: 'message'; readonly octets: Buffer }
  | { readonly kind: 'problem'; readonly problem: MessageProblem };

/** A message with its prefix, not compressed. */
export function frameMessage(message: Buffer): Buffer {
  const framed = Buffer.alloc(MESSAGE_PREFIX_OCTETS + message.length);
  framed.writeUInt32BE(message.length, 1);
  message.copy(framed, MESSAGE_PREFIX_OCTETS);
  return framed;
}

/** Collects the content of a request that is one message, in whatever pieces it comes. It keeps no more than the message, once. */
export class MessageReader {
  readonly #maxOctets: number;
  readonly #prefix: Buffer = Buffer.alloc(MESSAGE_PREFIX_OCTETS);
  #message: Buffer = NO_OCTETS;
  /** What has come of prefix and message together. Octets. */
  #received = 0;
  #problem: MessageProblem | null = null;

  /** @param maxOctets what a message may have. */
  constructor(maxOctets: number) {
    this.#maxOctets = maxOctets;
  }

  /** Takes content. Returns what is wrong already, so that nobody need wait for the rest; null if nothing is. */
  add(octets: Buffer, start: number, end: number): MessageProblem | null {
    let at = start;
    if (this.#received < MESSAGE_PREFIX_OCTETS) {
      at += this.#fill(this.#prefix, this.#received, octets.subarray(start, end));
      if (this.#received === MESSAGE_PREFIX_OCTETS) {
        this.#readPrefix();
      }
    }
    if (this.#problem === null && at < end) {
      const copied = this.#fill(this.#message, this.#received - MESSAGE_PREFIX_OCTETS, octets.subarray(at, end));
      this.#problem = at + copied < end ? 'tooMany' : null;
    }
    return this.#problem;
  }

  /** What has come, once the request has ended. */
  finish(): MessageResult {
    const missing = MESSAGE_PREFIX_OCTETS + this.#message.length - this.#received;
    const problem = this.#problem ?? (this.#received === 0 ? 'none' : missing > 0 ? 'cut' : null);
    return problem === null ? { kind: 'message', octets: this.#message } : { kind: 'problem', problem };
  }

  #fill(target: Buffer, from: number, octets: Buffer): number {
    const copied = octets.copy(target, from);
    this.#received += copied;
    return copied;
  }

  #readPrefix(): void {
    const flag = this.#prefix[0] ?? 0;
    const length = this.#prefix.readUInt32BE(1);
    if (flag > COMPRESSED) {
      this.#problem = 'badFlag';
    } else if (length > this.#maxOctets) {
      this.#problem = 'tooLarge';
    } else if (flag === COMPRESSED) {
      this.#problem = 'compressed';
    } else {
      this.#message = Buffer.alloc(length);
    }
  }
}
