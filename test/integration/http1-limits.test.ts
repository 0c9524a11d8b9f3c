import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FakeClock } from '../support/fake-clock.ts';
import { http2Request } from '../support/forward-bench.ts';
import { askBoth, Http1Bench, type Http1BenchOptions, http1Request, until } from '../support/http1-bench.ts';
import { Http1Endpoint } from '../support/peers/http1-endpoint.ts';
import { poolLimits } from '../support/pool-limits.ts';
import { RawClient } from '../support/raw-client.ts';

describe('the limits of an http1 cluster', () => {
  const ONE: Http1BenchOptions = { cluster: { pool: { maxPendingRequests: 1, maxConnections: 1, idleTimeoutMs: 60_000 } } };

  it('let requests wait for a connection, and refuse those above the limit', async () => {
    const answers: (() => void)[] = [];
    await using endpoint = await Http1Endpoint.serve((_request, response) => {
      answers.push(() => response.end('ok'));
    });
    await using bench = await Http1Bench.start([endpoint.endpoint], ONE);
    const first = http1Request(bench.port);
    await until(
      () => answers.length === 1,
      () => 'no request',
    );
    const second = http2Request(bench.port, {});
    await until(
      () => bench.cluster.pendingRequests === 1,
      () => 'nobody waits',
    );
    assert.deepEqual((await askBoth(bench)).slice(0, 2), [503, 'overflow']);
    answers.shift()?.();
    assert.equal((await first).status, 200);
    await until(
      () => answers.length === 1,
      () => 'the second still waits',
    );
    answers.shift()?.();
    assert.equal((await second).status, 200);
    assert.equal(endpoint.accepted, 1);
  });

  it('let requests use a connection to another endpoint rather than wait', async () => {
    await using one = await Http1Endpoint.serve((_request, response) => response.end());
    await using two = await Http1Endpoint.serve((_request, response) => response.end());
    await using bench = await Http1Bench.start([one.endpoint, two.endpoint], ONE);
    for (let count = 0; count < 4; count++) {
      assert.equal((await http1Request(bench.port)).status, 200);
    }
    assert.deepEqual([bench.opened, bench.cluster.connections], [1, 1]);
  });

  it('let each endpoint have a connection, however few there may be', async () => {
    const answers: (() => void)[] = [];
    const hold = (): Promise<Http1Endpoint> =>
      Http1Endpoint.serve((_request, response) => {
        answers.push(() => response.end());
      });
    await using one = await hold();
    await using two = await hold();
    await using bench = await Http1Bench.start([one.endpoint, two.endpoint], ONE);
    const requests: ReturnType<typeof http1Request>[] = [];
    for (const count of [1, 2]) {
      requests.push(http1Request(bench.port));
      await until(
        () => answers.length === count,
        () => `${answers.length} requests`,
      );
    }
    assert.deepEqual([one.accepted, two.accepted], [1, 1]);
    for (const answer of answers) {
      answer();
    }
    assert.deepEqual(
      (await Promise.all(requests)).map(({ status }) => status),
      [200, 200],
    );
  });

  it('refuse requests above the limit of those under way', async () => {
    const answers: (() => void)[] = [];
    await using endpoint = await Http1Endpoint.serve((_request, response) => {
      answers.push(() => response.end());
    });
    await using bench = await Http1Bench.start([endpoint.endpoint], { cluster: { pool: { maxRequests: 2 } } });
    const requests = [http1Request(bench.port), http2Request(bench.port, {})];
    await until(
      () => answers.length === 2,
      () => `${answers.length} requests`,
    );
    assert.deepEqual((await askBoth(bench)).slice(0, 2), [503, 'overflow']);
    answers.shift()?.();
    await Promise.race(requests);
    const late = http1Request(bench.port);
    await until(
      () => answers.length === 2,
      () => 'no third request',
    );
    for (const answer of answers) {
      answer();
    }
    assert.equal((await late).status, 200);
    await Promise.all(requests);
  });

  it('give each request a connection of its own with one per connection, also when all else is one', async () => {
    await using endpoint = await Http1Endpoint.serve((_request, response) => response.end());
    const pool = { maxConnections: 1, maxPendingRequests: 1, maxRequests: 1, maxRequestsPerConnection: 1 };
    await using bench = await Http1Bench.start([endpoint.endpoint], { cluster: { pool } });
    for (let count = 1; count <= 10; count++) {
      const { status } = await (count % 2 === 0 ? http1Request(bench.port) : http2Request(bench.port, {}));
      assert.deepEqual([status, endpoint.accepted], [200, count]);
    }
  });

  it('use a connection for as many requests as it may have, and change while it is there', async () => {
    await using endpoint = await Http1Endpoint.serve((_request, response) => response.end());
    await using bench = await Http1Bench.start([endpoint.endpoint], { cluster: { pool: { maxRequestsPerConnection: 3 } } });
    const accepted: number[] = [];
    for (let count = 1; count <= 7; count++) {
      await http1Request(bench.port);
      accepted.push(endpoint.accepted);
    }
    assert.deepEqual(accepted, [1, 1, 1, 2, 2, 2, 3]);
    bench.cluster.changeLimits(poolLimits({ maxRequestsPerConnection: 1 }));
    await http1Request(bench.port);
    await http1Request(bench.port);
    assert.equal(endpoint.accepted, 4);
  });

  it('let requests wait for so long only', async () => {
    const clock = new FakeClock();
    await using endpoint = await Http1Endpoint.serve(() => undefined);
    await using bench = await Http1Bench.start([endpoint.endpoint], { ...ONE, clock });
    using client = await RawClient.tcp(bench.port);
    client.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    await until(
      () => endpoint.requests === 1,
      () => 'no request',
    );
    const second = http1Request(bench.port);
    await until(
      () => bench.cluster.pendingRequests === 1,
      () => 'nobody waits',
    );
    await clock.advance(4999);
    assert.equal(bench.cluster.pendingRequests, 1);
    await clock.advance(1);
    const answer = await second;
    assert.deepEqual([answer.status, answer.headers['x-health-bridge-error']], [503, 'queue_timeout']);
    client.reset();
    await bench.untilQuiet();
    assert.equal(clock.pendingTimers, 0);
  });

  for (const [name, octets, reason] of [
    ['octets of a header section', `HTTP/1.1 200 OK\r\nX: ${'x'.repeat(65_536)}\r\n\r\n`, 'upstream_headers_too_large'],
    ['fields', `HTTP/1.1 200 OK\r\n${'X: y\r\n'.repeat(129)}\r\n`, 'upstream_headers_too_large'],
    ['interim responses', `${'HTTP/1.1 102 Processing\r\n\r\n'.repeat(17)}HTTP/1.1 200 OK\r\n\r\n`, 'upstream_protocol'],
  ] as const) {
    it(`hold for ${name} of a response`, async () => {
      await using endpoint = await Http1Endpoint.script((socket) => socket.write(octets));
      await using bench = await Http1Bench.start([endpoint.endpoint]);
      assert.deepEqual((await askBoth(bench)).slice(0, 2), [502, reason]);
    });
  }

  it('hold for the fields of trailers', async () => {
    const octets = `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n${'X: y\r\n'.repeat(129)}\r\n`;
    await using endpoint = await Http1Endpoint.script((socket) => socket.write(octets));
    await using bench = await Http1Bench.start([endpoint.endpoint]);
    // What has been written goes with the connection, if it has not left yet.
    const one = await http1Request(bench.port).catch(() => null);
    assert.notEqual(one?.isComplete, true);
    assert.equal((await http2Request(bench.port, {})).code, 2);
  });

  it('close idle connections', async () => {
    await using endpoint = await Http1Endpoint.serve((_request, response) => response.end());
    const pool = { maxPendingRequests: 1, idleTimeoutMs: 30 };
    await using bench = await Http1Bench.start([endpoint.endpoint], { cluster: { pool } });
    await http1Request(bench.port);
    await until(
      () => bench.cluster.connections === 0 && endpoint.sockets.size === 0,
      () => 'the connection stays',
    );
  });
});

describe('closing an http1 cluster', () => {
  it('answers what is under way with 503, or ends it, and leaves nothing', async () => {
    await using endpoint = await Http1Endpoint.serve((request, response) => {
      if (request.url === '/begun') {
        response.write('x');
      }
    });
    await using bench = await Http1Bench.start([endpoint.endpoint]);
    const answers = Promise.all([
      http1Request(bench.port),
      http1Request(bench.port, { path: '/begun' }),
      http2Request(bench.port, {}),
      http2Request(bench.port, { ':path': '/begun' }),
    ]);
    await until(
      () => endpoint.requests === 4 && bench.log.ended.length === 0,
      () => `${endpoint.requests} requests`,
    );
    await until(
      () => bench.cluster.activeRequests === 4,
      () => 'not all under way',
    );
    await bench.cluster.close();
    const [one, begun, two, begunToo] = await answers;
    assert.deepEqual([one.status, one.headers['x-health-bridge-error']], [503, 'draining']);
    assert.deepEqual([two.status, two.headers['x-health-bridge-error']], [503, 'draining']);
    assert.ok(!begun.isComplete || begun.status === 503);
    assert.ok(begunToo.code === 2 || begunToo.status === 503);
    assert.deepEqual([bench.cluster.connections, bench.cluster.activeRequests], [0, 0]);
    assert.equal((await http1Request(bench.port)).status, 503);
    bench.cluster.update([{ endpoint: endpoint.endpoint, state: 'healthy' }]);
    assert.equal((await http1Request(bench.port)).headers['x-health-bridge-error'], 'draining');
  });
});
