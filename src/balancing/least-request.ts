import type { Random } from '../util/random.ts';
import type { BalancedEndpoint, Balancer, PickContext, Picker, PickResult } from './balancer.ts';
import { drawIndex, toResults, UNAVAILABLE } from './pick-results.ts';
import { WeightedPicker } from './weighted-picker.ts';
import { haveOneWeight } from './weights.ts';

/**
 * The less busy of two endpoints drawn by chance, so that slow ones get fewer calls, and no crowd runs to the one that happens to be idle.
 * With weights, each endpoint in turn, the more often the higher its weight and the fewer its calls. Envoy: `LEAST_REQUEST` with two choices;
 * gRPC A48, which has no weights.
 */
export class LeastRequest<T extends BalancedEndpoint> implements Balancer<T> {
  readonly #random: Random;
  #weighted: WeightedPicker<T> | null = null;

  constructor(random: Random) {
    this.#random = random;
  }

  update(endpoints: readonly T[]): Picker<T> {
    if (haveOneWeight(endpoints)) {
      this.#weighted = null;
      return new TwoChoicesPicker(endpoints, this.#random);
    }
    const turns = this.#weighted?.turns() ?? new Map<string, number>();
    this.#weighted = new WeightedPicker(endpoints, { random: this.#random, turns, countsActive: true });
    return this.#weighted;
  }
}

/** Endpoints of one weight. Unlike Envoy's the two draws never coincide, so that of two endpoints the busier one is never picked. */
class TwoChoicesPicker<T extends BalancedEndpoint> implements Picker<T> {
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
    if (size < 2) {
      return this.#results[0] ?? UNAVAILABLE;
    }
    let one = drawIndex(this.#random, size);
    let other = (one + 1 + drawIndex(this.#random, size - 1)) % size;
    if (excluded !== null) {
      one = this.#replace(one, other, excluded.key);
      other = this.#replace(other, one, excluded.key);
    }
    return this.#results[this.#activeAt(other) < this.#activeAt(one) ? other : one] ?? UNAVAILABLE;
  }

  pickAmong(_context: PickContext, accepts: (candidate: T) => boolean): PickResult<T> {
    const start = drawIndex(this.#random, this.size);
    let best = -1;
    for (let step = 0; step < this.size; step++) {
      const index = (start + step) % this.size;
      const candidate = this.#endpoints[index];
      const isBetter = best < 0 || this.#activeAt(index) < this.#activeAt(best);
      if (candidate !== undefined && isBetter && accepts(candidate)) {
        best = index;
      }
    }
    return this.#results[best] ?? UNAVAILABLE;
  }

  /** The index itself, or the other one if it is that of the excluded endpoint. */
  #replace(index: number, other: number, excludedKey: string): number {
    return this.#endpoints[index]?.endpoint.key === excludedKey ? other : index;
  }

  #activeAt(index: number): number {
    return this.#endpoints[index]?.activeRequests ?? 0;
  }
}
