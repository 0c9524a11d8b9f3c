import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, constants, openSync, readSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { connect } from 'node:http2';
import { describe, it } from 'node:test';
import { promisify } from 'node:util';
import { DemoClient } from '../support/demo-client.ts';
import { EchoClient } from '../support/echo-client.ts';
import { http2Request } from '../support/forward-bench.ts';
import { until } from '../support/http1-bench.ts';
import { METRICS, metricLines } from '../support/metrics-page.ts';
import { EchoBackend } from '../support/peers/echo-service.ts';
import { Http1Endpoint } from '../support/peers/http1-endpoint.ts';
import { ask, portOf, restCluster } from '../support/rest-bridge.ts';
import { quickCluster, type RawConfig, TestBridge } from '../support/test-bridge.ts';
import { type TestFiles, writeTestFiles } from '../support/test-files.ts';

const SHORT =
  '%REQ(:METHOD)% %REQ(:PATH)% %PROTOCOL% %RESPONSE_CODE% %RESPONSE_FLAGS% %BYTES_RECEIVED% %BYTES_SENT% %GRPC_STATUS% %ROUTE_NAME% %UPSTREAM_CLUSTER%';

async function start(accessLog: RawConfig, backend: EchoBackend, rest: Http1Endpoint | null = null): Promise<TestBridge> {
  const clusters = [quickCluster('router', [backend.endpoint.key], { type: 'tcp', healthyThreshold: 1 })];
  const bridge = await TestBridge.start({
    ...METRICS,
    accessLog,
    clusters: rest === null ? clusters : [...clusters, restCluster('rest', [rest])],
    routes: [
      { name: 'echo', match: { prefix: '/test.Echo/' }, cluster: 'router' },
      ...(rest === null ? [] : [{ name: 'rest', match: { prefix: '/rest/' }, cluster: 'rest' }]),
    ],
    health: { paths: ['/healthz'], healthyWhen: 'all' },
  });
  await bridge.untilHealthy(true);
  return bridge;
}

async function linesOf(files: TestFiles, name = 'access.log'): Promise<readonly string[]> {
  return (await readFile(files.path(name), 'utf8')).split('\n').slice(0, -1);
}

/** Waits for that many lines. */
async function untilLines(files: TestFiles, count: number): Promise<readonly string[]> {
  let seen: readonly string[] = [];
  const read = async (): Promise<void> => {
    seen = await linesOf(files);
  };
  await read();
  for (let round = 0; seen.length < count && round < 500; round++) {
    await new Promise((resolve) => {
      setTimeout(resolve, 10);
    });
    await read();
  }
  assert.equal(seen.length, count, seen.join('\n'));
  return seen;
}

describe('the access log of a whole bridge', () => {
  it('has a line for each call and each request that was answered here, but for probes', async () => {
    await using files = await writeTestFiles({ 'access.log': 'before\n' });
    await using backend = await EchoBackend.start();
    await using rest = await Http1Endpoint.serve((request, response) => {
      request.resume();
      response.end('hello');
    });
    await using bridge = await start({ format: SHORT, file: files.path('access.log') }, backend, rest);
    const port = portOf(bridge);
    using client = new EchoClient(port);
    using other = new DemoClient(`127.0.0.1:${port}`, 'plain');
    await client.unary(Buffer.from('abc'));
    const stream = client.duplex();
    stream.write(Buffer.from('c'));
    await once(stream, 'data');
    stream.cancel();
    await once(stream, 'error');
    await assert.rejects(other.call('/elsewhere.Service/Method'), { code: 12 });
    await bridge.get('/healthz');
    await http2Request(port, { ':path': '/healthz' });
    await bridge.get('/nowhere');
    await http2Request(port, { ':path': '/nowhere' });
    await bridge.get('/test.Echo/Once');
    for (const way of ['HTTP/1.1', 'h2c'] as const) {
      await ask(way, bridge, { method: 'POST', path: '/rest/a?b=c', body: Buffer.from('1234567') });
    }
    const lines = await untilLines(files, 9);
    assert.deepEqual(lines, [
      'before',
      'POST /test.Echo/Once HTTP/2 200 - 8 8 OK echo router',
      'POST /test.Echo/Each HTTP/2 200 DR 6 6 Canceled echo router',
      'POST /elsewhere.Service/Method HTTP/2 200 NR 0 0 Unimplemented - -',
      'GET /nowhere HTTP/1.1 404 NR 0 9 - - -',
      'GET /nowhere HTTP/2 404 NR 0 9 - - -',
      'GET /test.Echo/Once HTTP/1.1 502 UPE 0 32 - echo router',
      'POST /rest/a?b=c HTTP/1.1 200 - 7 5 - rest rest',
      'POST /rest/a?b=c HTTP/2 200 - 7 5 - rest rest',
    ]);
  });

  it('has probes where they are asked for, fields of responses, and writes what is left at its end', async () => {
    await using files = await writeTestFiles({});
    await using backend = await EchoBackend.start();
    const format = '%REQ(:PATH)% %RESPONSE_CODE% %RESP(content-type)% %TRAILER(grpc-status)% %BYTES_SENT%';
    const bridge = await start({ format, file: files.path('access.log'), healthChecks: true }, backend);
    using client = new EchoClient(portOf(bridge));
    await client.unary(Buffer.from('abc'));
    await bridge.get('/healthz');
    await http2Request(portOf(bridge), { ':path': '/healthz', ':method': 'HEAD' });
    await bridge[Symbol.asyncDispose]();
    assert.deepEqual(await linesOf(files), [
      '/test.Echo/Once 200 application/grpc+proto 0 8',
      '/healthz 200 - - 2',
      '/healthz 200 - - 0',
    ]);
  });

  it('is refused at the start where it cannot be opened', async () => {
    await using backend = await EchoBackend.start();
    await assert.rejects(start({ file: '/nowhere/access.log' }, backend), {
      code: 'BRIDGE_ACCESS_LOG_UNUSABLE',
      message: /^accessLog\.file: cannot open \/nowhere\/access\.log: ENOENT/,
    });
  });

  it('stops for a pipe that is not read, without stopping anything else, and counts what is lost', async () => {
    await using files = await writeTestFiles({});
    const path = files.path('pipe');
    await promisify(execFile)('mkfifo', [path]);
    const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    await using backend = await EchoBackend.start();
    await using bridge = await start({ file: path, format: '%REQ(:PATH)% %REQ(USER-AGENT)%' }, backend);
    const requests = 800;
    const session = connect(bridge.url());
    const headers = { ':path': `/nowhere/${'p'.repeat(4000)}`, 'user-agent': 'a'.repeat(4000) };
    for (let batch = 0; batch < requests / 100; batch++) {
      await Promise.all(
        Array.from({ length: 100 }, async () => {
          const stream = session.request(headers);
          const [received] = await once(stream, 'response');
          assert.equal(received[':status'], 404);
          stream.resume();
          await once(stream, 'close');
        }),
      );
    }
    session.close();
    const dropped = Number(
      (await metricLines(bridge)).find((line) => line.startsWith('access_log_dropped_total'))?.split(' ')[1],
    );
    assert.ok(dropped > 100 && dropped < requests, String(dropped));
    let octets = 0;
    const chunk = Buffer.alloc(1 << 20);
    const lineOctets = 1 + 9 + 4000 + 4000 + 1;
    await until(
      () => {
        octets += readSome(reader, chunk);
        return octets >= (requests - dropped) * lineOctets;
      },
      () => `${octets / lineOctets} lines`,
    );
    assert.equal(octets, (requests - dropped) * lineOctets);
    closeSync(reader);
  });
});

function readSome(descriptor: number, chunk: Buffer): number {
  try {
    return readSync(descriptor, chunk);
  } catch (error) {
    assert.ok(error instanceof Error && 'code' in error && error.code === 'EAGAIN');
    return 0;
  }
}
