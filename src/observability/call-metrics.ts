import { LocalReason, type RetryDenial } from '../proxy/local-reason.ts';
import type { CallObserver, CallView } from '../proxy/observer.ts';
import type { CallLines } from './call-series.ts';
import { formatSample, type MetricFamily } from './exposition.ts';
import { METRIC_PREFIX } from './metrics.ts';
import { RouteCalls } from './route-calls.ts';

const NAMES = {
  started: `${METRIC_PREFIX}calls_started_total`,
  handled: `${METRIC_PREFIX}calls_handled_total`,
  duration: `${METRIC_PREFIX}call_duration_seconds`,
} as const;
const LOCAL_REPLIES = `${METRIC_PREFIX}local_replies_total`;

/** Pairs of a route and a cluster that are told apart: far more than a configuration has, for a process that is given new ones again and again. */
export const MAX_ROUTES = 4096;
const OTHER = 'other';

/** Counts the calls of every listener together. Nothing is made for a call to a known method; text is made at a scrape. */
export class CallMetrics implements CallObserver {
  /** By route; one that has led to several clusters, in the course of reloads, has an entry for each. */
  readonly #routes = new Map<string, RouteCalls[]>();
  /** What is beyond the limit. */
  readonly #others = new RouteCalls(OTHER, OTHER);
  #routeCount = 0;
  /** Where the call before this one belonged: comparing two names costs less than finding one. */
  #last = this.#others;
  /** Clusters that have not been removed; null as long as none can have been. */
  #clusters: ReadonlySet<string> | null = null;
  readonly #localReplies = new Map<LocalReason, number>(Object.values(LocalReason).map((reason) => [reason, 0]));

  onCallStart(call: CallView): void {
    this.#routeOf(call).onStart(call);
  }

  onCallEnd(call: CallView): void {
    this.#routeOf(call).onEnd(call);
  }

  onRetry(call: CallView): void {
    this.#routeOf(call).retries++;
  }

  onLocalReply(reason: LocalReason): void {
    this.#localReplies.set(reason, (this.#localReplies.get(reason) ?? 0) + 1);
  }

  /** Attempts beyond the first at endpoints of the cluster. */
  retriesOf(cluster: string): number {
    return this.#sum(cluster, ({ retries }) => retries);
  }

  /** Calls to the cluster that were not repeated once more, for that reason. */
  retryDenialsOf(cluster: string, reason: RetryDenial): number {
    return this.#sum(cluster, ({ denials }) => denials[reason]);
  }

  /** Calls to the cluster that have ended. */
  endedOf(cluster: string): number {
    return this.#sum(cluster, ({ ended }) => ended);
  }

  /** What was counted for other clusters leaves with the last of their calls, at a scrape. */
  retain(clusters: ReadonlySet<string>): void {
    this.#clusters = clusters;
  }

  /** What is known now. */
  read(): readonly MetricFamily[] {
    this.#forgetRemoved();
    const lines: CallLines = { started: [], handled: [], duration: [] };
    for (const route of [...[...this.#routes.values()].flat(), this.#others]) {
      for (const series of route.publish()) {
        series.write(NAMES, lines);
      }
    }
    return [
      { name: NAMES.started, help: 'Calls that a route has taken.', type: 'counter', lines: lines.started },
      {
        name: NAMES.handled,
        help: 'Calls that have ended, by the status that the client got; plain HTTP counts under the code that its status means.',
        type: 'counter',
        lines: lines.handled,
      },
      {
        name: NAMES.duration,
        help: "How long calls took, from the request's header section to the end of the answer.",
        type: 'histogram',
        lines: lines.duration,
      },
      {
        name: LOCAL_REPLIES,
        help: 'Requests that the bridge answered with an error of its own, by reason.',
        type: 'counter',
        lines: [...this.#localReplies].map(([reason, count]) => formatSample(LOCAL_REPLIES, { reason }, count)),
      },
    ];
  }

  #forgetRemoved(): void {
    const clusters = this.#clusters;
    if (clusters === null) {
      return;
    }
    for (const [route, known] of this.#routes) {
      const kept = known.filter(({ cluster, begun, ended }) => clusters.has(cluster) || begun > ended);
      if (kept.length < known.length) {
        this.#routeCount -= known.length - kept.length;
        this.#last = this.#others;
        if (kept.length === 0) {
          this.#routes.delete(route);
        } else {
          this.#routes.set(route, kept);
        }
      }
    }
  }

  #sum(cluster: string, numberOf: (route: RouteCalls) => number): number {
    let sum = 0;
    for (const route of [...this.#routes.values()].flat()) {
      sum += route.cluster === cluster ? numberOf(route) : 0;
    }
    return sum;
  }

  #routeOf({ route, cluster }: CallView): RouteCalls {
    if (this.#last.route !== route || this.#last.cluster !== cluster) {
      this.#last = this.#find(route, cluster);
    }
    return this.#last;
  }

  #find(route: string, cluster: string): RouteCalls {
    const known = this.#routes.get(route);
    for (let index = 0; index < (known?.length ?? 0); index++) {
      const calls = known?.[index];
      if (calls?.cluster === cluster) {
        return calls;
      }
    }
    if (this.#routeCount >= MAX_ROUTES) {
      return this.#others;
    }
    this.#routeCount++;
    const calls = new RouteCalls(route, cluster);
    this.#routes.set(route, [...(known ?? []), calls]);
    return calls;
  }
}
