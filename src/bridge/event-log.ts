import type { Logger } from 'pino';
import type { BridgeVerdict } from '../aggregation/verdict.ts';
import type { EndpointStateChange, HealthObserver } from '../health/observer.ts';
import type { DiscoveryUpdate } from '../model/discovery-update.ts';
import type { Endpoint } from '../model/endpoint.ts';
import type { HealthState } from '../model/health-view.ts';
import type { EjectionChange } from '../outlier/detector.ts';
import type { ChangeHistory } from './change-history.ts';

/** The metrics that checks feed. */
export interface CheckMetrics {
  onCheck(cluster: string, outcome: string, durationMs: number): void;
  onStateChange(cluster: string, to: HealthState): void;
}

/** Turns what the health flow reports into log lines, one per change, and into metrics. */
export class EventLog implements HealthObserver {
  readonly #logger: Logger;
  readonly #metrics: CheckMetrics;
  readonly #history: Pick<ChangeHistory, 'add'> | null;
  /** Clusters whose discovery fails, by name. */
  readonly #failing = new Map<string, string>();
  readonly #endpoints = new Map<string, ReadonlySet<string>>();
  #verdict: BridgeVerdict | null = null;

  /** @param history keeps changes for the status page; null where nobody looks. */
  constructor(logger: Logger, metrics: CheckMetrics, history: Pick<ChangeHistory, 'add'> | null = null) {
    this.#logger = logger;
    this.#metrics = metrics;
    this.#history = history;
  }

  onCheck(cluster: string, endpoint: string, outcome: string, durationMs: number): void {
    this.#metrics.onCheck(cluster, outcome, durationMs);
    if (this.#logger.isLevelEnabled('debug')) {
      this.#logger.debug({ cluster, endpoint, outcome, durationMs: Math.round(durationMs * 10) / 10 }, 'health check');
    }
  }

  onStateChange({ cluster, endpoint, from, to, reason }: EndpointStateChange): void {
    this.#metrics.onStateChange(cluster, to);
    this.#history?.add({ cluster, endpoint, from, to, reason });
    this.#logger.info(
      { cluster, endpoint, fromState: from, toState: to, ...(reason === '' ? {} : { reason }) },
      'endpoint state changed',
    );
  }

  /** An endpoint is ejected, or returns. `checked` is its state by checks, which shows again then; null if it is not known. */
  onEjection(cluster: string, change: EjectionChange, checked: HealthState | null): void {
    const { key: endpoint } = change;
    const isEjected = change.kind === 'ejected';
    const reason = isEjected ? change.ejection.words : '';
    if (checked === 'healthy' || checked === 'degraded') {
      const to = isEjected ? 'ejected' : checked;
      this.#metrics.onStateChange(cluster, to);
      this.#history?.add({ cluster, endpoint, from: isEjected ? checked : 'ejected', to, reason });
    }
    if (isEjected) {
      const { kind, sinceMs, untilMs } = change.ejection;
      this.#logger.info({ cluster, endpoint, kind, reason, forMs: untilMs - sinceMs }, 'endpoint ejected');
    } else {
      this.#logger.info({ cluster, endpoint, cause: change.cause }, 'ejected endpoint returned');
    }
  }

  onDiscovery(cluster: string, update: DiscoveryUpdate): void {
    if (update.kind === 'failed') {
      if (this.#failing.get(cluster) !== update.reason) {
        this.#failing.set(cluster, update.reason);
        this.#logger.warn({ cluster, reason: update.reason }, 'discovery failed');
      }
    } else if (this.#failing.delete(cluster)) {
      this.#logger.info({ cluster, endpoints: update.endpoints.length }, 'discovery recovered');
    }
    // One of several sources may fail while others go on.
    if (update.endpoints !== undefined) {
      this.#onEndpoints(cluster, update.endpoints);
    }
  }

  #onEndpoints(cluster: string, endpoints: readonly Endpoint[]): void {
    const before = this.#endpoints.get(cluster) ?? new Set();
    const after = new Set(endpoints.map(({ key }) => key));
    const added = [...after].filter((key) => !before.has(key)).length;
    const removed = [...before].filter((key) => !after.has(key)).length;
    this.#endpoints.set(cluster, after);
    if (added + removed > 0) {
      this.#logger.info({ cluster, added, removed, endpoints: after.size }, 'endpoints changed');
    }
  }

  onEndpointRemoved(cluster: string, endpoint: string): void {
    this.#logger.debug({ cluster, endpoint }, 'endpoint removed');
  }

  /** Says which clusters, and whether the whole, changed between healthy and unhealthy. */
  onVerdict(verdict: BridgeVerdict): void {
    const previous = this.#verdict;
    this.#verdict = verdict;
    for (const name of previous?.clusters.keys() ?? []) {
      if (!verdict.clusters.has(name)) {
        // A reload has removed it.
        this.#failing.delete(name);
        this.#endpoints.delete(name);
      }
    }
    for (const { name, healthy, status, summary } of verdict.clusters.values()) {
      if (previous?.clusters.get(name)?.healthy !== healthy && (previous !== null || healthy)) {
        this.#logger.info({ cluster: name, healthy, status, summary }, 'cluster state changed');
      }
    }
    const { healthy, status } = verdict.whole;
    if (previous?.whole.healthy !== healthy && (previous !== null || healthy)) {
      this.#logger.info({ healthy, status }, 'health answer changed');
    }
  }
}

/** Tells also of checks that have passed, which let ejected endpoints return. */
export function withPasses(observer: HealthObserver, onPassed: (cluster: string, endpoint: string) => void): HealthObserver {
  return {
    onCheck: (...args) => observer.onCheck(...args),
    onPassed,
    onStateChange: (change) => observer.onStateChange(change),
    onDiscovery: (cluster, update) => observer.onDiscovery(cluster, update),
    onEndpointRemoved: (cluster, endpoint) => observer.onEndpointRemoved(cluster, endpoint),
  };
}
