import { EJECTION_KINDS, type EjectionKind } from '../model/ejection.ts';
import { RetryDenial } from '../proxy/local-reason.ts';
import { formatSample, type MetricFamily } from './exposition.ts';
import { METRIC_PREFIX } from './metrics.ts';

/** What a scrape reads of one cluster that calls are forwarded to. */
export interface UpstreamSnapshot {
  readonly name: string;
  /** Requests on a connection; those that wait for one are not among them. */
  readonly activeRequests: number;
  /** Attempts after others. */
  readonly retries: number;
  /** Calls that were not repeated although their route has their status repeated, by the reason. Absent: none. */
  readonly retryDenials?: Readonly<Record<RetryDenial, number>>;
  /** Whether endpoints may be ejected. Absent: no. */
  readonly detectsOutliers?: boolean;
}

/** Connections of one cluster since the process has begun. */
interface ConnectionCounts {
  opened: number;
  closed: number;
}

type EjectionCounts = Record<EjectionKind, number>;

/** The side of the endpoints: connections, and what is under way on them. */
export class UpstreamMetrics {
  readonly #snapshots: () => Iterable<UpstreamSnapshot>;
  readonly #counts = new Map<string, ConnectionCounts>();
  readonly #ejections = new Map<string, EjectionCounts>();

  constructor(snapshots: () => Iterable<UpstreamSnapshot>) {
    this.#snapshots = snapshots;
  }

  onConnectionOpened(cluster: string): void {
    const counts = this.#counts.get(cluster);
    if (counts === undefined) {
      this.#counts.set(cluster, { opened: 1, closed: 0 });
    } else {
      counts.opened++;
    }
  }

  onConnectionClosed(cluster: string): void {
    const counts = this.#counts.get(cluster);
    if (counts !== undefined) {
      counts.closed++;
    }
  }

  /** Outlier detection has ejected an endpoint. */
  onEjection(cluster: string, kind: EjectionKind): void {
    const counts = this.#ejections.get(cluster) ?? noEjections();
    counts[kind]++;
    this.#ejections.set(cluster, counts);
  }

  /** What is known now. The series of clusters that are gone are gone too. */
  read(): readonly MetricFamily[] {
    const clusters = [...this.#snapshots()];
    this.#forgetAllBut(new Set(clusters.map(({ name }) => name)));
    const family = (
      name: string,
      type: 'counter' | 'gauge',
      help: string,
      valueOf: (cluster: UpstreamSnapshot, counts: ConnectionCounts) => number,
    ): MetricFamily => ({
      name: METRIC_PREFIX + name,
      type,
      help,
      lines: clusters.map((cluster) => {
        const counts = this.#counts.get(cluster.name) ?? { opened: 0, closed: 0 };
        return formatSample(METRIC_PREFIX + name, { cluster: cluster.name }, valueOf(cluster, counts));
      }),
    });
    return [
      family('upstream_connections', 'gauge', 'Open connections to endpoints.', (_, { opened, closed }) => opened - closed),
      family(
        'upstream_connections_opened_total',
        'counter',
        'Connections to endpoints that were opened.',
        (_, { opened }) => opened,
      ),
      family('upstream_requests_active', 'gauge', 'Requests under way at endpoints.', ({ activeRequests }) => activeRequests),
      family(
        'retries_total',
        'counter',
        'Attempts after one that an endpoint had not processed, or that a route repeats.',
        ({ retries }) => retries,
      ),
      readRetryDenials(clusters),
      this.#readEjections(clusters),
    ];
  }

  /** Every kind of each cluster with outlier detection, from 0 on. */
  #readEjections(clusters: readonly UpstreamSnapshot[]): MetricFamily {
    const name = `${METRIC_PREFIX}ejections_total`;
    const lines = clusters
      .filter(({ detectsOutliers }) => detectsOutliers === true)
      .flatMap(({ name: cluster }) => {
        const counts = this.#ejections.get(cluster) ?? noEjections();
        return EJECTION_KINDS.map((reason) => formatSample(name, { cluster, reason }, counts[reason]));
      });
    return { name, type: 'counter', help: 'Endpoints that outlier detection has ejected, by what they did.', lines };
  }

  #forgetAllBut(names: ReadonlySet<string>): void {
    for (const name of this.#ejections.keys()) {
      if (!names.has(name)) {
        this.#ejections.delete(name);
      }
    }
    for (const [name, { opened, closed }] of this.#counts) {
      if (!names.has(name) && opened === closed) {
        this.#counts.delete(name);
      }
    }
  }
}

/** Either reason of each cluster, from 0 on. */
function readRetryDenials(clusters: readonly UpstreamSnapshot[]): MetricFamily {
  const name = `${METRIC_PREFIX}retries_refused_total`;
  const lines = clusters.flatMap(({ name: cluster, retryDenials }) =>
    Object.values(RetryDenial).map((reason) => formatSample(name, { cluster, reason }, retryDenials?.[reason] ?? 0)),
  );
  const help =
    'Calls that ended with a status their route repeats: maxAttempts was reached, or the limit of repetitions at once.';
  return { name, type: 'counter', help, lines };
}

function noEjections(): EjectionCounts {
  return { consecutive_5xx: 0, consecutive_gateway_failure: 0, success_rate: 0, failure_percentage: 0 };
}
