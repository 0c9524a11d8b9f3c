import type { Address } from '../model/address.ts';
import type { Labels } from '../model/endpoint.ts';
import type { Clock } from '../util/clock.ts';
import type { Random } from '../util/random.ts';
import type { Discovery } from './discovery.ts';
import { DnsDiscovery, type DnsDiscoveryOptions } from './dns.ts';
import { CaresClient } from './dns-client.ts';
import { EnvoyDiscovery, type EnvoyDiscoveryOptions } from './envoy/envoy.ts';
import { FileDiscovery, type FileDiscoveryOptions } from './file.ts';
import { systemFiles } from './file-watch.ts';
import { SystemHostLookup } from './host-lookup.ts';
import { JoinedDiscovery } from './joined-discovery.ts';
import { findAccess } from './kubernetes/access.ts';
import { KubernetesDiscovery, type KubernetesDiscoveryOptions } from './kubernetes/kubernetes.ts';
import { LabelledDiscovery } from './labelled-discovery.ts';
import { type ListedEndpoint, splitListed } from './listed-endpoint.ts';
import { QueryLimit } from './query-limit.ts';
import { SystemServiceLookup } from './service-lookup.ts';
import { domainOf, SrvDiscovery, type SrvDiscoveryOptions } from './srv.ts';
import { StaticDiscovery } from './static.ts';

/** Endpoints that are known beforehand; host names among them stand for all their addresses. */
export interface StaticSourceOptions {
  readonly type: 'static';
  readonly endpoints: readonly ListedEndpoint[];
}

/** Endpoints that DNS knows. */
export interface DnsSourceOptions extends DnsDiscoveryOptions {
  readonly type: 'dns';
  /** DNS servers to ask; none for those of the system. */
  readonly resolvers: readonly Address[];
}

/** Endpoints that SRV records name. */
export interface SrvSourceOptions extends SrvDiscoveryOptions {
  readonly type: 'srv';
  /** DNS servers to ask, for records and addresses; none for those of the system. */
  readonly resolvers: readonly Address[];
}

/** Endpoints that a file lists; host names among them stand for all their addresses. */
export interface FileSourceOptions extends FileDiscoveryOptions {
  readonly type: 'file';
}

/** Endpoints of a Kubernetes Service. */
export interface KubernetesSourceOptions extends KubernetesDiscoveryOptions {
  readonly type: 'kubernetes';
}

/** Hosts of clusters of an Envoy, with what it says of their health. */
export interface EnvoySourceOptions extends EnvoyDiscoveryOptions {
  readonly type: 'envoy';
}

/** One source of endpoints. */
export type DiscoverySourceOptions = (
  | StaticSourceOptions
  | DnsSourceOptions
  | SrvSourceOptions
  | FileSourceOptions
  | KubernetesSourceOptions
  | EnvoySourceOptions
) & {
  /** What all its endpoints have, where the source does not say otherwise of one; default none. Subsets choose by them. */
  readonly labels?: Labels;
};

export interface DiscoveryDeps {
  readonly clock: Clock;
  readonly random: Random;
}

/** The longest pause between two look-ups of a name in a static list. Milliseconds. */
const STATIC_REFRESH_MS = 5000;

/** The sources of one cluster as one. */
export function createDiscovery(sources: readonly DiscoverySourceOptions[], deps: DiscoveryDeps): Discovery {
  const all = sources.flatMap((source) => {
    const { labels = {} } = source;
    const parts = createSources(source, deps);
    return Object.keys(labels).length === 0 ? parts : parts.map((part) => new LabelledDiscovery(part, { labels }));
  });
  const [only] = all;
  return all.length === 1 && only !== undefined ? only : new JoinedDiscovery(all);
}

function createSources(source: DiscoverySourceOptions, deps: DiscoveryDeps): readonly Discovery[] {
  switch (source.type) {
    case 'static':
      return createStatic(source.endpoints, namedSources(deps));
    case 'dns':
      return [new DnsDiscovery(source, { ...deps, lookup: new SystemHostLookup(new CaresClient(source.resolvers)) })];
    case 'srv':
      return [createSrv(source, deps)];
    case 'file':
      return [new FileDiscovery(source, { clock: deps.clock, files: systemFiles, createNamed: namedSources(deps) })];
    case 'kubernetes':
      return [new KubernetesDiscovery(source, { ...deps, readAccess: findAccess() })];
    case 'envoy':
      return [new EnvoyDiscovery(source, deps)];
  }
}

/** The sources of a list: one for what is an endpoint as it stands, and one for each host name, whose addresses all have the item's traits. */
export function createStatic(
  endpoints: StaticSourceOptions['endpoints'],
  createNamed: (host: string, port: number) => Discovery,
): readonly Discovery[] {
  const { known, named } = splitListed(endpoints);
  const looked = named.map(({ host, port, traits = {} }) => new LabelledDiscovery(createNamed(host, port), traits));
  return known.length > 0 ? [new StaticDiscovery(known), ...looked] : looked;
}

/**
 * Endpoints are known by the domain of the service, not by the names of targets: those come from DNS, and whoever can forge an answer could
 * have a certificate for a name of their own (RFC 6125, section 6.2.1).
 */
function createSrv(source: SrvSourceOptions, deps: DiscoveryDeps): Discovery {
  const { name, refreshIntervalMs, family } = source;
  const client = new CaresClient(source.resolvers);
  const lookup = new SystemHostLookup(new QueryLimit(client, deps.clock));
  const knownAs = domainOf(name);
  return new SrvDiscovery(source, {
    ...deps,
    lookup: new SystemServiceLookup(client),
    createTarget: (host, port) => new DnsDiscovery({ host, port, refreshIntervalMs, family, knownAs }, { ...deps, lookup }),
  });
}

/** Sources for the host names of one list, which share a limit on look-ups. */
function namedSources(deps: DiscoveryDeps): (host: string, port: number) => Discovery {
  const lookup = new SystemHostLookup(new QueryLimit(new CaresClient([]), deps.clock));
  return (host, port) =>
    new DnsDiscovery({ host, port, refreshIntervalMs: STATIC_REFRESH_MS, family: 'auto' }, { ...deps, lookup });
}
