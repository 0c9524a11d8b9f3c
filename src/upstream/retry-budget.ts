import type { CircuitBreakers } from './circuit-breakers.ts';

/** A share of a cluster's calls that may be repeated at once; Envoy's `retry_budget`. */
export interface RetryShare {
  /** Of the calls under way and waiting. 0 to 100, default 20. Envoy: `budget_percent`. */
  readonly percent: number;
  /** So many are allowed however few the calls are. Default 3. Envoy: `min_retry_concurrency`. */
  readonly min: number;
}

/** What is asked for the state of the cluster. */
export interface RetryBudgetSources {
  readonly breakers: Pick<CircuitBreakers, 'limits' | 'requests'>;
  /** Calls that wait for a connection. */
  readonly waiting: { readonly size: number };
}

/**
 * The repeated attempts of a cluster, from the decision until the outcome is known: so that endpoints in trouble do not get a multiple of the
 * calls that they fail on. Each is taken, and given back once.
 */
export class RetryBudget {
  #active = 0;
  readonly #sources: RetryBudgetSources;

  constructor(sources: RetryBudgetSources) {
    this.#sources = sources;
  }

  /** Repeated attempts that are planned or under way. */
  get active(): number {
    return this.#active;
  }

  /** Whether one more is allowed, which then is counted. `share` goes before connectionPool.maxRetries; null for that. */
  take(share: RetryShare | null): boolean {
    if (this.#active >= this.#limit(share)) {
      return false;
    }
    this.#active++;
    return true;
  }

  /** It is over. */
  give(): void {
    this.#active--;
  }

  #limit(share: RetryShare | null): number {
    const { breakers, waiting } = this.#sources;
    return share === null
      ? breakers.limits.maxRetries
      : Math.max(share.min, Math.floor(((breakers.requests + waiting.size) * share.percent) / 100));
  }
}
