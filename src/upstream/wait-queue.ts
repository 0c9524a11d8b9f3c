import assert from 'node:assert/strict';
import type { Turn, TurnTask } from '../transport/turn.ts';
import type { Clock } from '../util/clock.ts';
import type { CircuitBreakers } from './circuit-breakers.ts';
import type { EndpointPool } from './endpoint-pool.ts';
import { NoConnectionReason, type StreamWaiter } from './stream-handler.ts';

/** A waiter in the queue of an endpoint, or one whose refusal has not been told yet. */
export class WaitEntry {
  readonly waiter: StreamWaiter;
  /** Clock.now(). */
  readonly sinceMs: number;
  /** The endpoint that it waits for; null for a refusal. */
  pool: EndpointPool | null = null;
  /** Keys of the endpoints that could not be connected to while it waited for them. */
  readonly tried: Set<string> = new Set();
  /** Why there is no connection; null while it waits. */
  refusal: NoConnectionReason | null = null;
  /** Whether the waiter has been served, told or cancelled. */
  isDone = false;

  constructor(waiter: StreamWaiter, sinceMs: number) {
    this.waiter = waiter;
    this.sinceMs = sinceMs;
  }
}

/** What a queue needs. */
export interface WaitQueueOptions {
  readonly turn: Turn;
  readonly clock: Clock;
  /** Its maxPendingRequests may wait; more are refused at once. */
  readonly breakers: Pick<CircuitBreakers, 'limits'>;
}

/** All who wait for a connection of one cluster, the longest first, and those who have to be told that there will be none. */
export class WaitQueue implements TurnTask {
  readonly #options: WaitQueueOptions;
  readonly #entries = new Map<StreamWaiter, WaitEntry>();
  #refused: WaitEntry[] = [];
  /** Entries that have not been refused. */
  #waiting = 0;
  #isScheduled = false;

  constructor(options: WaitQueueOptions) {
    this.#options = options;
  }

  /** Waiters that have neither been served nor told. */
  get size(): number {
    return this.#entries.size;
  }

  /** A new waiter of that endpoint; null if it is one too many, and refused. */
  add(waiter: StreamWaiter): WaitEntry | null {
    const isFull = this.#waiting >= this.#options.breakers.limits.maxPendingRequests;
    const entry = this.#book(waiter);
    if (isFull) {
      this.refuse(entry, NoConnectionReason.QUEUE_FULL);
      return null;
    }
    return entry;
  }

  /** A waiter for whom there is nothing to wait for. */
  addRefused(waiter: StreamWaiter, reason: NoConnectionReason): void {
    this.refuse(this.#book(waiter), reason);
  }

  /** Takes the entry out of its endpoint's queue; its waiter hears at the end of the turn. */
  refuse(entry: WaitEntry, reason: NoConnectionReason): void {
    entry.pool?.waiting.delete(entry);
    entry.pool = null;
    entry.refusal = reason;
    this.#waiting--;
    this.#refused.push(entry);
    if (!this.#isScheduled) {
      this.#isScheduled = true;
      this.#options.turn.schedule(this);
    }
  }

  /** Strikes the entry out: its waiter is being served, or has lost interest. */
  finish(entry: WaitEntry): void {
    entry.isDone = true;
    this.#waiting -= entry.refusal === null ? 1 : 0;
    entry.pool?.waiting.delete(entry);
    this.#entries.delete(entry.waiter);
  }

  cancel(waiter: StreamWaiter): void {
    const entry = this.#entries.get(waiter);
    if (entry !== undefined) {
      this.finish(entry);
    }
  }

  /** Those that have waited for `forMs` or longer, the longest first. */
  waitingSince(nowMs: number, forMs: number): WaitEntry[] {
    const found: WaitEntry[] = [];
    for (const entry of this.#entries.values()) {
      if (nowMs - entry.sinceMs < forMs) {
        break;
      }
      if (entry.refusal === null) {
        found.push(entry);
      }
    }
    return found;
  }

  onTurn(): void {
    this.#isScheduled = false;
    const refused = this.#refused;
    this.#refused = [];
    for (const entry of refused) {
      if (!entry.isDone && entry.refusal !== null) {
        this.finish(entry);
        entry.waiter.onNoConnection(entry.refusal);
      }
    }
  }

  onUrgent(): void {
    // Refusals are never urgent.
  }

  #book(waiter: StreamWaiter): WaitEntry {
    assert(!this.#entries.has(waiter), 'a waiter must hear before it acquires again');
    const entry = new WaitEntry(waiter, this.#options.clock.now());
    this.#entries.set(waiter, entry);
    this.#waiting++;
    return entry;
  }
}
