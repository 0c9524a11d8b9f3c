import assert from 'node:assert/strict';
import { connect } from 'node:http2';
import { createConnection } from 'node:net';
import { text } from 'node:stream/consumers';
import { describe, it } from 'node:test';
import { Http1Endpoint } from '../support/peers/http1-endpoint.ts';
import { NodeHttp2Backend } from '../support/peers/node-http2-backend.ts';
import { ask, portOf, type RestAnswer, type RestRequest } from '../support/rest-bridge.ts';
import { type RawConfig, TestBridge } from '../support/test-bridge.ts';

const USERS = Array.from({ length: 40 }, (_, index) => `user-${index}`);

const PROTOCOLS = ['http2', 'http1'] as const;
type Protocol = (typeof PROTOCOLS)[number];

/** Where a cluster leads. */
interface Endpoints {
  readonly protocol: Protocol;
  readonly keys: readonly (string | { readonly address: string; readonly weight: number })[];
}

/** A server that tells of each request how to answer it. */
function startServer(
  protocol: Protocol,
  onRequest: (answer: (text: string) => void) => void,
): Promise<NodeHttp2Backend | Http1Endpoint> {
  if (protocol === 'http1') {
    return Http1Endpoint.serve((_request, response) => onRequest((text) => response.end(text)));
  }
  return NodeHttp2Backend.start({
    onStream: (stream) =>
      onRequest((text) => {
        stream.respond({ ':status': 200 });
        stream.end(text);
      }),
  });
}

/** Endpoints that answer with their number. */
async function startEndpoints(protocol: Protocol, count: number): Promise<Endpoints & AsyncDisposable> {
  const servers = await Promise.all(
    Array.from({ length: count }, (_, index) => startServer(protocol, (answer) => answer(String(index)))),
  );
  return {
    protocol,
    keys: servers.map(({ endpoint }) => endpoint.key),
    [Symbol.asyncDispose]: async () => {
      await Promise.all(servers.map((server) => server[Symbol.asyncDispose]()));
    },
  };
}

function balancedBy(loadBalancing: RawConfig, { protocol, keys }: Endpoints): RawConfig {
  const discovery = { type: 'static', endpoints: keys };
  return {
    clusters: [{ name: 'main', protocol, discovery, healthCheck: { type: 'none' }, loadBalancing }],
    routes: [{ name: 'all', cluster: 'main' }],
    health: { paths: ['/healthz'] },
  };
}

/** The number of the endpoint that answers. */
async function homeOf(bridge: TestBridge, request: RestRequest): Promise<number> {
  const { status, body } = await ask('h2c', bridge, request);
  assert.equal(status, 200);
  return Number(body.toString());
}

const homesOf = (bridge: TestBridge, users: readonly string[]): Promise<readonly number[]> =>
  Promise.all(users.map((user) => homeOf(bridge, { headers: { 'x-user': user } })));

/** The numbers of the endpoints that answer clients with these addresses. */
function homesFrom(bridge: TestBridge, addresses: readonly string[]): Promise<readonly number[]> {
  const port = portOf(bridge);
  return Promise.all(
    addresses.map(async (localAddress) => {
      const client = connect(`http://127.0.0.1:${port}`, {
        createConnection: () => createConnection({ host: '127.0.0.1', port, localAddress }),
      });
      const answer = await text(client.request({ ':path': '/' }));
      client.close();
      return Number(answer);
    }),
  );
}

for (const protocol of PROTOCOLS) {
  describe(`load balancing over endpoints of ${protocol}`, () => {
    it('keeps the requests of one user at one endpoint by ringHash, and spreads users', async () => {
      await using endpoints = await startEndpoints(protocol, 3);
      await using bridge = await TestBridge.start(balancedBy({ policy: 'ringHash', hashOn: [{ header: 'x-user' }] }, endpoints));
      await bridge.untilHealthy(true);
      const homes = await homesOf(bridge, USERS);
      assert.equal(new Set(homes).size, 3);
      assert.deepEqual(await homesOf(bridge, USERS), homes);
      assert.deepEqual(await homesOf(bridge, USERS.toReversed()), homes.toReversed());
    });

    it('hashes by path, and by the address of the client', async () => {
      await using endpoints = await startEndpoints(protocol, 3);
      await using bridge = await TestBridge.start(balancedBy({ policy: 'ringHash', hashOn: [{ path: true }] }, endpoints));
      await bridge.untilHealthy(true);
      const paths = USERS.map((user) => `/${user}?a=b`);
      const homes = await Promise.all(paths.map((path) => homeOf(bridge, { path })));
      assert.equal(new Set(homes).size, 3);
      assert.deepEqual(await Promise.all(paths.map((path) => homeOf(bridge, { path }))), homes);
      await bridge.reload(balancedBy({ policy: 'ringHash', hashOn: [{ sourceAddress: true }] }, endpoints));
      const others = await Promise.all(paths.map((path, index) => homeOf(bridge, { path, headers: { 'x-user': `${index}` } })));
      assert.equal(new Set(others).size, 1, 'the reload puts another hash in force');
      const sources = Array.from({ length: 16 }, (_, index) => `127.0.0.${index + 1}`);
      const [homesNow, homesAgain] = [await homesFrom(bridge, sources), await homesFrom(bridge, sources)];
      assert.deepEqual(homesAgain, homesNow);
      assert.equal(homesNow[0], others[0]);
      assert.ok(new Set(homesNow).size > 1, homesNow.join(' '));
    });

    it('gives requests without any of the terms to any endpoint', async () => {
      await using endpoints = await startEndpoints(protocol, 3);
      await using bridge = await TestBridge.start(balancedBy({ policy: 'ringHash', hashOn: [{ header: 'x-user' }] }, endpoints));
      await bridge.untilHealthy(true);
      const homes = await Promise.all(USERS.map(() => homeOf(bridge, {})));
      assert.equal(new Set(homes).size, 3);
    });

    it('leads the users of an endpoint that is gone elsewhere, always to the same', async () => {
      await using endpoints = await startEndpoints(protocol, 3);
      const loadBalancing = { policy: 'ringHash', hashOn: [{ header: 'x-user' }] };
      await using bridge = await TestBridge.start(balancedBy(loadBalancing, endpoints));
      await bridge.untilHealthy(true);
      const homes = await homesOf(bridge, USERS);
      await bridge.reload(balancedBy(loadBalancing, { ...endpoints, keys: endpoints.keys.slice(1) }));
      const after = await homesOf(bridge, USERS);
      assert.deepEqual(await homesOf(bridge, USERS), after);
      assert.ok(after.every((home) => home !== 0));
      const moved = USERS.filter((_, index) => homes[index] !== 0 && homes[index] !== after[index]);
      assert.ok(moved.length < USERS.length / 2, `${moved.length} of ${USERS.length} moved without need`);
      await bridge.reload(balancedBy(loadBalancing, endpoints));
      assert.deepEqual(await homesOf(bridge, USERS), homes);
    });

    it('spreads by chance with random, and by turns with roundRobin', async () => {
      await using endpoints = await startEndpoints(protocol, 2);
      await using bridge = await TestBridge.start(balancedBy({ policy: 'random' }, endpoints));
      await bridge.untilHealthy(true);
      const inOrder = async (): Promise<string> => {
        let homes = '';
        for (let call = 0; call < 16; call++) {
          homes += await homeOf(bridge, {});
        }
        return homes;
      };
      assert.match(await inOrder(), /00|11/);
      await bridge.reload(balancedBy({ policy: 'roundRobin' }, endpoints));
      assert.doesNotMatch(await inOrder(), /00|11/);
    });
  });
}

describe('weights', () => {
  for (const protocol of PROTOCOLS) {
    it(`that a reload changes count at once, and on the connections that there are, over ${protocol}`, async () => {
      await using one = await startServer(protocol, (answer) => answer('one'));
      await using two = await startServer(protocol, (answer) => answer('two'));
      const weighing = (weight: number): RawConfig =>
        balancedBy({ policy: 'roundRobin' }, { protocol, keys: [one.endpoint.key, { address: two.endpoint.key, weight }] });
      await using bridge = await TestBridge.start(weighing(1));
      await bridge.untilHealthy(true);
      const count = async (): Promise<readonly number[]> => {
        const before = [one.requests, two.requests];
        for (let call = 0; call < 12; call++) {
          assert.equal((await ask('h2c', bridge, {})).status, 200);
        }
        return [one.requests - (before[0] ?? 0), two.requests - (before[1] ?? 0)];
      };
      assert.deepEqual(await count(), [6, 6]);
      const connections = [one, two].map((server) => ('opened' in server ? server.opened : server.accepted));
      await bridge.reload(weighing(3));
      assert.deepEqual(await count(), [3, 9]);
      assert.deepEqual(
        [one, two].map((server) => ('opened' in server ? server.opened : server.accepted)),
        connections,
      );
    });
  }
});

describe('least request', () => {
  for (const protocol of PROTOCOLS) {
    it(`gives calls to the endpoint that has none under way, over ${protocol}`, async () => {
      const held = Promise.withResolvers<() => void>();
      await using slow = await startServer(protocol, (answer) => held.resolve(() => answer('slow')));
      await using quick = await startServer(protocol, (answer) => answer('quick'));
      const keys = [slow.endpoint.key, quick.endpoint.key];
      await using bridge = await TestBridge.start(balancedBy({ policy: 'leastRequest' }, { protocol, keys }));
      await bridge.untilHealthy(true);
      const asked: Promise<RestAnswer>[] = [];
      while (slow.requests === 0) {
        const answer = ask('h2c', bridge, {});
        asked.push(answer);
        await Promise.race([answer, held.promise]);
      }
      for (let call = 0; call < 12; call++) {
        assert.equal((await ask('h2c', bridge, {})).body.toString(), 'quick');
      }
      assert.equal(slow.requests, 1);
      const release = await held.promise;
      release();
      assert.equal((await asked.at(-1))?.body.toString(), 'slow');
    });
  }
});
