import assert from 'node:assert/strict';
import { Agent, type ServerResponse } from 'node:http';
import { connect as connectHttp2 } from 'node:http2';
import { describe, it } from 'node:test';
import { freePort } from '../support/free-port.ts';
import { http1Request, until } from '../support/http1-bench.ts';
import { Http1Endpoint } from '../support/peers/http1-endpoint.ts';
import { ask, portOf, type RestAnswer, restCluster, startRest, WAYS } from '../support/rest-bridge.ts';
import type { TestBridge } from '../support/test-bridge.ts';
import { writeTestFiles } from '../support/test-files.ts';
import { testTls } from '../support/tls.ts';

const UNCHECKED = { type: 'none', interval: '5s', intervalJitter: '1s', healthyThreshold: 2, unhealthyThreshold: 2 };

const named = (name: string): Promise<Http1Endpoint> => Http1Endpoint.serve((_request, response) => response.end(name));

/** Who answers so many requests, in turn. */
async function askMany(bridge: TestBridge, count = 6): Promise<readonly string[]> {
  const bodies: string[] = [];
  for (let asked = 0; asked < count; asked++) {
    const { status, body } = await ask(asked % 2 === 0 ? 'HTTP/1.1' : 'h2c', bridge);
    assert.equal(status, 200);
    bodies.push(body.toString());
  }
  return bodies;
}

/** Requests of every way that the endpoint holds back. */
async function hold(changes: Readonly<Record<string, unknown>> = {}): Promise<{
  endpoint: Http1Endpoint;
  bridge: TestBridge;
  held: ServerResponse[];
  answers: Promise<RestAnswer>[];
}> {
  const held: ServerResponse[] = [];
  const endpoint = await Http1Endpoint.serve((request, response) => {
    request.resume();
    held.push(response);
  });
  const bridge = await startRest([endpoint], changes);
  const answers = WAYS.map((way) => ask(way, bridge, { method: 'POST', body: Buffer.from('x') }));
  for (const answer of answers) {
    // Looked at later.
    answer.catch(() => undefined);
  }
  await until(
    () => held.length === WAYS.length,
    () => `${held.length} requests`,
  );
  return { endpoint, bridge, held, answers };
}

describe('the endpoints of an http1 cluster', () => {
  it('take turns', async () => {
    await using one = await named('one');
    await using two = await named('two');
    await using bridge = await startRest([one, two]);
    assert.deepEqual((await askMany(bridge)).toSorted(), ['one', 'one', 'one', 'two', 'two', 'two']);
  });

  it('that are dead are answered for with 503 and the reason', async () => {
    const endpoint = await named('gone');
    await endpoint[Symbol.asyncDispose]();
    await using bridge = await startRest([], { clusters: [restCluster('rest', [endpoint], UNCHECKED)] });
    await bridge.untilHealthy(true);
    for (const way of WAYS) {
      const { status, headers, body } = await ask(way, bridge);
      assert.deepEqual(
        [status, headers['x-health-bridge-error'], body.toString()],
        [503, 'connect_failed', 'no upstream can be connected to\n'],
      );
    }
  });

  it('are reached over TLS where the cluster says so, if their certificate is right', async () => {
    const { ca, otherCa, server } = await testTls();
    await using files = await writeTestFiles({ ca, otherCa });
    await using endpoint = await Http1Endpoint.serve((_request, response) => response.end('secret'), { tls: server });
    for (const [name, expected] of [
      ['ca', [200, undefined]],
      ['otherCa', [503, 'tls_failed']],
    ] as const) {
      const tls = { caFile: files.path(name), serverName: 'app.test' };
      await using bridge = await startRest([endpoint], { clusters: [{ ...restCluster('rest', [endpoint]), tls }] });
      for (const way of WAYS) {
        const { status, headers } = await ask(way, bridge);
        assert.deepEqual([status, headers['x-health-bridge-error']], expected);
      }
    }
  });

  it('get nothing once a check over TCP fails', async () => {
    await using one = await named('one');
    const two = await named('two');
    await using bridge = await startRest([one, two]);
    await two[Symbol.asyncDispose]();
    await bridge.untilLogged(
      'endpoint state changed',
      ({ endpoint, toState }) => endpoint === two.endpoint.key && toState === 'unhealthy',
    );
    assert.deepEqual(new Set(await askMany(bridge)), new Set(['one']));
    assert.equal((await bridge.get('/healthz')).status, 200);
    await one[Symbol.asyncDispose]();
    await bridge.untilHealthy(false);
    const { status, headers } = await ask('HTTP/1.1', bridge);
    assert.deepEqual([status, headers['x-health-bridge-error']], [503, 'no_upstream']);
  });

  it('get requests in panic all the same, while the health answer tells the truth', async () => {
    await using one = await named('one');
    await using two = await named('two');
    const cluster = restCluster('rest', [one, two], { port: await freePort() });
    await using bridge = await startRest([], { clusters: [{ ...cluster, loadBalancing: { panicThreshold: '50%' } }] });
    for (const { endpoint } of [one, two]) {
      await bridge.untilLogged('endpoint state changed', (line) => line['endpoint'] === endpoint.key);
    }
    assert.deepEqual(new Set(await askMany(bridge)), new Set(['one', 'two']));
    assert.equal((await bridge.get('/healthz')).status, 503);
  });

  it('have no more connections than connectionPool allows', async () => {
    const held: ServerResponse[] = [];
    await using endpoint = await Http1Endpoint.serve((_request, response) => held.push(response));
    const connectionPool = { maxConnections: 1, maxPendingRequests: 1 };
    await using bridge = await startRest([], { clusters: [{ ...restCluster('rest', [endpoint], UNCHECKED), connectionPool }] });
    await bridge.untilHealthy(true);
    const first = ask('HTTP/1.1', bridge);
    await until(
      () => held.length === 1,
      () => 'no request',
    );
    // Two more: the first of them waits, whichever that is.
    const others = [ask('h2c', bridge), ask('HTTP/1.1', bridge)];
    const refused = await Promise.race(others);
    assert.deepEqual([refused.status, refused.headers['x-health-bridge-error']], [503, 'overflow']);
    held.shift()?.end('ok');
    assert.equal((await first).status, 200);
    await until(
      () => held.length === 1,
      () => 'the other one still waits',
    );
    held.shift()?.end('ok');
    const statuses = (await Promise.all(others)).map(({ status }) => status);
    assert.deepEqual(new Set(statuses), new Set([200, 503]));
    assert.equal(endpoint.accepted, 1);
  });
});

describe('a bridge before servers of HTTP/1.1 that drains', () => {
  it('lets requests finish, and tells every client to leave', async () => {
    const { endpoint, bridge, held, answers } = await hold();
    await using _ = endpoint;
    const drained = bridge.bridge.drain('SIGTERM');
    await bridge.untilLogged('draining');
    // Who comes now is still served.
    const late = ask('HTTP/1.1', bridge);
    await until(
      () => held.length === WAYS.length + 1,
      () => 'the late one has not come',
    );
    for (const response of held) {
      response.end('ok');
    }
    for (const answer of await Promise.all([...answers, late])) {
      assert.deepEqual([answer.status, answer.body.toString()], [200, 'ok']);
    }
    await drained;
    await bridge.untilLogged('drained');
    await until(
      () => endpoint.sockets.size === 0,
      () => `${endpoint.sockets.size} connections left`,
    );
  });

  it('loses none under load', async () => {
    await using endpoint = await Http1Endpoint.serve((request, response) => request.pipe(response));
    await using bridge = await startRest([endpoint]);
    const stop = new AbortController();
    let answered = 0;
    const port = portOf(bridge);
    const overHttp1 = async (): Promise<void> => {
      const agent = new Agent({ keepAlive: true, maxSockets: 1 });
      while (!stop.signal.aborted) {
        const answer = await http1Request(port, { agent, method: 'POST' }, 'content');
        assert.deepEqual([answer.status, answer.isComplete, answer.body.toString()], [200, true, 'content']);
        answered++;
      }
      agent.destroy();
    };
    const overHttp2 = async (): Promise<void> => {
      const session = connectHttp2(`http://127.0.0.1:${port}`);
      while (!stop.signal.aborted) {
        const stream = session.request({ ':method': 'POST', ':path': '/' });
        stream.end('content');
        assert.equal(Buffer.concat(await stream.toArray()).toString(), 'content');
        answered++;
      }
      session.close();
    };
    const clients = [...Array.from({ length: 4 }, overHttp1), ...Array.from({ length: 4 }, overHttp2)];
    await until(
      () => answered > 400,
      () => `${answered} answered`,
    );
    const drained = bridge.bridge.drain('SIGTERM');
    stop.abort();
    await Promise.all(clients);
    await drained;
    await bridge.untilLogged('drained');
  });

  it('ends what is left when drain.timeout is over', async () => {
    const { endpoint, bridge, answers } = await hold({ drain: { delay: '0s', timeout: '100ms' } });
    await using _ = endpoint;
    await bridge.bridge.drain('SIGTERM');
    for (const { status, headers } of await Promise.all(answers)) {
      assert.deepEqual([status, headers['x-health-bridge-error']], [503, 'draining']);
    }
    await until(
      () => endpoint.sockets.size === 0,
      () => `${endpoint.sockets.size} connections left`,
    );
  });
});
