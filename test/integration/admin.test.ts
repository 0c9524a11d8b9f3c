import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { describe, it } from 'node:test';
import { GrpcBackend } from '../support/peers/grpc-backend.ts';
import { quickCluster, type RawConfig, TestBridge } from '../support/test-bridge.ts';
import { writeTestFiles } from '../support/test-files.ts';

const ADMIN = { listener: 'admin' };
const POST = { ...ADMIN, method: 'POST' };
const DEADLINE_MS = 10_000;

async function startOver(backends: readonly GrpcBackend[], more: RawConfig = {}): Promise<TestBridge> {
  const test = await TestBridge.start({
    clusters: [
      quickCluster(
        'a',
        backends.map(({ key }) => key),
      ),
    ],
    ...more,
  });
  await test.untilHealthy(true);
  return test;
}

/** A request with fields that fetch does not let through, such as Host. */
async function codeOf(
  test: TestBridge,
  path: string,
  headers: Readonly<Record<string, string>>,
  method = 'GET',
): Promise<number> {
  const sent = request(test.url('admin') + path, {
    headers,
    method,
    agent: false,
    signal: AbortSignal.timeout(DEADLINE_MS),
  }).end();
  const [response] = await once(sent, 'response');
  response.resume();
  return response.statusCode;
}

/** The state of each endpoint of the cluster, by address. */
async function statesOf(test: TestBridge): Promise<ReadonlyMap<string, string>> {
  const { body } = await test.get('/healthz?format=json');
  const { checks }: { readonly checks: { readonly a: readonly { readonly componentId: string; readonly state: string }[] } } =
    JSON.parse(body);
  return new Map(checks.a.map(({ componentId, state }) => [componentId, state]));
}

describe('/clusters', () => {
  for (const format of ['json', 'text']) {
    it(`is read as ${format} by a second bridge, which comes to the same verdict`, { timeout: 20_000 }, async () => {
      await using well = await GrpcBackend.start();
      await using ill = await GrpcBackend.start();
      ill.setStatus('', 'NOT_SERVING');
      await using first = await startOver([well, ill]);
      await first.untilLogged('endpoint state changed', ({ toState }) => toState === 'unhealthy');
      const discovery = {
        type: 'envoy',
        admin: first.url('admin'),
        clusters: ['a'],
        pollInterval: '100ms',
        jitter: '0s',
        format,
      };
      await using second = await TestBridge.start({ clusters: [{ name: 'a', discovery }] });
      await second.untilHealthy(true);
      assert.deepEqual(await statesOf(second), await statesOf(first));
      // Maintenance is the first bridge's own matter, yet it is not LIVE then: the second takes it for away.
      await first.get('/healthcheck/fail', POST);
      await second.untilHealthy(false);
      await first.get('/healthcheck/ok', POST);
      await second.untilLogged('health answer changed', ({ healthy }) => healthy === true);
    });
  }
});

describe('the admin listener', () => {
  it('changes nothing by GET or HEAD, and tells the method that does', async () => {
    await using backend = await GrpcBackend.start();
    await using test = await startOver([backend]);
    for (const path of ['/healthcheck/fail', '/healthcheck/ok', '/drain', '/logging?level=trace']) {
      for (const method of ['GET', 'HEAD', 'PUT', 'DELETE', 'OPTIONS', 'PROPFIND']) {
        const answer = await test.get(path, { ...ADMIN, method });
        assert.deepEqual([answer.status, answer.headers.get('allow')], [405, 'POST'], `${method} ${path}`);
      }
    }
    for (const path of ['/', '/clusters', '/config', '/ready', '/status.json']) {
      const answer = await test.get(path, POST);
      assert.deepEqual([answer.status, answer.headers.get('allow')], [405, 'GET, HEAD'], path);
      const head = await test.get(path, { ...ADMIN, method: 'HEAD' });
      assert.deepEqual([head.status, head.body], [200, '']);
    }
    assert.equal((await test.get('/readyz')).status, 200);
    assert.equal((await test.get('/nothing', ADMIN)).status, 404);
    // None of these exists where clients come.
    for (const path of ['/config', '/clusters', '/drain', '/status.json']) {
      assert.equal((await test.get(path, { method: path === '/drain' ? 'POST' : 'GET' })).status, 404, path);
    }
  });

  it('puts the bridge into maintenance and back, without a lost state', async () => {
    await using backend = await GrpcBackend.start();
    await using test = await startOver([backend], { health: { failDuringDrain: false } });
    const codes = async (): Promise<readonly number[]> => [
      (await test.get('/')).status,
      (await test.get('/readyz')).status,
      (await test.get('/healthz/a')).status,
      (await test.get('/livez')).status,
      (await test.get('/ready', ADMIN)).status,
    ];
    assert.match((await test.get('/healthcheck/fail', POST)).body, /^in maintenance/);
    assert.match((await test.get('/healthcheck/fail', POST)).body, /as before\n$/);
    assert.deepEqual(await codes(), [503, 503, 200, 200, 503]);
    assert.equal((await test.get('/ready', ADMIN)).body, 'DRAINING\n');
    await test.get('/healthcheck/ok', POST);
    assert.deepEqual(await codes(), [200, 200, 200, 200, 200]);
    assert.equal((await test.get('/ready', ADMIN)).body, 'LIVE\n');
  });

  it('drains without ending, and a stop signal does not drain again', async () => {
    await using backend = await GrpcBackend.start();
    await using test = await startOver([backend], { drain: { delay: '0s', timeout: '1s' } });
    assert.match((await test.get('/drain', POST)).body, /^draining;/);
    assert.match((await test.get('/drain', POST)).body, /^draining already/);
    assert.deepEqual([(await test.get('/readyz')).status, (await test.get('/livez')).status], [503, 200]);
    assert.equal((await test.get('/', ADMIN)).status, 200);
    await test.bridge.drain('SIGTERM');
    await assert.rejects(test.get('/livez'));
    assert.deepEqual(
      test.lines.flatMap(({ msg }) => (String(msg).startsWith('drain') ? [msg] : [])),
      ['draining', 'draining already', 'drained'],
    );
  });

  it('turns the level of the log', async () => {
    await using backend = await GrpcBackend.start();
    await using test = await startOver([backend]);
    assert.equal((await test.get('/logging?level=loud', POST)).status, 400);
    assert.equal((await test.get('/logging', POST)).status, 400);
    await test.get('/logging?level=warn', POST);
    const before = test.lines.length;
    backend.setStatus('', 'NOT_SERVING');
    while ((await test.get('/')).status === 200) {
      // The next answer tells.
    }
    assert.equal(test.lines.length, before);
    assert.match((await test.get('/logging?level=debug', POST)).body, /^logging: debug\n$/);
    await test.untilLogged('log level was set', ({ logLevel }) => logLevel === 'debug');
    await test.untilLogged('health check', ({ outcome }) => outcome === 'not_serving');
  });

  it('shows the configuration in force without what is secret', async () => {
    await using backend = await GrpcBackend.start();
    await using files = await writeTestFiles({ token: 'from-a-file' });
    const metadata = { 'x-probe': 'in-the-file', authorization: { file: files.path('token') } };
    const headers = [
      { name: 'authorization', exact: 'Bearer of-a-route' },
      { name: 'x-canary', exact: 'yes' },
    ];
    await using test = await startOver([backend], {
      clusters: [quickCluster('a', [backend.key], { metadata })],
      routes: [{ name: 'r', match: { prefix: '/', headers }, cluster: 'a' }],
    });
    const { body } = await test.get('/config', ADMIN);
    assert.doesNotMatch(body, /in-the-file|from-a-file|of-a-route/);
    assert.match(body, /x-probe: "?\*\*\*/);
    assert.ok(body.includes(files.path('token')));
    assert.match(body, /name: x-canary\n +exact: "?yes/);
  });
});

describe('who may ask the admin listener', () => {
  it('is nobody who comes by a name, or from a page of another origin', async () => {
    await using backend = await GrpcBackend.start();
    await using test = await startOver([backend]);
    const { host, port } = new URL(test.url('admin'));
    for (const path of ['/', '/config', '/metrics', '/healthz', '/livez', '/nothing']) {
      assert.equal(await codeOf(test, path, { host: `evil.example:${port}` }), 403, path);
      assert.notEqual(await codeOf(test, path, { host: `localhost:${port}` }), 403, path);
    }
    assert.equal(await codeOf(test, '/healthcheck/fail', { host, origin: 'http://evil.example' }, 'POST'), 403);
    assert.equal((await test.get('/readyz')).status, 200);
    assert.equal(await codeOf(test, '/healthcheck/fail', { host, origin: `http://${host}` }, 'POST'), 200);
    assert.equal((await test.get('/readyz')).status, 503);
  });

  it('is who has the token of a file, the new one once it was changed', async () => {
    await using backend = await GrpcBackend.start();
    await using files = await writeTestFiles({ token: 'first' });
    await using test = await startOver([backend], { admin: { address: '0.0.0.0:0', tokenFile: files.path('token') } });
    const ask = async (path: string, token?: string): Promise<number> =>
      (await test.get(path, { ...ADMIN, headers: token === undefined ? {} : { authorization: `Bearer ${token}` } })).status;
    for (const path of ['/clusters', '/config', '/metrics', '/healthz', '/status.json', '/ready']) {
      assert.deepEqual([await ask(path), await ask(path, 'wrong'), await ask(path, 'first')], [401, 401, 200], path);
    }
    assert.deepEqual([await ask('/'), await ask('/status.js'), await ask('/livez')], [200, 200, 200]);
    assert.equal((await test.get('/drain', POST)).status, 401);
    assert.equal(await codeOf(test, '/metrics', { host: 'bridge.monitoring', authorization: 'Bearer first' }), 200);
    await writeFile(files.path('token'), 'second\n');
    const deadline = AbortSignal.timeout(DEADLINE_MS);
    while ((await ask('/ready', 'second')) !== 200) {
      assert.ok(!deadline.aborted, 'the new token never counted');
    }
    assert.equal(await ask('/ready', 'first'), 401);
  });

  it('is everybody who can open the socket file', async () => {
    await using backend = await GrpcBackend.start();
    await using files = await writeTestFiles({});
    const socketPath = files.path('admin.sock');
    await using _test = await startOver([backend], { admin: { address: `unix:${socketPath}`, allow: ['192.0.2.1'] } });
    const sent = request({ socketPath, path: '/ready', agent: false, signal: AbortSignal.timeout(DEADLINE_MS) }).end();
    const [response] = await once(sent, 'response');
    response.resume();
    assert.equal(response.statusCode, 200);
  });
});
