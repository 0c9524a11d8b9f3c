import { EchoClient } from '../../support/echo-client.ts';
import { portOf } from '../../support/rest-bridge.ts';
import { TestBridge } from '../../support/test-bridge.ts';
import { type EnvoyPart, EnvoyProcess, http2Cluster, httpListener, prefixRoute } from './envoy.ts';
import { freePorts } from './free-ports.ts';
import { get } from './get.ts';

/** Outlier detection in the words of the bridge, in whole milliseconds. */
export interface Detection {
  readonly consecutive5xx?: number;
  readonly intervalMs?: number;
  readonly baseEjectionTimeMs?: number;
  readonly maxEjectionPercent?: number;
  readonly successRate?: { readonly minHosts: number; readonly requestVolume: number };
  readonly failurePercentage?: { readonly threshold: number; readonly minHosts: number; readonly requestVolume: number };
  /** Pause between two TCP checks. Absent: nobody checks. */
  readonly checkMs?: number;
}

/** What `/clusters` says of outliers: numbers as they stand there. */
export interface Seen {
  /** Keys of the endpoints that are ejected. */
  readonly ejected: readonly string[];
  /** Mean and threshold. */
  readonly cluster: readonly string[];
  /** By endpoint key. */
  readonly rates: ReadonlyMap<string, string>;
}

/** A proxy with outlier detection before some endpoints. */
export interface OutlierSide extends AsyncDisposable {
  readonly name: string;
  readonly client: EchoClient;
  look(): Promise<Seen>;
}

/** An Envoy 1.40 that ejects one host in any case and never panics, as the bridge does. */
export async function startEnvoySide(keys: readonly string[], detection: Detection): Promise<OutlierSide> {
  const [port = 0] = await freePorts(1);
  const cluster = http2Cluster('echo', keys, {
    // Workers hear of a host that returns at once, not with other changes up to a second later.
    common_lb_config: { healthy_panic_threshold: { value: 0 }, update_merge_window: '0s' },
    outlier_detection: toEnvoy(detection),
    ...(detection.checkMs === undefined ? {} : { health_checks: [tcpCheck(detection.checkMs)] }),
  });
  const envoy = await EnvoyProcess.start({
    static_resources: { clusters: [cluster], listeners: [httpListener(port, [prefixRoute('/', 'echo')])] },
  });
  return toSide('Envoy', port, `${envoy.adminUrl}/clusters`, () => envoy[Symbol.asyncDispose]());
}

export async function startBridgeSide(keys: readonly string[], detection: Detection): Promise<OutlierSide> {
  const { checkMs, intervalMs, baseEjectionTimeMs, ...rest } = detection;
  const bridge = await TestBridge.start({
    clusters: [
      {
        name: 'echo',
        discovery: { type: 'static', endpoints: keys },
        healthCheck: checkMs === undefined ? { type: 'none' } : { type: 'tcp', interval: `${checkMs}ms`, intervalJitter: '0s' },
        outlierDetection: {
          ...rest,
          ...(intervalMs === undefined ? {} : { interval: `${intervalMs}ms` }),
          ...(baseEjectionTimeMs === undefined ? {} : { baseEjectionTime: `${baseEjectionTimeMs}ms` }),
        },
      },
    ],
    routes: [{ name: 'echo', match: { prefix: '/' }, cluster: 'echo' }],
    health: { paths: ['/healthz'] },
  });
  await bridge.untilHealthy(true);
  return toSide('the bridge', portOf(bridge), `${bridge.url('admin')}/clusters`, () => bridge[Symbol.asyncDispose]());
}

function toSide(name: string, port: number, clustersUrl: string, end: () => Promise<void>): OutlierSide {
  const client = new EchoClient(port);
  return {
    name,
    client,
    look: async () => toSeen((await get(clustersUrl)).body),
    [Symbol.asyncDispose]: async () => {
      client[Symbol.dispose]();
      await end();
    },
  };
}

function toEnvoy(detection: Detection): EnvoyPart {
  const { consecutive5xx, intervalMs, baseEjectionTimeMs, maxEjectionPercent, successRate, failurePercentage } = detection;
  return {
    always_eject_one_host: true,
    enforcing_consecutive_gateway_failure: 0,
    enforcing_success_rate: successRate === undefined ? 0 : 100,
    enforcing_failure_percentage: failurePercentage === undefined ? 0 : 100,
    ...(consecutive5xx === 0 ? { enforcing_consecutive_5xx: 0 } : { consecutive_5xx: consecutive5xx }),
    ...(intervalMs === undefined ? {} : { interval: toSeconds(intervalMs) }),
    ...(baseEjectionTimeMs === undefined ? {} : { base_ejection_time: toSeconds(baseEjectionTimeMs) }),
    ...(maxEjectionPercent === undefined ? {} : { max_ejection_percent: maxEjectionPercent }),
    ...(successRate === undefined
      ? {}
      : { success_rate_minimum_hosts: successRate.minHosts, success_rate_request_volume: successRate.requestVolume }),
    ...(failurePercentage === undefined
      ? {}
      : {
          failure_percentage_threshold: failurePercentage.threshold,
          failure_percentage_minimum_hosts: failurePercentage.minHosts,
          failure_percentage_request_volume: failurePercentage.requestVolume,
        }),
  };
}

function tcpCheck(intervalMs: number): EnvoyPart {
  const interval = toSeconds(intervalMs);
  return {
    timeout: '1s',
    interval,
    no_traffic_interval: interval,
    unhealthy_threshold: 1,
    healthy_threshold: 1,
    tcp_health_check: {},
  };
}

function toSeconds(ms: number): string {
  return `${ms / 1000}s`;
}

function toSeen(text: string): Seen {
  const lines = text.split('\n').filter((line) => line.startsWith('echo::'));
  const valuesOf = (key: string): readonly (readonly [string, string])[] =>
    lines.flatMap((line) => {
      const [, subject = '', name, value = ''] = line.split('::');
      return name === key ? [[subject, value] as const] : [];
    });
  return {
    ejected: valuesOf('health_flags').flatMap(([key, flags]) => (flags.includes('/failed_outlier_check') ? [key] : [])),
    cluster: [...valuesOf('success_rate_average'), ...valuesOf('success_rate_ejection_threshold')].map(([, value]) => value),
    rates: new Map(valuesOf('success_rate')),
  };
}
