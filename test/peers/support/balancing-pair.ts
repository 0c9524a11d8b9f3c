import { requestBlock } from '../../support/http2/wire.ts';
import { callMany } from '../../support/many-calls.ts';
import { CountingPeer } from '../../support/peers/counting-peer.ts';
import { portOf } from '../../support/rest-bridge.ts';
import { type RawConfig, TestBridge } from '../../support/test-bridge.ts';
import { type EnvoyPart, EnvoyProcess, http2Cluster, httpListener, socketAddress } from './envoy.ts';
import { freePort } from './free-ports.ts';

/** One cluster as a test wants it of both proxies. */
export interface BalancedCluster {
  /** What `x-cluster` of a call must be. */
  readonly name: string;
  /** One for each of the first endpoints; the others are not in the cluster. */
  readonly weights: readonly number[];
  /** The bridge's key. */
  readonly loadBalancing: RawConfig;
  /** The bridge's key; without checks unless given. */
  readonly healthCheck?: RawConfig;
  /** What Envoy's cluster has for it. */
  readonly envoy: EnvoyPart;
}

/** So many calls of one kind. */
export interface Calls {
  readonly cluster: string;
  readonly count: number;
  readonly atATime: number;
  /** The header `x-user` of a call, by its number. */
  readonly userOf?: (call: number) => string;
}

/** One of the proxies. */
export interface Side {
  readonly name: string;
  /** Which endpoint answered each call, by its number in the list of endpoints. */
  call(calls: Calls): Promise<readonly number[]>;
}

/** A bridge, in this process and with seeded chance, and an Envoy before the same endpoints and with the same clusters. */
export class BalancingPair implements AsyncDisposable {
  readonly bridge: Side;
  readonly envoy: Side;
  /** `127.0.0.1:PORT` of each endpoint. */
  readonly addresses: readonly string[];
  readonly #parts: readonly AsyncDisposable[];

  private constructor(bridge: Side, envoy: Side, addresses: readonly string[], parts: readonly AsyncDisposable[]) {
    this.bridge = bridge;
    this.envoy = envoy;
    this.addresses = addresses;
    this.#parts = parts;
  }

  /** Before so many endpoints of its own, which are healthy. */
  static async start(endpoints: number, clusters: readonly BalancedCluster[]): Promise<BalancingPair> {
    const peers = await Promise.all(Array.from({ length: endpoints }, (_, index) => CountingPeer.start(Buffer.of(index))));
    const addresses = peers.map(({ endpoint }) => endpoint.key);
    return await BalancingPair.over(addresses, clusters, peers);
  }

  /** Before endpoints of the test, each of which answers with its number as one octet; `parts` end with the pair. */
  static async over(
    addresses: readonly string[],
    clusters: readonly BalancedCluster[],
    parts: readonly AsyncDisposable[] = [],
  ): Promise<BalancingPair> {
    const port = await freePort();
    const envoy = await EnvoyProcess.start({
      static_resources: {
        clusters: clusters.map((cluster) => toEnvoyCluster(cluster, addresses)),
        listeners: [httpListener(port, clusters.map(toEnvoyRoute))],
      },
    });
    const bridge = await TestBridge.start(toBridgeConfig(clusters, addresses));
    await bridge.untilHealthy(true);
    return new BalancingPair(toSide('bridge', portOf(bridge)), toSide('Envoy', port), addresses, [bridge, envoy, ...parts]);
  }

  get sides(): readonly Side[] {
    return [this.bridge, this.envoy];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const part of this.#parts) {
      await part[Symbol.asyncDispose]();
    }
  }
}

function toSide(name: string, port: number): Side {
  return {
    name,
    call: async ({ cluster, count, atATime, userOf }) => {
      const blocks = (call: number): Buffer =>
        requestBlock([['x-cluster', cluster], ...(userOf === undefined ? [] : [['x-user', userOf(call)] as const])]);
      return Array.from(await callMany({ port, calls: count, atATime, requestOf: blocks }));
    },
  };
}

function toEnvoyCluster({ name, weights, envoy }: BalancedCluster, addresses: readonly string[]): EnvoyPart {
  const endpoints = weights.map((weight, index) => ({
    endpoint: { address: socketAddress(addresses[index] ?? '') },
    load_balancing_weight: weight,
  }));
  return http2Cluster(name, [], {
    load_assignment: { cluster_name: name, endpoints: [{ lb_endpoints: endpoints }] },
    ...envoy,
  });
}

function toEnvoyRoute({ name }: BalancedCluster): EnvoyPart {
  return {
    match: { prefix: '/', headers: [{ name: 'x-cluster', string_match: { exact: name } }] },
    route: { cluster: name, timeout: '0s', hash_policy: [{ header: { header_name: 'x-user' } }] },
  };
}

function toBridgeConfig(clusters: readonly BalancedCluster[], addresses: readonly string[]): RawConfig {
  return {
    clusters: clusters.map(({ name, weights, loadBalancing, healthCheck }) => ({
      name,
      discovery: {
        type: 'static',
        endpoints: weights.map((weight, index) => ({ address: addresses[index] ?? '', weight })),
      },
      healthCheck: healthCheck ?? { type: 'none' },
      loadBalancing,
    })),
    routes: clusters.map(({ name }) => ({
      name,
      match: { headers: [{ name: 'x-cluster', exact: name }] },
      cluster: name,
    })),
  };
}
