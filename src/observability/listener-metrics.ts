import { Counter, Gauge, type Registry } from 'prom-client';
import { METRIC_PREFIX } from './metrics.ts';

/** What a scrape reads of one listener. */
export interface ListenerSnapshot {
  readonly name: string;
  /** Open connections by protocol: `http1`, `http2`, and `detecting` before the first octets. */
  readonly connections: ReadonlyMap<string, number>;
  /** When its certificate ends, in milliseconds since 1970; null without TLS. */
  readonly certificateExpiryMs: number | null;
}

/** The process as its clients see it: connections, probes, certificates, draining. */
export class ListenerMetrics {
  readonly #probes: Counter<'path' | 'code'>;
  readonly #refusals: Counter<'kind'>;

  constructor(registry: Registry, snapshots: () => Iterable<ListenerSnapshot>, draining: () => boolean) {
    const registers = [registry];
    this.#probes = new Counter({
      name: `${METRIC_PREFIX}probe_requests_total`,
      help: 'Answers given on health URLs, by template of the path and by code.',
      labelNames: ['path', 'code'],
      registers,
    });
    this.#refusals = new Counter({
      name: `${METRIC_PREFIX}abuse_total`,
      help: 'Peers that a listener turned away for what they did, by kind.',
      labelNames: ['kind'],
      registers,
    });
    registry.registerMetric(
      new Gauge({
        name: `${METRIC_PREFIX}draining`,
        help: '1 while the bridge drains.',
        registers: [],
        collect() {
          this.set(draining() ? 1 : 0);
        },
      }),
    );
    registry.registerMetric(
      new Gauge({
        name: `${METRIC_PREFIX}downstream_connections`,
        help: 'Open connections by listener and protocol.',
        labelNames: ['listener', 'protocol'],
        registers: [],
        collect() {
          this.reset();
          for (const { name, connections } of snapshots()) {
            for (const [protocol, count] of connections) {
              this.set({ listener: name, protocol }, count);
            }
          }
        },
      }),
    );
    registry.registerMetric(
      new Gauge({
        name: `${METRIC_PREFIX}certificate_expiry_timestamp_seconds`,
        help: "When the listener's certificate ends, in seconds since 1970.",
        labelNames: ['listener'],
        registers: [],
        collect() {
          this.reset();
          for (const { name, certificateExpiryMs } of snapshots()) {
            if (certificateExpiryMs !== null) {
              this.set({ listener: name }, certificateExpiryMs / 1000);
            }
          }
        },
      }),
    );
  }

  /** @param path the template of the URL, never the URL itself. */
  onProbe(path: string, code: number): void {
    this.#probes.inc({ path, code: String(code) });
  }

  /** @param kind one of the listener's words for why it refuses a peer. */
  onRefusal(kind: string): void {
    this.#refusals.inc({ kind });
  }
}
