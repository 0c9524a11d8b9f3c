import type { Random } from '../util/random.ts';
import type { RouteMatch } from './route-match.ts';
import type { Route } from './router.ts';

/** One way that calls of a route may go. */
export interface WeightedRoute {
  readonly route: Route;
  /** Its share. A whole number, 0 or more; 0 gets nothing. */
  readonly weight: number;
}

/** A route whose calls are divided by weight: each call goes one of several ways, by chance. Envoy: `weighted_clusters`. */
export class SplitRoute {
  readonly kind = 'split';
  readonly name: string;
  readonly match: RouteMatch;
  readonly #routes: readonly Route[];
  /** Where the share of each way ends. */
  readonly #ends: Float64Array;
  readonly #total: number;
  readonly #random: Random;

  /** @param ways at least one, of one match; the sum of their weights is above 0. */
  constructor(name: string, match: RouteMatch, ways: readonly WeightedRoute[], random: Random) {
    this.name = name;
    this.match = match;
    this.#routes = ways.map(({ route }) => route);
    let sum = 0;
    this.#ends = Float64Array.from(ways, ({ weight }) => (sum += weight));
    this.#total = sum;
    this.#random = random;
  }

  /** The way of the next call. It makes no garbage. */
  choose(): Route {
    const drawn = this.#random() * this.#total;
    let index = 0;
    while (index < this.#ends.length - 1 && drawn >= (this.#ends[index] ?? 0)) {
      index++;
    }
    const route = this.#routes[index];
    if (route === undefined) {
      throw new Error(`the route ${this.name} leads nowhere`);
    }
    return route;
  }
}
