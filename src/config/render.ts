import { stringify } from 'yaml';
import { type Address, formatAddress } from '../model/address.ts';
import { formatDuration } from './duration.ts';
import type { Config } from './schema.ts';
import type { ClusterConfig } from './sections/cluster.ts';
import type { HealthCheckConfig } from './sections/health-check.ts';
import { formatStatuses } from './sections/health-check-http.ts';
import type { MetadataConfig } from './sections/metadata.ts';
import type { RouteConfig } from './sections/route.ts';
import { formatSize } from './size.ts';

/** Stands for every metadata value that the configuration itself holds, and for values of headers that carry secrets. The path of a file is shown. */
export const MASKED = '***';

/** Names of headers whose values let somebody in. */
const SECRET_HEADER = /auth|cookie|token|secret|password|credential|api-?key/i;

const DURATION_SUFFIX = 'Ms';
const SIZE_SUFFIX = 'Bytes';
/** Sizes whose key in the file ends so too. */
const KEYS_OF_SIZES: ReadonlySet<string> = new Set(['maxBytes']);

/**
 * Writes the configuration in force as YAML in the words of its file, every default included: loaded again it gives the same
 * configuration, masked values aside. It goes by the conventions of `Config`: a name that ends in `Ms` is a duration,
 * one in `Bytes` a size, and null is a key that is not there.
 */
export function renderConfig(config: Config): string {
  const rendered = {
    ...renderSection(config),
    clusters: config.clusters.map(renderCluster),
    routes: config.routes.map(renderRoute),
  };
  return stringify(rendered, { lineWidth: 0 });
}

function renderRoute(route: RouteConfig): Record<string, unknown> {
  const { path, authority, headers } = route.match;
  const match = {
    [path.kind === 'exact' ? 'path' : 'prefix']: path.value,
    ...(authority === null ? {} : { authority }),
    headers: headers.map((header) =>
      'value' in header
        ? { name: header.name, [header.kind]: SECRET_HEADER.test(header.name) ? MASKED : header.value }
        : { name: header.name, present: true },
    ),
  };
  return { ...renderSection(route), match };
}

function renderCluster(cluster: ClusterConfig): Record<string, unknown> {
  const metadata = renderMetadata(cluster.healthCheck.metadata);
  const http = renderHttpCheck(cluster.healthCheck);
  return { ...renderSection(cluster), healthCheck: { ...renderSection(cluster.healthCheck), metadata, ...http } };
}

function renderHttpCheck({ http }: HealthCheckConfig): Record<string, unknown> {
  return http === null ? {} : { http: { ...renderSection(http), expectedStatuses: http.expectedStatuses.map(formatStatuses) } };
}

function renderMetadata(entries: readonly MetadataConfig[]): Record<string, unknown> {
  return Object.fromEntries(entries.map(({ name, value }) => [name, value.kind === 'file' ? { file: value.path } : MASKED]));
}

function renderSection(section: object): Record<string, unknown> {
  const present = Object.entries(section).filter(([, value]) => value !== null);
  return Object.fromEntries(present.map(([key, value]) => renderKey(key, value)));
}

function renderKey(key: string, value: unknown): readonly [string, unknown] {
  if (typeof value === 'number' && key.endsWith(DURATION_SUFFIX)) {
    return [key.slice(0, -DURATION_SUFFIX.length), formatDuration(value)];
  }
  if (typeof value === 'number' && key.endsWith(SIZE_SUFFIX)) {
    return [KEYS_OF_SIZES.has(key) ? key : key.slice(0, -SIZE_SUFFIX.length), formatSize(value)];
  }
  return [key, renderValue(value)];
}

function renderValue(value: unknown): unknown {
  if (Array.isArray(value)) {
    return value.map(renderValue);
  }
  if (typeof value !== 'object' || value === null) {
    return value;
  }
  return isAddress(value) ? formatAddress(value) : renderSection(value);
}

/** Nothing else in a configuration has one of these kinds. */
function isAddress(value: object): value is Address {
  return 'kind' in value && (value.kind === 'tcp' || value.kind === 'unix');
}
