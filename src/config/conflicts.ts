import type { ConfigProblem } from '../errors.ts';
import { type Address, formatAddress } from '../model/address.ts';
import { findEnvoyConflicts } from './envoy-conflicts.ts';
import { describeGot } from './got.ts';
import { MAX_PROBLEMS } from './limits.ts';
import { findRepeats } from './lists.ts';
import { findNearest } from './nearest.ts';
import { isPlainObject, type Placed } from './paths.ts';
import { readSound } from './problems.ts';
import { findRouteConflicts } from './route-conflicts.ts';
import { AdminSchema, toAdminConfig } from './sections/admin.ts';
import { HealthSchema, toHealthConfig } from './sections/health.ts';
import { ListenerSchema, toListenerConfig } from './sections/listener.ts';
import { MetricsSchema, toMetricsConfig } from './sections/metrics.ts';
import { findSubsetConflicts } from './subset-conflicts.ts';

/**
 * What contradicts something elsewhere in the configuration. It looks at whatever is sound on its own, so that one run names
 * these problems beside those of single sections.
 */
export function findConflicts(raw: unknown): readonly ConfigProblem[] {
  if (!isPlainObject(raw)) {
    return [];
  }
  const health = isPlainObject(raw['health']) ? raw['health'] : {};
  const clusters = readNames(raw['clusters'], 'clusters');
  const groups = readNames(health['groups'], 'health.groups');
  return [
    ...findListenerConflicts(raw),
    ...findTakenNames([...clusters, ...groups]),
    ...findMissingClusters(health, clusters),
    ...findCountConflicts(health, clusters),
    ...findPathConflicts(health, [...clusters, ...groups]),
    ...findRouteConflicts(raw, clusters),
    ...findSubsetConflicts(raw),
    ...findEnvoyConflicts(raw),
  ];
}

function findListenerConflicts(raw: Record<string, unknown>): readonly ConfigProblem[] {
  const listeners = asList(raw['listeners']).flatMap((item, index): Placed<ReturnType<typeof toListenerConfig>>[] => {
    const section = readSound(ListenerSchema, item);
    return section === null ? [] : [{ path: `listeners[${index}]`, value: toListenerConfig(section, index) }];
  });
  // These two stand beside the others in metrics and logs.
  const ownNames = ['admin', ...(raw['metrics'] === undefined ? [] : ['metrics'])];
  const reserved = ownNames.map((name) => ({ path: `${name}.name`, value: name }));
  const names = [...reserved, ...listeners.map(({ path, value }) => ({ path: `${path}.name`, value: value.name }))];
  const addresses = listeners.map(({ path, value }) => ({ path: `${path}.address`, value: value.address }));
  const admin = readSound(AdminSchema, raw['admin'] ?? {});
  if (admin !== null) {
    addresses.push({ path: 'admin.address', value: toAdminConfig(admin).address });
  }
  const metrics = readSound(MetricsSchema, raw['metrics']);
  if (metrics !== null) {
    addresses.push({ path: 'metrics.address', value: toMetricsConfig(metrics).address });
  }
  return [...findTakenNames(names), ...findTakenAddresses(addresses)];
}

function findTakenNames(names: readonly Placed<string>[]): readonly ConfigProblem[] {
  return findRepeats(names.map(({ value }) => value)).map(({ index, earlier }) => ({
    path: names[index]?.path ?? '',
    message: `is taken by ${parentOf(names[earlier]?.path ?? '')} ${describeGot(names[index]?.value)}`,
  }));
}

function findTakenAddresses(addresses: readonly Placed<Address>[]): readonly ConfigProblem[] {
  return addresses.flatMap(({ path, value }, index) => {
    const earlier = addresses.slice(0, index).find((other) => overlap(other.value, value));
    return earlier === undefined
      ? []
      : [
          {
            path,
            message: `is taken by ${parentOf(earlier.path)}, ${formatAddress(earlier.value)} ${describeGot(formatAddress(value))}`,
          },
        ];
  });
}

/** Whether two addresses cannot be bound together. A wildcard takes its port of every address; `[::]` takes IPv4's too. */
function overlap(one: Address, other: Address): boolean {
  if (one.kind === 'unix' || other.kind === 'unix') {
    return one.kind === other.kind && formatAddress(one) === formatAddress(other);
  }
  if (one.port === 0 || one.port !== other.port) {
    return false;
  }
  return one.host === other.host || covers(one.host, other.host) || covers(other.host, one.host);
}

function covers(wildcard: string, host: string): boolean {
  return wildcard === '::' || (wildcard === '0.0.0.0' && (!host.includes(':') || host === '::'));
}

function findMissingClusters(health: Record<string, unknown>, clusters: readonly Placed<string>[]): readonly ConfigProblem[] {
  const names = clusters.map(({ value }) => value);
  const members = [
    ...readNames(health['clusters'], 'health.clusters'),
    ...asList(health['groups']).flatMap((group, index) =>
      isPlainObject(group) ? readNames(group['clusters'], `health.groups[${index}].clusters`) : [],
    ),
  ];
  return members
    .filter(({ value }) => !names.includes(value))
    .map(({ path, value }, index) => {
      // Nobody sees more than these, and comparing thousands of names with hundreds takes its time.
      const nearest = index < MAX_PROBLEMS ? findNearest(value, names) : null;
      const hint = nearest === null ? '' : `, did you mean ${nearest}?`;
      return { path, message: `is no cluster${hint} ${describeGot(value)}` };
    });
}

/** A count that cannot be reached even with every cluster healthy. */
function findCountConflicts(health: Record<string, unknown>, clusters: readonly Placed<string>[]): readonly ConfigProblem[] {
  const section = readSound(HealthSchema, health);
  if (section === null) {
    return [];
  }
  const names = clusters.map(({ value }) => value);
  const whole = toHealthConfig(section, names);
  const parts = [
    { path: 'health', ...whole },
    ...whole.groups.map((group, index) => ({ path: `health.groups[${index}]`, ...group })),
  ];
  return parts.flatMap(({ path, healthyWhen, clusters: members }) => {
    const required = members.filter(({ optional }) => !optional).length;
    return typeof healthyWhen === 'object' && 'count' in healthyWhen && healthyWhen.count > required
      ? [
          {
            path: `${path}.healthyWhen.count`,
            message: `is more than the ${required} clusters that count ${describeGot(healthyWhen.count)}`,
          },
        ]
      : [];
  });
}

/** `/healthz/<name>` answers for a cluster or group, and so does everything below. */
function findPathConflicts(health: Record<string, unknown>, parts: readonly Placed<string>[]): readonly ConfigProblem[] {
  return asList(health['paths']).flatMap((path, index) => {
    const part = parts.find(
      ({ value }) => path === `/healthz/${value}` || (typeof path === 'string' && path.startsWith(`/healthz/${value}/`)),
    );
    return part === undefined
      ? []
      : [{ path: `health.paths[${index}]`, message: `is the URL of ${parentOf(part.path)} ${describeGot(path)}` }];
  });
}

/** The names of a list, whose items are names or objects with a name, whatever else is right or wrong with them. */
function readNames(list: unknown, path: string): readonly Placed<string>[] {
  return asList(list).flatMap((item, index): Placed<string>[] => {
    if (typeof item === 'string') {
      return [{ path: `${path}[${index}]`, value: item }];
    }
    return isPlainObject(item) && typeof item['name'] === 'string'
      ? [{ path: `${path}[${index}].name`, value: item['name'] }]
      : [];
  });
}

function asList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** The entry that a key stands in: `clusters[0]` of `clusters[0].name`. */
function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf('.'));
}
