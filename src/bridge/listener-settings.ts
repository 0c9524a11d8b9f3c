import type { Config } from '../config/load.ts';
import type { ListenerConfig } from '../config/sections/listener.ts';
import type { ListenerLimitsConfig } from '../config/sections/listener-limits.ts';
import { HealthUrls } from '../http/health-url.ts';
import { type Http2Limits, LIMIT_PROFILES } from '../http2/index.ts';
import type { ForwardedHeadersOptions, TraceMarker } from '../proxy/forwarded-headers.ts';
import type { ListenerOptions } from '../proxy/listener-options.ts';

/** What the configuration says of a listener, in the words of the proxy. `traces`: see ForwardedHeadersOptions, null for none. */
export function toListenerOptions(
  config: ListenerConfig,
  whole: Config,
  traces: TraceMarker | null = null,
): Partial<ListenerOptions> {
  const { keepalive, limits } = config;
  return {
    idleTimeoutMs: config.idleTimeoutMs,
    isHealthPath: config.health === 'none' ? () => false : healthPaths(whole.health.paths),
    forwardedHeaders: toForwardedHeaders(config, whole, traces),
    limits: toSocketLimits(limits),
    http2: {
      limits: { ...toHttp2Limits(limits), pingMinIntervalMs: keepalive.minTimeMs },
      keepalive: {
        timeMs: keepalive.timeMs,
        timeoutMs: keepalive.timeoutMs,
        permitWithoutStreams: keepalive.permitWithoutStream,
      },
      maxConnectionAgeMs: config.maxConnectionAgeMs,
      maxConnectionAgeGraceMs: config.maxConnectionAgeGraceMs,
    },
  };
}

/** How a listener marks what it relays. */
export function toForwardedHeaders(
  { headers }: ListenerConfig,
  { tracing }: Config,
  traces: TraceMarker | null,
): ForwardedHeadersOptions {
  return { ...headers, propagateTrace: tracing.propagate, ...(traces === null ? {} : { traces }) };
}

/** Whether a path is one of the health URLs, parts included. */
function healthPaths(paths: readonly string[]): (pathname: string) => boolean {
  const urls = new HealthUrls(paths);
  return (pathname) => {
    const { kind } = urls.parse(pathname).target;
    return kind !== 'unknown' && kind !== 'malformed';
  };
}

function toSocketLimits(limits: ListenerLimitsConfig): NonNullable<ListenerOptions['limits']> {
  const { maxConnections, maxConnectionsPerAddress, handshakeTimeoutMs, maxHeaderListBytes, maxHeaderFields } = limits;
  return {
    maxConnections,
    maxConnectionsPerAddress,
    handshakeTimeoutMs,
    ...(maxHeaderListBytes === null ? {} : { maxHeaderBytes: maxHeaderListBytes }),
    ...(maxHeaderFields === null ? {} : { maxHeaderFields }),
  };
}

/** Limits that are no limits of HTTP/2. */
const OTHER_LIMITS: ReadonlySet<string> = new Set([
  'profile',
  'maxConnections',
  'maxConnectionsPerAddress',
  'handshakeTimeoutMs',
]);

/** The profile, with the single limits that are given. */
function toHttp2Limits(limits: ListenerLimitsConfig): Http2Limits {
  const given = Object.entries(limits).filter(([name, value]) => value !== null && !OTHER_LIMITS.has(name));
  return { ...LIMIT_PROFILES[limits.profile], ...Object.fromEntries(given) };
}
