import type { BridgeVerdict } from '../aggregation/verdict.ts';
import type { CreateChecker } from '../health/checker.ts';
import type { HealthObserver } from '../health/observer.ts';
import type { HealthClusterOptions } from '../health/options.ts';
import { furthestReached, type OutcomeWord, type Reached } from '../health/outcome.ts';
import type { HealthView } from '../model/health-view.ts';
import type { Clock } from '../util/clock.ts';
import type { Random } from '../util/random.ts';
import { HealthMonitor, type HealthMonitorOptions } from './health-monitor.ts';

export interface EvaluationDeps {
  readonly clock: Clock;
  readonly random: Random;
  /** Sent as `user-agent` with every check. */
  readonly userAgent: string;
}

/** What one look at everything found. */
export interface Evaluation {
  readonly verdict: BridgeVerdict;
  /** The furthest that any check of any endpoint got. */
  readonly reached: Reached;
}

/** The longest that finding endpoints may take: resolvers give up earlier. Milliseconds. */
const DISCOVERY_DEADLINE_MS = 15_000;

/**
 * Finds and checks every endpoint once, as the running bridge would, and stops. It takes at most `DISCOVERY_DEADLINE_MS` plus
 * the longest spread of first checks and the longest `healthCheck.timeout`; what is not known by then counts as it stands.
 */
export async function evaluateOnce(options: HealthMonitorOptions, deps: EvaluationDeps): Promise<Evaluation> {
  const reached = new ReachedRecorder();
  const done = Promise.withResolvers<void>();
  const look = (): void => {
    if (checked.areAll(monitor.view)) {
      done.resolve();
    }
  };
  const checked = new CheckedEndpoints(look);
  const monitor = new HealthMonitor(options, {
    ...deps,
    observer: checked,
    wrapChecker: (create) => reached.wrap(create),
    onVerdict: look,
  });
  const deadline = deps.clock.setTimer(longestMs(options.clusters), () => done.resolve());
  try {
    monitor.start();
    await done.promise;
    return { verdict: monitor.verdict, reached: checked.answered ? 'answered' : reached.furthest };
  } finally {
    deadline.cancel();
    await monitor.close();
  }
}

function longestMs(clusters: readonly HealthClusterOptions[]): number {
  const checks = clusters.map(({ healthCheck }) => healthCheck.intervalMs + healthCheck.timeoutMs);
  return DISCOVERY_DEADLINE_MS + Math.max(...checks);
}

/** Looks over the shoulder of checkers: views tell states, not how far a failed check got. */
class ReachedRecorder {
  #furthest: Reached = 'none';

  get furthest(): Reached {
    return this.#furthest;
  }

  wrap(create: CreateChecker): CreateChecker {
    return (endpoint, events) => {
      const checker = create(endpoint, events);
      return {
        check: async () => {
          const result = await checker.check();
          this.#add(furthestReached(result.values()));
          return result;
        },
        close: () => checker.close(),
      };
    };
  }

  #add(reached: Reached): void {
    if (this.#furthest === 'none' || reached === 'answered') {
      this.#furthest = reached;
    }
  }
}

/**
 * Which endpoints have been checked to the end. A view cannot tell: a Watch message is a result too, and comes before the
 * check that opened the stream has ended.
 */
class CheckedEndpoints implements HealthObserver {
  /** Whether any endpoint, or the source that reports its health, said yes or no. */
  answered = false;
  readonly #onCheck: () => void;
  readonly #checked = new Set<string>();

  constructor(onCheck: () => void) {
    this.#onCheck = onCheck;
  }

  /** Every cluster has been looked for, and every endpoint found was checked, but for those that are leaving: nobody checks them. */
  areAll(view: HealthView): boolean {
    return [...view.clusters.values()].every(
      ({ name, discovery, endpoints }) =>
        discovery.state !== 'pending' &&
        endpoints.every(({ endpoint, state }) => state === 'draining' || this.#checked.has(`${name} ${endpoint.key}`)),
    );
  }

  onCheck(cluster: string, endpoint: string, outcome: OutcomeWord): void {
    this.answered ||= outcome === 'serving' || outcome === 'not_serving';
    const published = (): void => {
      this.#checked.add(`${cluster} ${endpoint}`);
      this.#onCheck();
    };
    // A view with the result is published in the next turn of the event loop, if the result changes anything at all. Until then it does not
    // count: the news of another endpoint may be published before.
    setImmediate(() => setImmediate(published));
  }

  onStateChange(): void {
    // The view tells.
  }

  onDiscovery(): void {
    // The view tells.
  }

  onEndpointRemoved(): void {
    // An endpoint that comes back was looked at all the same.
  }
}
