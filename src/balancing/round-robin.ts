import type { Random } from '../util/random.ts';
import type { BalancedEndpoint, Balancer, PickContext, Picker, PickResult } from './balancer.ts';
import { drawIndex, findAccepted, toResults, UNAVAILABLE } from './pick-results.ts';
import { type Turns, WeightedPicker } from './weighted-picker.ts';
import { haveOneWeight } from './weights.ts';

/**
 * One endpoint after the other, those of higher weight more often. When the endpoints change it goes on where it was, so that frequent
 * changes do not favour the first of them; gRPC: `round_robin`, Envoy: `ROUND_ROBIN`.
 */
export class RoundRobin<T extends BalancedEndpoint> implements Balancer<T> {
  readonly #random: Random;
  #picker: RotatingPicker<T> | WeightedPicker<T> | null = null;

  /** `random` chooses where the first round begins: many bridges that start together must not all begin with one endpoint. */
  constructor(random: Random) {
    this.#random = random;
  }

  update(endpoints: readonly T[]): Picker<T> {
    this.#picker = haveOneWeight(endpoints)
      ? new RotatingPicker(endpoints, this.#startOf(endpoints))
      : new WeightedPicker(endpoints, {
          random: this.#random,
          turns: this.#picker?.turns() ?? new Map(),
          countsActive: false,
        });
    return this.#picker;
  }

  /** The endpoint whose turn is next of those that are still there; one by chance if none was there before. */
  #startOf(endpoints: readonly T[]): number {
    const turns: Turns = this.#picker?.turns() ?? new Map();
    if (turns.size === 0) {
      return drawIndex(this.#random, endpoints.length);
    }
    if (this.#picker instanceof RotatingPicker) {
      return this.#behindLast(endpoints, turns);
    }
    let start = 0;
    let nearest = Number.POSITIVE_INFINITY;
    for (const [index, { endpoint }] of endpoints.entries()) {
      const turn = turns.get(endpoint.key) ?? Number.POSITIVE_INFINITY;
      if (turn < nearest) {
        start = index;
        nearest = turn;
      }
    }
    return start;
  }

  /** Behind the endpoint picked last; if that is gone, behind the nearest one before it that is still there. */
  #behindLast(endpoints: readonly T[], turns: Turns): number {
    let last = -1;
    let farthest = -1;
    for (const [index, { endpoint }] of endpoints.entries()) {
      const turn = turns.get(endpoint.key) ?? -1;
      if (turn > farthest) {
        last = index;
        farthest = turn;
      }
    }
    return last + 1;
  }
}

/** Endpoints of one weight, in their order. */
class RotatingPicker<T extends BalancedEndpoint> implements Picker<T> {
  readonly size: number;
  readonly #endpoints: readonly T[];
  readonly #results: readonly PickResult<T>[];
  /** The index of the next pick, below `size`. */
  #next: number;

  constructor(endpoints: readonly T[], start: number) {
    this.size = endpoints.length;
    this.#endpoints = endpoints;
    this.#results = toResults(endpoints);
    this.#next = this.size === 0 ? 0 : start % this.size;
  }

  pick({ excluded }: PickContext): PickResult<T> {
    const index = this.#advance();
    if (excluded !== null && this.#endpoints[index]?.endpoint.key === excluded.key) {
      return this.#results[this.#advance()] ?? UNAVAILABLE;
    }
    return this.#results[index] ?? UNAVAILABLE;
  }

  pickAmong(_context: PickContext, accepts: (candidate: T) => boolean): PickResult<T> {
    const index = findAccepted(this.#endpoints, this.#next, accepts);
    if (index < 0) {
      return UNAVAILABLE;
    }
    this.#next = (index + 1) % this.size;
    return this.#results[index] ?? UNAVAILABLE;
  }

  /** For the picker after this one. */
  turns(): Turns {
    const { size } = this;
    return new Map(this.#endpoints.map(({ endpoint }, index) => [endpoint.key, ((index - this.#next + size) % size) / size]));
  }

  #advance(): number {
    const index = this.#next;
    this.#next = index + 1 >= this.size ? 0 : index + 1;
    return index;
  }
}
