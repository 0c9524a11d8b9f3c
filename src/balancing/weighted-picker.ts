import type { Random } from '../util/random.ts';
import type { BalancedEndpoint, PickContext, Picker, PickResult } from './balancer.ts';
import { DeadlineQueue } from './deadline-queue.ts';
import { toResults, UNAVAILABLE } from './pick-results.ts';
import { weightOf } from './weights.ts';

/** How far endpoints are from their next turn, by key: 0 is now, 1 is a whole round of theirs away; busy ones may be further. */
export type Turns = ReadonlyMap<string, number>;

/** How a picker of weighted endpoints works. */
export interface WeightedPickerOptions {
  /** Chooses when those come first that `turns` does not name. */
  readonly random: Random;
  /** Where the picker before this one stopped. */
  readonly turns: Turns;
  /** Whether calls under way put off an endpoint's next turn: leastRequest. */
  readonly countsActive: boolean;
}

/**
 * Endpoints of different weights, the one that is due first: it is due again after 1 / weight or, if calls under way count, after
 * (calls under way + 1) / weight. So each gets its calls spread over the round rather than in one go. Envoy: the scheduler of `ROUND_ROBIN`
 * and `LEAST_REQUEST` for hosts of different weights, `active_request_bias` 1.
 */
export class WeightedPicker<T extends BalancedEndpoint> implements Picker<T> {
  readonly size: number;
  readonly #endpoints: readonly T[];
  readonly #results: readonly PickResult<T>[];
  readonly #queue: DeadlineQueue;
  readonly #countsActive: boolean;

  constructor(endpoints: readonly T[], { random, turns, countsActive }: WeightedPickerOptions) {
    this.size = endpoints.length;
    this.#endpoints = endpoints;
    this.#results = toResults(endpoints);
    this.#countsActive = countsActive;
    const intervals = Float64Array.from(endpoints, (each) => 1 / weightOf(each));
    const picksPerTime = endpoints.reduce((sum, each) => sum + weightOf(each) / this.#intervalsOf(each), 0);
    this.#queue = new DeadlineQueue(
      intervals.map((interval, index) => (turns.get(endpoints[index]?.endpoint.key ?? '') ?? random()) * interval),
      intervals,
      1 / picksPerTime,
    );
  }

  pick({ excluded }: PickContext): PickResult<T> {
    const first = this.#queue.first;
    return this.#take(excluded !== null && this.#endpoints[first]?.endpoint.key === excluded.key ? this.#queue.second : first);
  }

  pickAmong(_context: PickContext, accepts: (candidate: T) => boolean): PickResult<T> {
    let best = -1;
    for (const [index, candidate] of this.#endpoints.entries()) {
      if (accepts(candidate) && (best < 0 || this.#queue.deadlineOf(index) < this.#queue.deadlineOf(best))) {
        best = index;
      }
    }
    return best < 0 ? UNAVAILABLE : this.#take(best);
  }

  /** For the picker after this one. */
  turns(): Turns {
    const nowAt = this.#queue.deadlineOf(this.#queue.first);
    return new Map(
      this.#endpoints.map((each, index) => [each.endpoint.key, (this.#queue.deadlineOf(index) - nowAt) * weightOf(each)]),
    );
  }

  #take(index: number): PickResult<T> {
    const endpoint = this.#endpoints[index];
    if (endpoint === undefined) {
      return UNAVAILABLE;
    }
    this.#queue.postpone(index, this.#intervalsOf(endpoint));
    return this.#results[index] ?? UNAVAILABLE;
  }

  /** How many of its intervals an endpoint is due after its turn. */
  #intervalsOf({ activeRequests }: T): number {
    return this.#countsActive ? activeRequests + 1 : 1;
  }
}
