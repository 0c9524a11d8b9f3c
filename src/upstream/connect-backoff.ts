import type { Random } from '../util/random.ts';

/** Pause after the first failure. Milliseconds; gRPC: `INITIAL_BACKOFF`. */
const FIRST_PAUSE_MS = 1000;
/** Each pause is so many times as long as the one before; gRPC: `MULTIPLIER`. */
const FACTOR = 1.6;
/** The longest pause. Milliseconds; gRPC: `MAX_BACKOFF`. */
const MAX_PAUSE_MS = 120_000;
/** Each pause is spread by that part of itself, so that bridges do not return together; gRPC: `JITTER`. */
const SPREAD = 0.2;

/** A call that has nowhere else to go may have an endpoint tried so soon after a failure. Milliseconds. */
const DEMAND_PAUSE_MS = 100;

/** How long an endpoint that could not be connected to is left alone: exponential, spread, forgotten with the first success. */
export class ConnectBackoff {
  readonly #random: Random;
  #failures = 0;
  #until = Number.NEGATIVE_INFINITY;
  #failedAtMs = Number.NEGATIVE_INFINITY;

  constructor(random: Random) {
    this.#random = random;
  }

  /** Failures since the last success. */
  get failures(): number {
    return this.#failures;
  }

  /** Whether an attempt may be made. */
  isOver(nowMs: number): boolean {
    return nowMs >= this.#until;
  }

  /** The same for an attempt on behalf of a call that has nowhere else to go: it need not wait for the whole pause. */
  isOverOnDemand(nowMs: number): boolean {
    return this.isOver(nowMs) || nowMs - this.#failedAtMs >= DEMAND_PAUSE_MS;
  }

  /** An attempt has failed; returns the pause before the next one. Milliseconds. */
  fail(nowMs: number): number {
    const pause = Math.min(MAX_PAUSE_MS, FIRST_PAUSE_MS * FACTOR ** this.#failures);
    const spread = pause * (1 - SPREAD + 2 * SPREAD * this.#random());
    this.#failures++;
    this.#failedAtMs = nowMs;
    this.#until = nowMs + spread;
    return spread;
  }

  /** The endpoint may be tried now, and will be left alone for longer if that fails too. */
  endPause(): void {
    this.#until = Number.NEGATIVE_INFINITY;
  }

  /** The endpoint works, or is said to work again. */
  reset(): void {
    this.#failures = 0;
    this.#until = Number.NEGATIVE_INFINITY;
  }
}
