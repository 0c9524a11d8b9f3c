import type {
  GrpcHealthCheckOptions,
  HealthCheckTiming,
  HealthClusterOptions,
  HealthTlsOptions,
  HttpHealthCheckOptions,
} from '../../../src/health/options.ts';
import type { TestTls } from '../tls.ts';

/** The defaults of the configuration, without jitter. */
export const TIMING: HealthCheckTiming = {
  intervalMs: 5_000,
  intervalJitterMs: 0,
  unhealthyIntervalMs: 5_000,
  timeoutMs: 1_000,
  healthyThreshold: 2,
  unhealthyThreshold: 2,
};

export const GRPC_CHECK: GrpcHealthCheckOptions = {
  ...TIMING,
  type: 'grpc',
  mode: 'check',
  services: [''],
  port: null,
  metadata: [],
  authority: null,
  treat: { unimplemented: 'unhealthy', serviceUnknown: 'unhealthy', statusUnknown: 'unhealthy' },
};

/** A cluster `app`, in cleartext and with `GRPC_CHECK`, but for what the test says. */
export function grpcCluster(
  check: Partial<GrpcHealthCheckOptions> = {},
  cluster: Partial<Omit<HealthClusterOptions, 'healthCheck'>> = {},
): HealthClusterOptions {
  return {
    name: 'app',
    connectTimeoutMs: 5_000,
    staleAfterMs: 180_000,
    tls: null,
    ...cluster,
    healthCheck: { ...GRPC_CHECK, ...check },
  };
}

/** A cluster `app` that is checked by `GET /health` for 200, but for what the test says. */
export function httpCluster(
  check: Partial<HttpHealthCheckOptions> = {},
  cluster: Partial<Omit<HealthClusterOptions, 'healthCheck'>> = {},
): HealthClusterOptions {
  const http = { path: '/health', host: null, expectedStatuses: [{ from: 200, to: 200 }] };
  return { ...grpcCluster({}, cluster), healthCheck: { ...TIMING, type: 'http', http, port: null, metadata: [], ...check } };
}

/** TLS that trusts the test authority and shows no client certificate, but for what the test says. */
export function tlsOptions(tls: TestTls, changes: Partial<HealthTlsOptions> = {}): HealthTlsOptions {
  return { ca: tls.ca, cert: null, key: null, serverName: null, insecureSkipVerify: false, subjectAltNames: [], ...changes };
}
