import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Metadata, status } from '@grpc/grpc-js';
import { fitsShares } from '../support/chi-square.ts';
import { EchoClient, runCalls } from '../support/echo-client.ts';
import { EchoBackend } from '../support/peers/echo-service.ts';
import { portOf } from '../support/rest-bridge.ts';
import { TestBridge } from '../support/test-bridge.ts';
import { writeTestFiles } from '../support/test-files.ts';
import { type EnvoyPart, EnvoyProcess, http2Cluster, httpListener, socketAddress } from './support/envoy.ts';
import { freePorts } from './support/free-ports.ts';

const CALLS = 10_000;
const MESSAGE = Buffer.from('x');
const SUBSET_FILTER = 'envoy.lb';

/** Ways by version, with weights, where the header `x-way` has that value; the same for both proxies. */
const ROUTES: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  canary: { v2: 1 },
  nobody: { v9: 1 },
  all: { v1: 80, v2: 10, v3: 10 },
};

type Fallback = 'none' | 'any';

/** One proxy before three backends, of the versions v1 to v3. */
interface Side extends AsyncDisposable {
  readonly client: EchoClient;
  /** Calls of each backend, v1 first. */
  counts(): readonly number[];
}

async function startBackends(): Promise<readonly EchoBackend[]> {
  return await Promise.all([1, 2, 3].map(() => EchoBackend.start()));
}

function toSide(backends: readonly EchoBackend[], port: number, proxies: readonly AsyncDisposable[]): Side {
  const client = new EchoClient(port);
  return {
    client,
    counts: () => backends.map(({ executed }) => executed.length),
    [Symbol.asyncDispose]: async () => {
      client[Symbol.dispose]();
      for (const each of [...proxies, ...backends]) {
        await each[Symbol.asyncDispose]();
      }
    },
  };
}

async function startEnvoy(fallback: Fallback): Promise<Side> {
  const backends = await startBackends();
  const [port = 0] = await freePorts(1);
  const endpoints = backends.map(({ endpoint }, index) => ({
    endpoint: { address: socketAddress(endpoint.key) },
    metadata: { filter_metadata: { [SUBSET_FILTER]: { version: `v${index + 1}` } } },
  }));
  const cluster = http2Cluster('echo', [], {
    load_assignment: { cluster_name: 'echo', endpoints: [{ lb_endpoints: endpoints }] },
    lb_subset_config: {
      fallback_policy: fallback === 'any' ? 'ANY_ENDPOINT' : 'NO_FALLBACK',
      subset_selectors: [{ keys: ['version'] }],
    },
  });
  const routes = Object.entries(ROUTES).map(
    ([name, ways]): EnvoyPart => ({
      match: {
        prefix: '/',
        ...(name === 'all' ? {} : { headers: [{ name: 'x-way', string_match: { exact: name } }] }),
      },
      route: {
        timeout: '0s',
        weighted_clusters: {
          clusters: Object.entries(ways).map(([version, weight]) => ({
            name: 'echo',
            weight,
            metadata_match: { filter_metadata: { [SUBSET_FILTER]: { version } } },
          })),
        },
      },
    }),
  );
  const envoy = await EnvoyProcess.start({
    static_resources: { clusters: [cluster], listeners: [httpListener(port, routes)] },
  });
  return toSide(backends, port, [envoy]);
}

async function startBridge(fallback: Fallback): Promise<Side> {
  const backends = await startBackends();
  const endpoints = backends.map(({ endpoint }, index) => ({ address: endpoint.key, labels: { version: `v${index + 1}` } }));
  // A subset that no endpoint of a static list has would be refused.
  const files = await writeTestFiles({ 'endpoints.yaml': JSON.stringify(endpoints) });
  const bridge = await TestBridge.start({
    clusters: [
      {
        name: 'echo',
        discovery: { type: 'file', path: files.path('endpoints.yaml') },
        healthCheck: { type: 'none' },
        subsets: { keys: ['version'], fallback },
      },
    ],
    routes: Object.entries(ROUTES).map(([name, ways]) => ({
      name,
      ...(name === 'all' ? {} : { match: { headers: [{ name: 'x-way', exact: name }] } }),
      clusters: Object.entries(ways).map(([version, weight]) => ({ name: 'echo', subset: { version }, weight })),
    })),
  });
  await bridge.untilHealthy(true);
  return toSide(backends, portOf(bridge), [bridge, files]);
}

function way(name: string): Metadata {
  const metadata = new Metadata();
  metadata.set('x-way', name);
  return metadata;
}

for (const [name, start] of [
  ['Envoy', startEnvoy],
  ['the bridge', startBridge],
] as const) {
  describe(`subsets of ${name}`, { timeout: 60_000 }, () => {
    it(`divide ${CALLS} calls 80/10/10, and lead those with a header to v2`, async () => {
      await using side = await start('none');
      await runCalls(CALLS, 50, async () => {
        assert.equal((await side.client.unary(MESSAGE)).code, status.OK);
      });
      const counts = side.counts();
      assert.ok(fitsShares(counts, [80, 10, 10]), counts.join(' '));
      for (let count = 0; count < 20; count++) {
        assert.equal((await side.client.unary(MESSAGE, { metadata: way('canary') })).code, status.OK);
      }
      const [v1 = 0, v2 = 0, v3 = 0] = counts;
      assert.deepEqual(side.counts(), [v1, v2 + 20, v3]);
    });

    it('have nobody to go to where no endpoint has the labels', async () => {
      await using side = await start('none');
      assert.equal((await side.client.unary(MESSAGE, { metadata: way('nobody') })).code, status.UNAVAILABLE);
      assert.deepEqual(side.counts(), [0, 0, 0]);
    });

    it('fall back to any endpoint, all in turn', async () => {
      await using side = await start('any');
      for (let count = 0; count < 9; count++) {
        assert.equal((await side.client.unary(MESSAGE, { metadata: way('nobody') })).code, status.OK);
      }
      assert.deepEqual(side.counts(), [3, 3, 3]);
    });
  });
}
