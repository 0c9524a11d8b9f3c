import { createCheckerFor } from '../../src/health/create-checker.ts';
import { HealthTable } from '../../src/health/health-table.ts';
import type { GrpcHealthCheckOptions } from '../../src/health/options.ts';
import { createEndpoint } from '../../src/model/endpoint.ts';
import type { HealthState } from '../../src/model/health-view.ts';
import { systemClock } from '../../src/util/clock.ts';
import { systemRandom } from '../../src/util/random.ts';

const CLUSTER = 'bench';

export interface CheckedTableOptions {
  readonly port: number;
  /** Each at an address of its own in 127.0.0.0/8. */
  readonly endpoints: number;
  readonly check: Partial<GrpcHealthCheckOptions>;
}

function nothing(): void {
  // The bench counts checks and looks at views.
}

/** The health flow without discovery and judgement, at the intervals of the GKE recipe: 5 s, jitter 1 s, timeout 1 s. */
export class CheckedTable {
  readonly #table: HealthTable;
  readonly #size: number;
  /** Checks that have ended. */
  checks = 0;
  #onView: () => void = () => undefined;

  constructor({ port, endpoints, check }: CheckedTableOptions) {
    this.#size = endpoints;
    const healthCheck: GrpcHealthCheckOptions = {
      type: 'grpc',
      mode: 'check',
      services: [''],
      port: null,
      intervalMs: 5_000,
      intervalJitterMs: 1_000,
      unhealthyIntervalMs: 5_000,
      timeoutMs: 1_000,
      healthyThreshold: 3,
      unhealthyThreshold: 1,
      metadata: [],
      authority: null,
      treat: { unimplemented: 'unhealthy', serviceUnknown: 'unhealthy', statusUnknown: 'unhealthy' },
      ...check,
    };
    this.#table = new HealthTable([{ name: CLUSTER, connectTimeoutMs: 5_000, staleAfterMs: 180_000, tls: null, healthCheck }], {
      clock: systemClock,
      random: systemRandom,
      observer: {
        onCheck: () => {
          this.checks += 1;
        },
        onStateChange: nothing,
        onDiscovery: nothing,
        onEndpointRemoved: nothing,
      },
      createChecker: createCheckerFor({ clock: systemClock, random: systemRandom, userAgent: 'bench' }),
      onView: () => this.#onView(),
    });
    this.#table.start();
    const found = Array.from({ length: endpoints }, (_, index) =>
      createEndpoint({ kind: 'tcp', host: `127.1.${index >> 8}.${index & 255}`, port }, null),
    );
    this.#table.updateDiscovery(CLUSTER, { kind: 'endpoints', endpoints: found });
  }

  /** Resolves, with how long it took in milliseconds, once every endpoint has that state. */
  async until(state: HealthState): Promise<number> {
    const startedAt = performance.now();
    while (this.#count(state) < this.#size) {
      await new Promise<void>((resolve) => {
        this.#onView = resolve;
      });
    }
    return performance.now() - startedAt;
  }

  close(): Promise<void> {
    return this.#table.close();
  }

  #count(state: HealthState): number {
    return (this.#table.view.clusters.get(CLUSTER)?.endpoints ?? []).filter((endpoint) => endpoint.state === state).length;
  }
}
