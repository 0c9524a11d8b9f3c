import { randomFillSync } from 'node:crypto';

/** The value of a `traceparent` field (W3C Trace Context, section 3.2). */
export interface TraceContext {
  /** 32 hexadecimal digits in small letters, not all 0. */
  readonly traceId: string;
  /** 16 of them, not all 0: the span of whoever sent it. */
  readonly spanId: string;
  /** The low eight bits; 1 is `sampled`. */
  readonly flags: number;
}

/** Whoever set it records this trace. */
export const FLAG_SAMPLED = 1;
/** The bits that this version knows: `sampled`, and `random` of level 2, which has to be passed on. */
const KNOWN_FLAGS = 3;
/** What the first version is long; later ones are at least as long. */
const LENGTH = 55;
const SHAPE = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;
const INVALID_VERSION = 'ff';
const FIRST_VERSION = '00';
const NO_TRACE = '0'.repeat(32);
const NO_SPAN = '0'.repeat(16);

/** Null for what has to be treated as if it had not come (W3C Trace Context, section 3.2.2). */
export function parseTraceParent(text: string): TraceContext | null {
  const match = SHAPE.exec(text);
  if (match === null) {
    return null;
  }
  const [, version = '', traceId = NO_TRACE, spanId = NO_SPAN, flags = '00'] = match;
  // Later versions may say more behind the flags (section 3.2.4), the first may not.
  const isTooLong = version === FIRST_VERSION && text.length > LENGTH;
  return version === INVALID_VERSION || isTooLong || traceId === NO_TRACE || spanId === NO_SPAN
    ? null
    : { traceId, spanId, flags: Number.parseInt(flags, 16) };
}

/** In the first version, with the flags that it knows. */
export function formatTraceParent({ traceId, spanId, flags }: TraceContext): string {
  return `${FIRST_VERSION}-${traceId}-${spanId}-0${flags & KNOWN_FLAGS}`;
}

/** Random octets are fetched so many at a time, as each request to the system has its price. */
const POOL_OCTETS = 4096;
const TRACE_OCTETS = 16;
const SPAN_OCTETS = 8;

/** Makes ids of traces and spans. */
export class TraceIds {
  readonly #pool = Buffer.alloc(POOL_OCTETS);
  readonly #fill: (pool: Buffer) => void;
  #at = POOL_OCTETS;

  /** @param fill fills all of the pool; default: with random octets of the system. */
  constructor(fill: (pool: Buffer) => void = randomFillSync) {
    this.#fill = fill;
  }

  traceId(): string {
    return this.#take(TRACE_OCTETS);
  }

  spanId(): string {
    return this.#take(SPAN_OCTETS);
  }

  #take(octets: number): string {
    if (this.#at + octets > POOL_OCTETS) {
      this.#fill(this.#pool);
      this.#at = 0;
    }
    const start = this.#at;
    this.#at += octets;
    return this.#pool.toString('hex', start, this.#at);
  }
}
