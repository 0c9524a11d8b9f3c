import type { Clock } from '../util/clock.ts';
import type { DnsClient, QueryResult } from './dns-client.ts';

/** Queries of one source that are under way at a time: each has a socket, and a list may hold ten thousand names. */
export const MAX_PARALLEL_QUERIES = 64;
/** The longest wait for one's turn: longer waits mean that the servers do not answer the others. Milliseconds. */
export const MAX_TURN_WAIT_MS = 8000;

/** Passes queries on to a client, a limited number at a time, in the order in which they came. */
export class QueryLimit implements DnsClient {
  readonly #client: DnsClient;
  readonly #clock: Clock;
  /** Those who wait, oldest first; there are never more than twice as many as names. */
  readonly #waiting = new Set<() => void>();
  #underWay = 0;

  constructor(client: DnsClient, clock: Clock) {
    this.#client = client;
    this.#clock = clock;
  }

  async query(name: string, family: 4 | 6, signal: AbortSignal): Promise<QueryResult> {
    if (!(await this.#turn(signal))) {
      return { kind: 'failed', reason: 'too many look-ups wait for DNS servers that do not answer in time' };
    }
    try {
      return await this.#client.query(name, family, signal);
    } finally {
      this.#next();
    }
  }

  /** Whether it is one's turn; not so if the wait was too long, or over. */
  #turn(signal: AbortSignal): Promise<boolean> {
    if (signal.aborted || this.#underWay < MAX_PARALLEL_QUERIES) {
      this.#underWay += signal.aborted ? 0 : 1;
      return Promise.resolve(!signal.aborted);
    }
    return new Promise((resolve) => {
      const end = (isTurn: boolean): void => {
        timer.cancel();
        signal.removeEventListener('abort', giveUp);
        this.#waiting.delete(start);
        resolve(isTurn);
      };
      const start = (): void => end(true);
      const giveUp = (): void => end(false);
      const timer = this.#clock.setTimer(MAX_TURN_WAIT_MS, giveUp);
      signal.addEventListener('abort', giveUp);
      this.#waiting.add(start);
    });
  }

  /** Hands the place of a query that ended to the oldest who waits. */
  #next(): void {
    const [start] = this.#waiting;
    if (start === undefined) {
      this.#underWay--;
    } else {
      start();
    }
  }
}
