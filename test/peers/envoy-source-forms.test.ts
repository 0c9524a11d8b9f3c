import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { TestBridge } from '../support/test-bridge.ts';
import { type EnvoyPart, EnvoyProcess, socketAddress } from './support/envoy.ts';
import { eventually } from './support/eventually.ts';

/** The address of a host in Envoy's configuration, and as an endpoint of the bridge. */
const ADDRESSES: readonly (readonly [EnvoyPart, string])[] = [
  [socketAddress('10.0.0.1:80'), '10.0.0.1:80'],
  [{ socket_address: { address: '2001:db8::1', port_value: 80 } }, '[2001:db8::1]:80'],
  [{ socket_address: { address: '0:0:0:0:0:0:0:1', port_value: 80 } }, '[::1]:80'],
  [{ socket_address: { address: '::ffff:10.0.0.2', port_value: 80 } }, '[::ffff:10.0.0.2]:80'],
  [{ pipe: { path: '/run/app::v1:80.sock' } }, 'unix:/run/app::v1:80.sock'],
  [{ pipe: { path: '@abstract::name' } }, 'unix:@abstract::name'],
  [{ envoy_internal_address: { server_listener_name: 'inner::a', endpoint_id: 'one' } }, 'envoy://inner::a/one'],
];
const NAMES = [
  'plain',
  'outbound|80||orders.shop.svc.cluster.local',
  'httproute/shop/orders/rule/0',
  'a::b',
  'a::health_flags::healthy',
  'two words',
  'é',
];
const HOSTNAMES = ['', 'app.example', 'x::health_flags::healthy', 'weight::1'];

function endpoint(address: EnvoyPart, index: number): EnvoyPart {
  return {
    endpoint: { address, hostname: HOSTNAMES[index % HOSTNAMES.length] },
    load_balancing_weight: index + 1,
    metadata: { filter_metadata: { 'envoy.lb': { canary: index % 2 === 1 } } },
  };
}

function cluster(name: string): EnvoyPart {
  const endpoints = ADDRESSES.map(([address], index) => endpoint(address, index));
  return {
    name,
    load_assignment: {
      cluster_name: 'x',
      endpoints: [
        { locality: { region: 'r::weight::1', zone: 'z', sub_zone: 's' }, lb_endpoints: endpoints.slice(0, 4) },
        { priority: 1, lb_endpoints: endpoints.slice(4) },
      ],
    },
  };
}

interface Shown {
  readonly componentId: string;
  readonly [key: string]: unknown;
}

/** What each endpoint has of its own. */
function expected(name: string, format: string): readonly object[] {
  return ADDRESSES.map(([, componentId], index) => ({
    componentId,
    state: 'healthy',
    flags: [],
    cluster: name,
    priority: index < 4 ? 0 : 1,
    weight: index + 1,
    locality: index < 4 ? { region: 'r::weight::1', zone: 'z', subZone: 's' } : undefined,
    canary: format === 'text' ? index % 2 === 1 : undefined,
  }));
}

function pick({ componentId, state, flags, cluster: name, priority, weight, locality, canary }: Shown): object {
  return { componentId, state, flags, cluster: name, priority, weight, locality, canary };
}

function byKey(one: object, other: object): number {
  return JSON.stringify(one).localeCompare(JSON.stringify(other));
}

describe('hosts and names of every kind, as a real Envoy prints them', { timeout: 60_000 }, () => {
  for (const format of ['json', 'text']) {
    it(`are read in ${format} as they were configured`, async () => {
      await using envoy = await EnvoyProcess.start({
        bootstrap_extensions: [
          {
            name: 'envoy.bootstrap.internal_listener',
            typed_config: { '@type': 'type.googleapis.com/envoy.extensions.bootstrap.internal_listener.v3.InternalListener' },
          },
        ],
        static_resources: { clusters: NAMES.map(cluster) },
      });
      const clusters = NAMES.map((name, index) => ({
        name: `c${index}`,
        discovery: { type: 'envoy', admin: envoy.adminUrl, clusters: [name], pollInterval: '100ms', format },
      }));
      await using test = await TestBridge.start({ clusters });
      await eventually(
        'ready',
        async () => (await test.get('/readyz')).status,
        (status) => status === 200,
      );
      const { checks } = JSON.parse((await test.get('/healthz?format=json', { listener: 'admin' })).body);
      for (const [index, name] of NAMES.entries()) {
        const shown: readonly Shown[] = checks[`c${index}`];
        assert.deepEqual(shown.map(pick).toSorted(byKey), expected(name, format).toSorted(byKey), name);
      }
    });
  }
});
