import type { Random } from '../util/random.ts';
import type { BalancedEndpoint, Balancer, PickContext, Picker, PickResult } from './balancer.ts';
import { drawIndex, toResults, UNAVAILABLE } from './pick-results.ts';

/**
 * Any endpoint, each as likely as the others whatever its weight. Many bridges that know nothing of each other spread their calls well with
 * it. Envoy: `RANDOM`.
 */
export class RandomChoice<T extends BalancedEndpoint> implements Balancer<T> {
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  update(endpoints: readonly T[]): Picker<T> {
    return new RandomPicker(endpoints, this.#random);
  }
}

class RandomPicker<T extends BalancedEndpoint> implements Picker<T> {
  readonly size: number;
  readonly #endpoints: readonly T[];
  readonly #results: readonly PickResult<T>[];
  readonly #random: Random;

  constructor(endpoints: readonly T[], random: Random) {
    this.size = endpoints.length;
    this.#endpoints = endpoints;
    this.#results = toResults(endpoints);
    this.#random = random;
  }

  pick({ excluded }: PickContext): PickResult<T> {
    const { size } = this;
    const index = drawIndex(this.#random, size);
    if (excluded === null || size < 2 || this.#endpoints[index]?.endpoint.key !== excluded.key) {
      return this.#results[index] ?? UNAVAILABLE;
    }
    return this.#results[(index + 1 + drawIndex(this.#random, size - 1)) % size] ?? UNAVAILABLE;
  }

  pickAmong(_context: PickContext, accepts: (candidate: T) => boolean): PickResult<T> {
    const accepted = this.#endpoints.filter(accepts);
    const drawn = accepted[drawIndex(this.#random, accepted.length)];
    const index = drawn === undefined ? -1 : this.#endpoints.indexOf(drawn);
    return this.#results[index] ?? UNAVAILABLE;
  }
}
