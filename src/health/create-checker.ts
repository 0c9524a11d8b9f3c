import { type Address, formatAddress } from '../model/address.ts';
import type { Endpoint } from '../model/endpoint.ts';
import type { Clock } from '../util/clock.ts';
import type { Random } from '../util/random.ts';
import type { CreateChecker } from './checker.ts';
import { GrpcChecker } from './grpc-checker.ts';
import type { GrpcTarget } from './grpc-connection.ts';
import { HttpChecker, type HttpCheckerOptions } from './http-checker.ts';
import { MetadataSource } from './metadata-source.ts';
import { createNoneChecker } from './none-checker.ts';
import type { GrpcHealthCheckOptions, HealthClusterOptions, HttpHealthCheckOptions } from './options.ts';
import { TcpChecker, type TcpCheckerOptions } from './tcp-checker.ts';
import { createTlsContext, type TlsTarget } from './tls-connect.ts';

const LOCAL_NAME = 'localhost';

export interface CheckerDeps {
  readonly clock: Clock;
  readonly random: Random;
  /** Sent as `user-agent` with every check, grpc-js's own behind it. */
  readonly userAgent: string;
}

/**
 * How each cluster's endpoints are checked: one line for each type.
 *
 * @throws Error when the TLS options of a cluster are unusable.
 */
export function createCheckerFor(deps: CheckerDeps): (cluster: HealthClusterOptions) => CreateChecker {
  return (cluster) => {
    const { healthCheck } = cluster;
    switch (healthCheck.type) {
      case 'grpc':
        return grpcCheckers(cluster, healthCheck, deps);
      case 'tcp':
        return ({ address }) => new TcpChecker(checkedAddress(address, healthCheck), tcpOptions(cluster), deps.clock);
      case 'http':
        return httpCheckers(cluster, healthCheck, deps);
      case 'none':
      // Nobody asks for one: a monitor of what is reported has no checker.
      case 'envoy':
        return createNoneChecker;
    }
  };
}

function grpcCheckers(cluster: HealthClusterOptions, healthCheck: GrpcHealthCheckOptions, deps: CheckerDeps): CreateChecker {
  const { connectTimeoutMs } = cluster;
  const metadata = new MetadataSource(healthCheck.metadata, deps.clock);
  const tlsOf = tlsTargets(cluster);
  return (endpoint, events) => {
    const address = checkedAddress(endpoint.address, healthCheck);
    const authority = healthCheck.authority ?? defaultAuthority(endpoint, address, cluster);
    const target: GrpcTarget = { address, authority, userAgent: deps.userAgent, tls: tlsOf(endpoint) };
    return new GrpcChecker(target, { ...healthCheck, connectTimeoutMs }, { ...deps, metadata }, events);
  };
}

function httpCheckers(cluster: HealthClusterOptions, healthCheck: HttpHealthCheckOptions, deps: CheckerDeps): CreateChecker {
  const { connectTimeoutMs } = cluster;
  const { http, timeoutMs } = healthCheck;
  const metadata = new MetadataSource(healthCheck.metadata, deps.clock);
  const tlsOf = tlsTargets(cluster);
  return (endpoint) => {
    const address = checkedAddress(endpoint.address, healthCheck);
    const host = http.host ?? defaultAuthority(endpoint, address, cluster);
    const options: HttpCheckerOptions = { ...http, host, userAgent: deps.userAgent, timeoutMs, connectTimeoutMs };
    return new HttpChecker({ address, tls: tlsOf(endpoint) }, options, { clock: deps.clock, metadata });
  };
}

/** What TLS towards each endpoint needs; null is cleartext. */
function tlsTargets({ tls }: HealthClusterOptions): (endpoint: Endpoint) => TlsTarget | null {
  if (tls === null) {
    return () => null;
  }
  const context = createTlsContext(tls);
  const shared = {
    context,
    verify: !tls.insecureSkipVerify,
    subjectAltNames: tls.subjectAltNames,
    clientCertificate: tls.cert !== null,
  };
  return (endpoint) => ({ ...shared, name: tls.serverName ?? endpointName(endpoint) });
}

/** What requests are for, where the check does not say. */
function defaultAuthority({ hostname }: Endpoint, address: Address, { tls }: HealthClusterOptions): string {
  return tls?.serverName ?? withoutDot(hostname) ?? formatAuthority(address);
}

/** TLS is not spoken, so the time to connect is that of TCP alone. */
function tcpOptions({ connectTimeoutMs, healthCheck }: HealthClusterOptions): TcpCheckerOptions {
  return { timeoutMs: Math.min(connectTimeoutMs, healthCheck.timeoutMs) };
}

function checkedAddress(address: Address, { port }: { readonly port: number | null }): Address {
  return address.kind === 'unix' || port === null ? address : { ...address, port };
}

/** The name that a certificate must be for: a unix socket has none, and servers on one are of this machine. */
function endpointName({ hostname, address }: Endpoint): string {
  return withoutDot(hostname) ?? (address.kind === 'unix' ? LOCAL_NAME : address.host);
}

function formatAuthority(address: Address): string {
  return address.kind === 'unix' ? LOCAL_NAME : formatAddress(address);
}

/** A name in DNS may end in a dot, one in a certificate or an authority does not. */
function withoutDot(hostname: string | null): string | null {
  return hostname?.endsWith('.') === true ? hostname.slice(0, -1) : hostname;
}
