import { isDeepStrictEqual } from 'node:util';
import type { Config } from '../config/load.ts';
import type { ClusterConfig } from '../config/sections/cluster.ts';
import { waysOf } from '../config/sections/route-clusters.ts';
import type { HealthTlsOptions } from '../health/options.ts';
import { Http1Cluster } from '../http1/http1-cluster.ts';
import type { Http1ClusterOptions } from '../http1/options.ts';
import type { UpstreamClusterOptions, UpstreamDependencies } from '../upstream/options.ts';
import { UpstreamCluster } from '../upstream/upstream-cluster.ts';
import { UpstreamTls } from '../upstream/upstream-tls.ts';
import { toHttp1ClusterOptions, toHttp2ClusterOptions } from './cluster-options.ts';
import type { MonitoredCluster } from './health-monitor.ts';

/** What a cluster is to be like. */
export type ClusterPlan =
  | { readonly kind: 'http2'; readonly options: UpstreamClusterOptions }
  | { readonly kind: 'http1'; readonly options: Http1ClusterOptions };

/** A cluster of either kind, with what it was made by. */
export type AnyCluster =
  | { readonly kind: 'http2'; readonly options: UpstreamClusterOptions; readonly of: UpstreamCluster }
  | { readonly kind: 'http1'; readonly options: Http1ClusterOptions; readonly of: Http1Cluster };

/** `tls`: the cluster's files, read; null is cleartext. */
function planCluster(section: ClusterConfig, tls: HealthTlsOptions | null): ClusterPlan {
  return section.protocol === 'http1'
    ? { kind: 'http1', options: toHttp1ClusterOptions(section, tls) }
    : { kind: 'http2', options: toHttp2ClusterOptions(section, tls) };
}

/** Plans of the clusters that a route leads to, by name. `clusters`: those of the configuration with their files read. */
export function planClusters(config: Config, clusters: readonly MonitoredCluster[]): ReadonlyMap<string, ClusterPlan> {
  const names = new Set(config.routes.flatMap((route) => waysOf(route).map(({ name }) => name)));
  return new Map(
    [...names].map((name) => {
      const section = config.clusters.find((cluster) => cluster.name === name);
      if (section === undefined) {
        throw new Error(`a route leads to the cluster ${name}, which does not exist`);
      }
      return [name, planCluster(section, clusters.find((cluster) => cluster.name === name)?.tls ?? null)];
    }),
  );
}

/** Throws when the TLS material is unusable. */
export function createCluster(plan: ClusterPlan, dependencies: UpstreamDependencies): AnyCluster {
  return plan.kind === 'http1'
    ? { ...plan, of: new Http1Cluster(plan.options, dependencies) }
    : { ...plan, of: new UpstreamCluster(plan.options, dependencies) };
}

/**
 * Whether the cluster can go on by that plan, with its connections: all is equal but certificates and names, which new handshakes use, and limits
 * that hold from now on.
 */
export function canGoOn(cluster: AnyCluster, plan: ClusterPlan): boolean {
  const hasTls = cluster.options.tls !== null;
  return (
    cluster.kind === plan.kind &&
    hasTls === (plan.options.tls !== null) &&
    isDeepStrictEqual({ ...cluster.options, ...CHANGEABLE }, { ...plan.options, ...CHANGEABLE }) &&
    isDeepStrictEqual(settledLimitsOf(cluster), settledLimitsOf(plan))
  );
}

/** What is looked at by itself. */
const CHANGEABLE = { tls: null, pool: null };

/** The limits that a connection gets when it is opened, and keeps. */
function settledLimitsOf(plan: ClusterPlan): object {
  return plan.kind === 'http1'
    ? { idleTimeoutMs: plan.options.pool.idleTimeoutMs }
    : { maxConnectionAgeMs: plan.options.pool.maxConnectionAgeMs };
}

/** TLS by that plan where it differs from that of the cluster, else null. Throws when the material is unusable. */
export function renewedTls(cluster: AnyCluster, { options: { tls } }: ClusterPlan): UpstreamTls | null {
  return tls === null || isDeepStrictEqual(tls, cluster.options.tls) ? null : new UpstreamTls(tls);
}

/** The cluster with what it goes on by. */
export function goOn(cluster: AnyCluster, plan: ClusterPlan, renewed: UpstreamTls | null): AnyCluster {
  const { tls } = plan.options;
  if (renewed !== null) {
    cluster.of.renewTls(renewed);
  }
  if (cluster.kind === 'http1' && plan.kind === 'http1') {
    cluster.of.changeLimits(plan.options.pool);
    return { ...cluster, options: { ...plan.options, tls } };
  }
  if (cluster.kind === 'http2' && plan.kind === 'http2') {
    cluster.of.changeLimits(plan.options.pool);
    return { ...cluster, options: { ...plan.options, tls } };
  }
  return cluster;
}

/** Whether no request is under way, or waits for a connection or for another attempt. */
export function isUnused({ kind, of }: AnyCluster): boolean {
  return kind === 'http1'
    ? of.activeRequests === 0
    : of.activeStreams === 0 && of.pendingRequests === 0 && of.retries.active === 0;
}
