import { collectDefaultMetrics, Gauge, Registry } from 'prom-client';

/** All metrics of this process begin with this; the names are fixed and never renamed. */
export const METRIC_PREFIX = 'grpc_health_bridge_';

export interface MetricsOptions {
  readonly version: string;
  /** Such as `v24.21.0`. */
  readonly nodeVersion: string;
}

/** Gauges with the ending of counters, which checkers of metrics complain of; `nodejs_active_resources` and its like say the same by type. */
const MISNAMED = ['nodejs_active_resources_total', 'nodejs_active_handles_total', 'nodejs_active_requests_total'];

/** A registry with Node's own metrics and `build_info`. Each area adds its metrics to it. */
export function createRegistry(options: MetricsOptions): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  for (const name of MISNAMED) {
    registry.removeSingleMetric(name);
  }
  new Gauge({
    name: `${METRIC_PREFIX}build_info`,
    help: 'Version of the bridge and of the Node it runs on; always 1.',
    labelNames: ['version', 'node'],
    registers: [registry],
  }).set({ version: options.version, node: options.nodeVersion }, 1);
  return registry;
}
