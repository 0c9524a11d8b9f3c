import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { EndpointHealth, HealthState } from '../model/health-view.ts';
import { METRIC_PREFIX } from './metrics.ts';

/** What a scrape reads of one cluster. */
export interface ClusterSnapshot {
  readonly name: string;
  readonly healthy: boolean;
  readonly states: ReadonlyMap<HealthState, number>;
  readonly endpoints: readonly EndpointHealth[];
  /** When discovery answered last, in milliseconds since 1970; null if never. */
  readonly discoveredMs: number | null;
}

/** From a loopback answer to the longest timeout that is sensible: a check that takes seconds is not healthy any more. */
const CHECK_DURATION_BUCKETS_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];
const STATES: readonly HealthState[] = [
  'healthy',
  'degraded',
  'unhealthy',
  'pending',
  'stale',
  'ejected',
  'draining',
  'excluded',
];

/** Health, checks and discovery. Gauges are read from the current verdict at each scrape, so a series leaves with its endpoint. */
export class HealthMetrics {
  readonly #checkDuration: Histogram<'cluster'>;
  readonly #checks: Counter<'cluster' | 'outcome'>;
  readonly #stateChanges: Counter<'cluster' | 'to'>;
  /** Label values of counters, by cluster. */
  readonly #outcomes = new Map<string, Set<string>>();
  readonly #targets = new Map<string, Set<HealthState>>();

  constructor(registry: Registry, snapshots: () => Iterable<ClusterSnapshot>) {
    const registers = [registry];
    this.#checkDuration = new Histogram({
      name: `${METRIC_PREFIX}check_duration_seconds`,
      help: 'How long health checks took, connecting included.',
      labelNames: ['cluster'],
      buckets: CHECK_DURATION_BUCKETS_SECONDS,
      registers,
    });
    this.#checks = new Counter({
      name: `${METRIC_PREFIX}checks_total`,
      help: 'Health checks by outcome.',
      labelNames: ['cluster', 'outcome'],
      registers,
    });
    this.#stateChanges = new Counter({
      name: `${METRIC_PREFIX}state_changes_total`,
      help: 'Endpoints that changed their state, by the state they went to.',
      labelNames: ['cluster', 'to'],
      registers,
    });
    addClusterGauges(registry, snapshots);
  }

  onCheck(cluster: string, outcome: string, durationMs: number): void {
    this.#checkDuration.observe({ cluster }, durationMs / 1000);
    this.#checks.inc({ cluster, outcome });
    remember(this.#outcomes, cluster, outcome);
  }

  onStateChange(cluster: string, to: HealthState): void {
    this.#stateChanges.inc({ cluster, to });
    remember(this.#targets, cluster, to);
  }

  /** Forgets what was counted for clusters that are not among these. */
  retain(clusters: ReadonlySet<string>): void {
    for (const [cluster, outcomes] of this.#outcomes) {
      if (!clusters.has(cluster)) {
        this.#checkDuration.remove({ cluster });
        outcomes.forEach((outcome) => this.#checks.remove({ cluster, outcome }));
        this.#outcomes.delete(cluster);
      }
    }
    for (const [cluster, targets] of this.#targets) {
      if (!clusters.has(cluster)) {
        targets.forEach((to) => this.#stateChanges.remove({ cluster, to }));
        this.#targets.delete(cluster);
      }
    }
  }
}

function remember<T>(known: Map<string, Set<T>>, cluster: string, value: T): void {
  const values = known.get(cluster);
  if (values === undefined) {
    known.set(cluster, new Set([value]));
  } else {
    values.add(value);
  }
}

function addClusterGauges(registry: Registry, snapshots: () => Iterable<ClusterSnapshot>): void {
  registry.registerMetric(
    new Gauge({
      name: `${METRIC_PREFIX}cluster_healthy`,
      help: '1 while the cluster is healthy by its healthyWhen, else 0.',
      labelNames: ['cluster'],
      registers: [],
      collect() {
        this.reset();
        for (const { name, healthy } of snapshots()) {
          this.set({ cluster: name }, healthy ? 1 : 0);
        }
      },
    }),
  );
  registry.registerMetric(
    new Gauge({
      name: `${METRIC_PREFIX}endpoints`,
      help: 'Endpoints of the cluster by state.',
      labelNames: ['cluster', 'state'],
      registers: [],
      collect() {
        this.reset();
        for (const { name, states } of snapshots()) {
          for (const state of STATES) {
            this.set({ cluster: name, state }, states.get(state) ?? 0);
          }
        }
      },
    }),
  );
  registry.registerMetric(
    new Gauge({
      name: `${METRIC_PREFIX}endpoint_up`,
      help: '1 while the endpoint is healthy or degraded, else 0; gone with the endpoint.',
      labelNames: ['cluster', 'endpoint'],
      registers: [],
      collect() {
        this.reset();
        for (const { name, endpoints } of snapshots()) {
          for (const { endpoint, state } of endpoints) {
            this.set({ cluster: name, endpoint: endpoint.key }, state === 'healthy' || state === 'degraded' ? 1 : 0);
          }
        }
      },
    }),
  );
  registry.registerMetric(
    new Gauge({
      name: `${METRIC_PREFIX}discovery_last_success_timestamp_seconds`,
      help: 'When discovery of the cluster answered last, in seconds since 1970; 0 if never.',
      labelNames: ['cluster'],
      registers: [],
      collect() {
        this.reset();
        for (const { name, discoveredMs } of snapshots()) {
          this.set({ cluster: name }, (discoveredMs ?? 0) / 1000);
        }
      },
    }),
  );
}
