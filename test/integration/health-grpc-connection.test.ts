import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { systemClock } from '../../src/util/clock.ts';
import { CheckerBench, localEndpoint } from '../support/health/checker-bench.ts';
import { grpcCluster } from '../support/health/options.ts';
import { GrpcBackend } from '../support/peers/grpc-backend.ts';

describe('the connection of grpc health checks', () => {
  it('is kept between checks', async () => {
    await using backend = await GrpcBackend.start();
    await using bench = new CheckerBench(backend.endpoint, grpcCluster());
    for (let index = 0; index < 5; index += 1) {
      assert.equal(await bench.word(), 'serving');
    }
    assert.deepEqual([backend.checks, backend.connections], [5, 1]);
  });

  it('is one per endpoint and cluster, never shared', async () => {
    await using backend = await GrpcBackend.start();
    await using one = new CheckerBench(backend.endpoint, grpcCluster());
    await using two = new CheckerBench(backend.endpoint, grpcCluster());
    assert.deepEqual([await one.word(), await two.word(), backend.connections], ['serving', 'serving', 2]);
  });

  it('is replaced when it was lost between two checks, which is no failure', async () => {
    await using backend = await GrpcBackend.start();
    await using bench = new CheckerBench(backend.endpoint, grpcCluster());
    for (let round = 1; round <= 3; round += 1) {
      assert.equal(await bench.word(), 'serving');
      backend.resetConnections();
    }
    assert.deepEqual([await bench.word(), backend.connections], ['serving', 4]);
  });

  it('is tried once more on a fresh one when a check finds it dead, and once only', async () => {
    await using backend = await GrpcBackend.start();
    await using bench = new CheckerBench(backend.endpoint, grpcCluster());
    assert.equal(await bench.word(), 'serving');
    backend.check = { kind: 'resetConnection' };
    assert.equal(await bench.word(), 'connection_lost');
    assert.deepEqual([backend.connections, backend.checks], [2, 3]);
    // A fresh one that is lost is a failure at once.
    assert.equal(await bench.word(), 'connection_lost');
    assert.deepEqual([backend.connections, backend.checks], [3, 4]);
    backend.check = { kind: 'answer' };
    assert.equal(await bench.word(), 'serving');
  });

  it('is not used again after a check on it was silent', async () => {
    await using backend = await GrpcBackend.start();
    await using bench = new CheckerBench(backend.endpoint, grpcCluster({ timeoutMs: 100 }));
    assert.equal(await bench.word(), 'serving');
    backend.check = { kind: 'hang' };
    assert.equal(await bench.word(), 'timeout');
    backend.check = { kind: 'answer' };
    assert.equal(await bench.word(), 'serving');
    assert.deepEqual([backend.connections, backend.maxChecksInFlight], [2, 1]);
  });

  it('is given up in order when the server goes away in order', async () => {
    await using backend = await GrpcBackend.start();
    await using bench = new CheckerBench(backend.endpoint, grpcCluster());
    assert.equal(await bench.word(), 'serving');
    backend.drainConnections(1_000);
    await once(backend.events, 'disconnection');
    assert.deepEqual([await bench.word(), backend.connections], ['serving', 2]);
  });

  it('is made anew at each check while the endpoint is down, without any backoff', async () => {
    await using backend = await GrpcBackend.start();
    await backend.die();
    await using bench = new CheckerBench(backend.endpoint, grpcCluster());
    for (let index = 0; index < 5; index += 1) {
      assert.equal(await bench.word(), 'connect_failed');
    }
    await backend.revive();
    assert.equal(await bench.word(), 'serving');
  });

  it('goes to the port of the check rather than to the serving one', async () => {
    await using backend = await GrpcBackend.start();
    await using bench = new CheckerBench(localEndpoint(1), grpcCluster({ port: backend.port }));
    assert.equal(await bench.word(), 'serving');
  });

  it('goes to unix sockets', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'bridge-health-'));
    {
      await using backend = await GrpcBackend.start({ host: join(folder, 'app.sock') });
      await using bench = new CheckerBench(backend.endpoint, grpcCluster());
      assert.deepEqual([await bench.word(), backend.lastAuthority], ['serving', 'localhost']);
    }
    await rm(folder, { recursive: true });
  });

  it('does not care for a proxy in the environment', async () => {
    await using backend = await GrpcBackend.start();
    process.env['grpc_proxy'] = 'http://127.0.0.1:1';
    process.env['no_grpc_proxy'] = '';
    try {
      await using bench = new CheckerBench(backend.endpoint, grpcCluster());
      assert.equal(await bench.word(), 'serving');
    } finally {
      delete process.env['grpc_proxy'];
      delete process.env['no_grpc_proxy'];
    }
  });
});

describe('a grpc health check', () => {
  for (const [authority, hostname, wanted] of [
    ['router.example', 'app.test', 'router.example'],
    [null, 'app.test.', 'app.test'],
    [null, null, null],
  ] as const) {
    it(`has the authority ${wanted ?? 'of the address'} for ${authority} and the host name ${hostname}`, async () => {
      await using backend = await GrpcBackend.start();
      await using bench = new CheckerBench(localEndpoint(backend.port, hostname), grpcCluster({ authority }));
      await bench.check();
      assert.equal(backend.lastAuthority, wanted ?? backend.key);
    });
  }

  it('tells who asks, and until when', async () => {
    await using backend = await GrpcBackend.start();
    await using bench = new CheckerBench(backend.endpoint, grpcCluster({ timeoutMs: 700 }));
    await bench.check();
    assert.match(String(backend.lastMetadata?.get('user-agent')[0]), /^bridge-test\/1 grpc-node-js\//);
    const deadlineMs = backend.lastDeadlineMs ?? Number.NaN;
    assert.ok(deadlineMs > 300 && deadlineMs <= 700, `${deadlineMs} ms`);
  });

  it('carries metadata, text and octets, with Check and with Watch', async () => {
    await using backend = await GrpcBackend.start();
    const metadata = [
      { name: 'x-probe', value: { kind: 'text', text: 'bridge' } },
      { name: 'x-key-bin', value: { kind: 'text', text: 'AAEC/w==' } },
    ] as const;
    for (const mode of ['check', 'watch'] as const) {
      await using bench = new CheckerBench(backend.endpoint, grpcCluster({ mode, metadata }));
      assert.equal(await bench.word(), 'serving');
      assert.deepEqual(backend.lastMetadata?.get('x-probe'), ['bridge']);
      assert.deepEqual(backend.lastMetadata?.get('x-key-bin'), [Buffer.from([0, 1, 2, 255])]);
    }
  });

  it('reads metadata from a file again when it changes', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'bridge-health-'));
    const path = join(folder, 'token');
    {
      await using backend = await GrpcBackend.start();
      const metadata = [{ name: 'authorization', value: { kind: 'file', path } }] as const;
      let passedMs = 0;
      const clock = { ...systemClock, now: (): number => systemClock.now() + passedMs };
      await using bench = new CheckerBench(backend.endpoint, grpcCluster({ metadata }), clock);
      const missing = await bench.check();
      assert.deepEqual(
        [missing.word, missing.reason],
        ['setup_failed', `metadata authorization: ${path} cannot be read (ENOENT)`],
      );
      for (const token of ['Bearer one', 'Bearer two']) {
        await writeFile(path, `${token}\n`);
        passedMs += 1_000;
        assert.equal(await bench.word(), 'serving');
        assert.deepEqual(backend.lastMetadata?.get('authorization'), [token]);
      }
    }
    await rm(folder, { recursive: true });
  });
});
