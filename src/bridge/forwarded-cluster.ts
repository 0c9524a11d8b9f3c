import { isDeepStrictEqual } from 'node:util';
import type { ClusterConfig } from '../config/sections/cluster.ts';
import type { HealthTlsOptions } from '../health/options.ts';
import { Http1Cluster } from '../http1/http1-cluster.ts';
import type { Http1ClusterOptions } from '../http1/options.ts';
import type { UpstreamClusterOptions, UpstreamDependencies } from '../upstream/options.ts';
import { UpstreamCluster } from '../upstream/upstream-cluster.ts';
import { UpstreamTls } from '../upstream/upstream-tls.ts';
import { toHttp1ClusterOptions, toHttp2ClusterOptions } from './cluster-options.ts';

/** What a cluster is to be like. */
export type ClusterPlan =
  | { readonly kind: 'http2'; readonly options: UpstreamClusterOptions }
  | { readonly kind: 'http1'; readonly options: Http1ClusterOptions };

/** A cluster of either kind, with what it was made by. */
export type AnyCluster =
  | { readonly kind: 'http2'; readonly options: UpstreamClusterOptions; readonly of: UpstreamCluster }
  | { readonly kind: 'http1'; readonly options: Http1ClusterOptions; readonly of: Http1Cluster };

/** `tls`: the cluster's files, read; null is cleartext. */
export function planCluster(section: ClusterConfig, tls: HealthTlsOptions | null): ClusterPlan {
  return section.protocol === 'http1'
    ? { kind: 'http1', options: toHttp1ClusterOptions(section, tls) }
    : { kind: 'http2', options: toHttp2ClusterOptions(section, tls) };
}

/** Throws when the TLS material is unusable. */
export function createCluster(plan: ClusterPlan, dependencies: UpstreamDependencies): AnyCluster {
  return plan.kind === 'http1'
    ? { ...plan, of: new Http1Cluster(plan.options, dependencies) }
    : { ...plan, of: new UpstreamCluster(plan.options, dependencies) };
}

/** Whether the cluster can go on by that plan, with its connections: all is equal but certificates and names, which new handshakes use. */
export function canGoOn(cluster: AnyCluster, plan: ClusterPlan): boolean {
  const hasTls = cluster.options.tls !== null;
  return (
    cluster.kind === plan.kind &&
    hasTls === (plan.options.tls !== null) &&
    isDeepStrictEqual({ ...cluster.options, tls: null }, { ...plan.options, tls: null })
  );
}

/** TLS by that plan where it differs from that of the cluster, else null. Throws when the material is unusable. */
export function renewedTls(cluster: AnyCluster, { options: { tls } }: ClusterPlan): UpstreamTls | null {
  return tls === null || isDeepStrictEqual(tls, cluster.options.tls) ? null : new UpstreamTls(tls);
}

/** The cluster with what it goes on by. */
export function goOn(cluster: AnyCluster, { options: { tls } }: ClusterPlan, renewed: UpstreamTls | null): AnyCluster {
  if (renewed === null) {
    return cluster;
  }
  cluster.of.renewTls(renewed);
  return cluster.kind === 'http1'
    ? { ...cluster, options: { ...cluster.options, tls } }
    : { ...cluster, options: { ...cluster.options, tls } };
}

/** Whether no request is under way, or waits for a connection. */
export function isUnused({ kind, of }: AnyCluster): boolean {
  return kind === 'http1' ? of.activeRequests === 0 : of.activeStreams === 0 && of.pendingRequests === 0;
}
