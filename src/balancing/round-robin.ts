import type { Random } from '../util/random.ts';
import type { BalancedEndpoint, Balancer, PickContext, Picker, PickResult } from './balancer.ts';

/**
 * One endpoint after the other. When the endpoints change it goes on behind the one that was picked last, so that frequent changes do not
 * favour the first of them; gRPC: `round_robin`, Envoy: `ROUND_ROBIN` without weights.
 */
export class RoundRobin<T extends BalancedEndpoint> implements Balancer<T> {
  readonly #random: Random;
  #picker: RoundRobinPicker<T> | null = null;

  /** `random` chooses where the first round begins: many bridges that start together must not all begin with one endpoint. */
  constructor(random: Random) {
    this.#random = random;
  }

  update(endpoints: readonly T[]): Picker<T> {
    const picker = new RoundRobinPicker(endpoints, this.#startOf(endpoints));
    this.#picker = picker;
    return picker;
  }

  /** Behind the endpoint picked last; if that is gone, behind the nearest one before it that is still there. */
  #startOf(endpoints: readonly T[]): number {
    if (this.#picker === null || this.#picker.size === 0) {
      return Math.floor(this.#random() * endpoints.length);
    }
    const indexes = new Map(endpoints.map(({ endpoint }, index) => [endpoint.key, index]));
    for (const key of this.#picker.recentKeys()) {
      const index = indexes.get(key);
      if (index !== undefined) {
        return index + 1;
      }
    }
    return 0;
  }
}

class RoundRobinPicker<T extends BalancedEndpoint> implements Picker<T> {
  readonly size: number;
  readonly #results: readonly PickResult<T>[];
  readonly #keys: readonly string[];
  /** The index of the next pick, below `size`. */
  #next: number;

  constructor(endpoints: readonly T[], start: number) {
    this.size = endpoints.length;
    this.#results = endpoints.map((picked) => Object.freeze({ kind: 'picked' as const, picked }));
    this.#keys = endpoints.map(({ endpoint }) => endpoint.key);
    this.#next = this.size === 0 ? 0 : start % this.size;
  }

  pick(context: PickContext): PickResult<T> {
    const { excluded } = context;
    const index = this.#advance();
    if (excluded !== null && this.#keys[index] === excluded.key) {
      return this.#results[this.#advance()] ?? UNAVAILABLE;
    }
    return this.#results[index] ?? UNAVAILABLE;
  }

  /** Keys from the one picked last backwards, every endpoint once. */
  recentKeys(): readonly string[] {
    return this.#keys.slice(this.#next).concat(this.#keys.slice(0, this.#next)).toReversed();
  }

  #advance(): number {
    const index = this.#next;
    this.#next = index + 1 >= this.size ? 0 : index + 1;
    return index;
  }
}

const UNAVAILABLE = Object.freeze({ kind: 'unavailable' as const });
