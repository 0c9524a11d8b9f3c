import type { ConfigProblem } from '../errors.ts';
import type { Labels } from '../model/endpoint.ts';
import { describeGot } from './got.ts';
import { MAX_SUBSETS } from './limits.ts';
import { isPlainObject } from './paths.ts';
import { readSound } from './problems.ts';
import { type ClusterConfig, ClusterSchema, toClusterConfig } from './sections/cluster.ts';
import type { DiscoverySourceConfig } from './sections/discovery.ts';
import { RouteClustersSchema, toRouteClusters } from './sections/route-clusters.ts';

/** One way of a route that names a subset. */
interface SubsetUse {
  readonly path: string;
  readonly cluster: string;
  readonly subset: Labels;
}

/** Subsets of clusters that have none, by labels that are no keys, that nobody can have, or more of one cluster than there may be. */
export function findSubsetConflicts(raw: Record<string, unknown>): readonly ConfigProblem[] {
  const uses = readUses(raw['routes']);
  return uses.length === 0 ? [] : readClusters(raw['clusters']).flatMap((cluster) => findIn(cluster, uses));
}

function readUses(routes: unknown): readonly SubsetUse[] {
  return asList(routes).flatMap((route, index) => {
    const section = isPlainObject(route) ? readSound(RouteClustersSchema, route['clusters']) : null;
    return (section === null ? [] : toRouteClusters(section)).flatMap(({ name, subset }, at) =>
      subset === undefined ? [] : [{ path: `routes[${index}].clusters[${at}].subset`, cluster: name, subset }],
    );
  });
}

function readClusters(clusters: unknown): readonly ClusterConfig[] {
  return asList(clusters).flatMap((cluster) => {
    const section = readSound(ClusterSchema, cluster);
    return section === null ? [] : [toClusterConfig(section)];
  });
}

function findIn({ name, subsets, discovery }: ClusterConfig, all: readonly SubsetUse[]): readonly ConfigProblem[] {
  const uses = all.filter(({ cluster }) => cluster === name);
  const different = new Set(uses.map(({ subset }) => JSON.stringify(Object.entries(subset).toSorted(byName))));
  const [first] = uses;
  if (first !== undefined && different.size > MAX_SUBSETS) {
    return [{ path: first.path, message: `is one of more than ${MAX_SUBSETS} different subsets of the cluster ${name}` }];
  }
  const possible = discovery.map(possibleLabels);
  return uses.flatMap(({ path, subset }) => {
    const unknown = Object.keys(subset).find((key) => subsets?.keys.includes(key) !== true);
    if (unknown !== undefined) {
      return [{ path, message: `names ${unknown}, which is not among subsets.keys of the cluster ${name}` }];
    }
    const canBe = possible.some((labels) => labels === null || labels.some((each) => hasAll(each, subset)));
    return canBe
      ? []
      : [{ path, message: `is one that no endpoint of the cluster ${name} can have ${describeGot(printLabels(subset))}` }];
  });
}

/** The sets of labels that endpoints of a source may have; null where only the source knows. */
function possibleLabels(source: DiscoverySourceConfig): readonly Labels[] | null {
  switch (source.type) {
    case 'file':
      return null;
    case 'kubernetes':
      return source.podLabels ? null : [source.labels ?? {}];
    case 'static':
      return source.endpoints.map(({ labels }) => ({ ...source.labels, ...labels }));
    case 'dns':
    case 'srv':
    case 'envoy':
      return [source.labels ?? {}];
  }
}

function byName([one]: readonly [string, string], [other]: readonly [string, string]): number {
  return one < other ? -1 : 1;
}

function printLabels(labels: Labels): string {
  return Object.entries(labels)
    .map(([name, value]) => `${name}=${value}`)
    .join(', ');
}

function hasAll(labels: Labels, wanted: Labels): boolean {
  return Object.entries(wanted).every(([name, value]) => Object.hasOwn(labels, name) && labels[name] === value);
}

function asList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
