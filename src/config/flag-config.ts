import type { ConfigProblem } from '../errors.ts';
import { parseFlag } from './flag-values.ts';
import { FLAGS, type FlagName, type GivenFlag, type GivenFlags, isClusterFlag } from './flags.ts';
import { isPlainObject } from './paths.ts';

/** The cluster that flags configure. */
const FLAG_CLUSTER = 'default';
const TLS_SCHEME = 'tls://';

type Section = Record<string, unknown>;

/** A configuration in the words of a file with flags laid over it. */
export interface FlaggedConfig {
  readonly raw: unknown;
  /** What is wrong with the flags themselves; the path is the flag or the variable. */
  readonly problems: readonly ConfigProblem[];
  /** The place of the cluster `default` in `clusters`, or -1. */
  readonly clusterIndex: number;
}

/**
 * Lays flags over what a file holds. `--listen` replaces `listeners`; every other flag sets its one key of the cluster
 * `default`, which `--backend` or `--envoy-admin` adds where the file has none, and leaves the other keys of that cluster as they are.
 */
export function applyFlags(file: unknown, given: GivenFlags): FlaggedConfig {
  if (!isPlainObject(file)) {
    return { raw: file, problems: [], clusterIndex: -1 };
  }
  const listeners = applyListeners(file, given);
  const clusters = applyCluster(listeners.raw, given);
  const hasCluster = given.has('backend') && clusters.clusterIndex >= 0;
  const raw = hasCluster && isPlainObject(clusters.raw) ? addRoute(clusters.raw) : clusters.raw;
  return { ...clusters, raw, problems: [...listeners.problems, ...clusters.problems] };
}

/** Whether a route of the file leads to the cluster of the flags, or has its name. */
function isForFlags(route: unknown): boolean {
  if (!isPlainObject(route)) {
    return false;
  }
  const ways: readonly unknown[] = Array.isArray(route['clusters']) ? route['clusters'] : [];
  return (
    route['cluster'] === FLAG_CLUSTER ||
    route['name'] === FLAG_CLUSTER ||
    ways.some((way) => isPlainObject(way) && way['name'] === FLAG_CLUSTER)
  );
}

/** Forwards what no route of the file takes to the cluster of the flags, on every listener that does not say otherwise. */
function addRoute(raw: Section): Section {
  const routes: readonly unknown[] = Array.isArray(raw['routes']) ? raw['routes'] : [];
  if (routes.some(isForFlags)) {
    return raw;
  }
  const added = [...routes, { name: FLAG_CLUSTER, match: { prefix: '/' }, cluster: FLAG_CLUSTER }];
  const listeners: readonly unknown[] = Array.isArray(raw['listeners']) ? raw['listeners'] : [];
  const names = added.flatMap((route) => (isPlainObject(route) && typeof route['name'] === 'string' ? [route['name']] : []));
  const served =
    listeners.length > 1 ? { listeners: listeners.map((item) => (isPlainObject(item) ? { routes: names, ...item } : item)) } : {};
  return { ...raw, ...served, routes: added };
}

interface Applied {
  readonly raw: Section;
  readonly problems: readonly ConfigProblem[];
}

function applyListeners(raw: Section, given: GivenFlags): Applied {
  const addresses = given.get('listen')?.values ?? [];
  const cert = given.get('tls-cert');
  const key = given.get('tls-key');
  const hasTls = addresses.some((address) => address.startsWith(TLS_SCHEME));
  const problems = [cert, key].flatMap((flag) =>
    flag === undefined || hasTls ? [] : [{ path: flag.label, message: 'needs a listener that uses it: --listen tls://ADDR' }],
  );
  if (addresses.length === 0) {
    return { raw, problems };
  }
  const files = {
    ...(cert === undefined ? {} : { certificateFile: cert.values[0] }),
    ...(key === undefined ? {} : { privateKeyFile: key.values[0] }),
  };
  const tls = cert === undefined && key === undefined ? { selfSigned: true } : files;
  const listeners = addresses.map((address) =>
    address.startsWith(TLS_SCHEME) ? { address: address.slice(TLS_SCHEME.length), tls } : { address },
  );
  return { raw: { ...raw, listeners }, problems };
}

function applyCluster(raw: Section, given: GivenFlags): FlaggedConfig {
  const flags = [...given].filter(([name]) => isClusterFlag(name));
  const existing = raw['clusters'] ?? [];
  if (!Array.isArray(existing)) {
    return { raw, problems: [], clusterIndex: -1 };
  }
  const clusters: readonly unknown[] = existing;
  const index = clusters.findIndex((cluster) => isPlainObject(cluster) && cluster['name'] === FLAG_CLUSTER);
  if (flags.length === 0) {
    return { raw, problems: [], clusterIndex: index };
  }
  if (index < 0 && !given.has('backend') && !given.has('envoy-admin')) {
    const message = `needs --backend, or a cluster named ${FLAG_CLUSTER} in the file`;
    return { raw, problems: flags.map(([, { label }]) => ({ path: label, message })), clusterIndex: -1 };
  }
  const envoy = findEnvoyProblems(clusters[index], given);
  // What contradicts the backends is told, and left out.
  const sound = envoy.length === 0 ? flags : flags.filter(([name]) => !name.startsWith('envoy-'));
  const { raw: cluster, problems: others } = setKeys(clusters[index], sound);
  const problems = [...envoy, ...others];
  return index < 0
    ? { raw: { ...raw, clusters: [...clusters, cluster] }, problems, clusterIndex: clusters.length }
    : { raw: { ...raw, clusters: clusters.with(index, cluster) }, problems, clusterIndex: index };
}

/** The endpoints come either from addresses and names, or from an Envoy. */
function findEnvoyProblems(cluster: unknown, given: GivenFlags): readonly ConfigProblem[] {
  const admin = given.get('envoy-admin');
  const names = given.get('envoy-cluster');
  const other = given.get('backend');
  const hasEnvoy = isPlainObject(cluster) && isEnvoySource(cluster['discovery']);
  if (admin !== undefined && other !== undefined) {
    return [{ path: admin.label, message: `cannot be together with ${other.label}` }];
  }
  return names !== undefined && (other !== undefined || (admin === undefined && !hasEnvoy))
    ? [{ path: names.label, message: 'needs --envoy-admin' }]
    : [];
}

function isEnvoySource(discovery: unknown): boolean {
  return isPlainObject(discovery) && discovery['type'] === 'envoy';
}

function setKeys(existing: unknown, flags: readonly (readonly [FlagName, GivenFlag])[]): Applied {
  const problems: ConfigProblem[] = [];
  let cluster: Section = isPlainObject(existing) ? existing : { name: FLAG_CLUSTER };
  if (flags.some(([name]) => name === 'envoy-admin') && !isEnvoySource(cluster['discovery'])) {
    cluster = { ...cluster, discovery: { type: 'envoy' } };
  }
  for (const [name, flag] of flags) {
    const parsed = parseFlag(name, flag);
    if (parsed.kind === 'invalid') {
      problems.push(...parsed.messages.map((message) => ({ path: flag.label, message })));
    } else if (parsed.value === false) {
      cluster = switchOff(cluster, name);
    } else {
      cluster = setKey(cluster, keysOf(name), name === 'backend-tls' ? (cluster['tls'] ?? {}) : parsed.value);
    }
  }
  return { raw: cluster, problems: [...problems, ...findTlsContradiction(flags)] };
}

/** `false` for TLS takes the file's `tls` away; `false` for its other switch asks for no TLS either. */
function switchOff(cluster: Section, name: FlagName): Section {
  if (name === 'backend-tls') {
    return Object.fromEntries(Object.entries(cluster).filter(([key]) => key !== 'tls'));
  }
  return isPlainObject(cluster['tls']) ? setKey(cluster, keysOf(name), false) : cluster;
}

function findTlsContradiction(flags: readonly (readonly [FlagName, GivenFlag])[]): readonly ConfigProblem[] {
  const off = flags.find(([name, flag]) => name === 'backend-tls' && isOff(name, flag));
  const other = flags.find(([name, flag]) => FLAGS[name].path.startsWith(`${FLAGS['backend-tls'].path}.`) && !isOff(name, flag));
  return off === undefined || other === undefined
    ? []
    : [{ path: off[1].label, message: `is off, yet ${other[1].label} is given` }];
}

function isOff(name: FlagName, flag: GivenFlag): boolean {
  const parsed = parseFlag(name, flag);
  return parsed.kind === 'value' && parsed.value === false;
}

/** A copy with one key set, however deep. An object that is set keeps the keys it had. */
function setKey(section: Section, keys: readonly string[], value: unknown): Section {
  const [key, ...rest] = keys;
  if (key === undefined) {
    return section;
  }
  const existing = isPlainObject(section[key]) ? section[key] : {};
  return { ...section, [key]: rest.length > 0 ? setKey(existing, rest, value) : value };
}

function keysOf(name: FlagName): readonly string[] {
  return FLAGS[name].path.split('.').slice(1);
}
