import { type Static, Type } from 'typebox';
import type { Labels } from '../../model/endpoint.ts';
import { closed, nameKey, wholeKey } from '../keys.ts';
import { MAX_CLUSTER_WEIGHT, MAX_ROUTE_CLUSTERS } from '../limits.ts';
import { listKey } from '../lists.ts';
import { type Finding, withRule } from '../rules.ts';
import { labelsKey } from './labels.ts';

const RouteClusterSchema = Type.Object(
  {
    name: nameKey({
      description:
        'A cluster. It may stand here several times, with different subsets. Envoy: `weighted_clusters.clusters.name`; gRPC: the same of xDS (A28).',
    }),
    subset: Type.Optional(
      labelsKey(
        'Only endpoints that have all of these labels, of names that `subsets.keys` of the cluster lists. Without it every endpoint counts. Envoy: `metadata_match`; gRPC: no twin.',
        { minimum: 1, defaultText: 'all endpoints' },
      ),
    ),
    weight: wholeKey({
      description:
        'The share of calls, against the sum of all weights of the route; 0 gets none. Envoy: `weighted_clusters.clusters.weight`; gRPC: the same of xDS (A28).',
      default: 1,
      minimum: 0,
      maximum: MAX_CLUSTER_WEIGHT,
    }),
  },
  closed({ description: 'One way that calls may go.' }),
);

const RouteClustersShape = listKey(RouteClusterSchema, {
  description:
    'In place of cluster: several ways with weights, as for a canary, or one way to a subset. Each call goes one of them, by chance; a call that is sent again stays with its way. Envoy: `weighted_clusters`; gRPC: the same of xDS (A28).',
  minItems: 1,
  maxItems: MAX_ROUTE_CLUSTERS,
});

/** The key `clusters` of a route. */
export const RouteClustersSchema = withRule(RouteClustersShape, (clusters): readonly Finding[] =>
  clusters.some(({ weight }) => weight > 0) ? [] : [{ at: [], message: 'needs a weight above 0' }],
);

/** One way that calls may go. */
export interface RouteClusterConfig {
  /** An existing cluster. */
  readonly name: string;
  /** Labels that an endpoint must have; absent is any. */
  readonly subset?: Labels;
  /** 0 or more; the sum over a route is above 0. Default 1. */
  readonly weight: number;
}

export function toRouteClusters(section: Static<typeof RouteClustersShape>): readonly RouteClusterConfig[] {
  return section.map(({ name, subset, weight }) => ({ name, ...(subset === undefined ? {} : { subset }), weight }));
}

/** The ways of a route, which has one of the two keys. */
export function waysOf(route: {
  readonly cluster?: string;
  readonly clusters?: readonly RouteClusterConfig[];
}): readonly RouteClusterConfig[] {
  return route.clusters ?? (route.cluster === undefined ? [] : [{ name: route.cluster, weight: 1 }]);
}
