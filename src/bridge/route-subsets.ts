import type { Config } from '../config/load.ts';
import { waysOf } from '../config/sections/route-clusters.ts';
import type { Labels } from '../model/endpoint.ts';
import type { SubsetOptions } from '../upstream/endpoint-choice.ts';

/** A subset of a cluster as its routes name it. */
export function toSubset(labels: Labels, cluster: string, { clusters }: Config): SubsetOptions {
  return { labels, fallback: clusters.find(({ name }) => name === cluster)?.subsets?.fallback ?? 'none' };
}

/** The subsets of a cluster that routes name. */
export function subsetsOf(cluster: string, config: Config): readonly SubsetOptions[] {
  return config.routes
    .flatMap(waysOf)
    .flatMap(({ name, subset }) => (name === cluster && subset !== undefined ? [toSubset(subset, cluster, config)] : []));
}
