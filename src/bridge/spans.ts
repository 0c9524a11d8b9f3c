import type { Logger } from 'pino';
import type { Config } from '../config/load.ts';
import type { TracingConfig } from '../config/sections/tracing.ts';
import type { HealthObserver } from '../health/observer.ts';
import { Tracing } from '../observability/tracing/tracing.ts';
import type { Clock } from '../util/clock.ts';

/** What makes spans; null where no collector is configured. */
export function createTracing(
  { otlpEndpoint }: TracingConfig,
  { clock, logger, version }: { readonly clock: Clock; readonly logger: Logger; readonly version: string },
): Tracing | null {
  return otlpEndpoint === null
    ? null
    : new Tracing({ endpoint: otlpEndpoint, version, clock, logger: logger.child({ component: 'tracing' }) });
}

/** Tells of checks twice. Those of a cluster that takes another's word for its health, or none, have no spans. */
export function withCheckSpans(observer: HealthObserver, tracing: Tracing | null, config: () => Config): HealthObserver {
  if (tracing === null) {
    return observer;
  }
  return {
    onCheck: (cluster, endpoint, outcome, durationMs) => {
      observer.onCheck(cluster, endpoint, outcome, durationMs);
      const healthCheck = config().clusters.find(({ name }) => name === cluster)?.healthCheck;
      const { type = 'none', mode = 'auto' } = healthCheck ?? {};
      if (type !== 'none' && type !== 'envoy') {
        tracing.checks.onCheck({ cluster, endpoint, type, mode, outcome, durationMs });
      }
    },
    onPassed: (cluster, endpoint) => observer.onPassed?.(cluster, endpoint),
    onStateChange: (change) => observer.onStateChange(change),
    onDiscovery: (cluster, update) => observer.onDiscovery(cluster, update),
    onEndpointRemoved: (cluster, endpoint) => observer.onEndpointRemoved(cluster, endpoint),
  };
}
