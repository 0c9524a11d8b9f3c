import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { createCheckerFor } from '../../src/health/create-checker.ts';
import type { HealthClusterOptions } from '../../src/health/options.ts';
import { TcpChecker } from '../../src/health/tcp-checker.ts';
import { createEndpoint } from '../../src/model/endpoint.ts';
import { systemClock } from '../../src/util/clock.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { CheckerBench, localEndpoint } from '../support/health/checker-bench.ts';
import { grpcCluster, TIMING } from '../support/health/options.ts';
import { RawServer } from '../support/health/raw-server.ts';

function tcpCluster(port: number | null = null): HealthClusterOptions {
  return { ...grpcCluster(), healthCheck: { ...TIMING, type: 'tcp', port } };
}

function nothing(): void {
  // These checks tell nothing between checks.
}

describe('tcp health checks', () => {
  it('find a server that accepts, send it nothing, and leave', async () => {
    let octets = 0;
    let connections = 0;
    await using server = await RawServer.start((socket) => {
      connections += 1;
      socket.on('data', (chunk) => {
        octets += chunk.byteLength;
      });
    });
    await using bench = new CheckerBench(localEndpoint(server.port), tcpCluster());
    for (let index = 0; index < 3; index += 1) {
      assert.deepEqual(await bench.check(), { word: 'serving', reason: '', reached: 'answered' });
    }
    assert.deepEqual([connections, octets], [3, 0]);
  });

  it('find a port where nobody listens, and one that returns', async () => {
    const server = createServer((socket) => socket.resume());
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    const address = server.address();
    assert.ok(typeof address === 'object' && address !== null);
    const close = (): Promise<unknown> =>
      new Promise((resolve) => {
        server.close(resolve);
      });
    await close();
    await using bench = new CheckerBench(localEndpoint(1), tcpCluster(address.port));
    assert.deepEqual(await bench.check(), { word: 'connect_failed', reason: 'connection refused', reached: 'none' });
    await new Promise<void>((resolve) => {
      server.listen(address.port, '127.0.0.1', resolve);
    });
    assert.equal(await bench.word(), 'serving');
    await close();
  });

  it('find unix sockets, and say when there is none', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'bridge-health-'));
    const path = join(folder, 'app.sock');
    {
      await using bench = new CheckerBench(createEndpoint({ kind: 'unix', path }, null), tcpCluster());
      assert.equal((await bench.check()).reason, 'no such socket file');
      const server = createServer((socket) => socket.resume()).listen(path);
      assert.equal(await bench.word(), 'serving');
      await new Promise((resolve) => {
        server.close(resolve);
      });
    }
    await rm(folder, { recursive: true });
  });

  it('end with their time, and leave no timer', async () => {
    await using server = await RawServer.start(() => undefined);
    const clock = new FakeClock();
    const checker = new TcpChecker(localEndpoint(server.port).address, { timeoutMs: 300 }, clock);
    // Time passes before the connection can be established: nothing on a socket happens within this turn.
    const check = checker.check();
    await Promise.all([clock.advance(300), check]);
    const [outcome] = (await check).values();
    assert.deepEqual(outcome, { word: 'connect_failed', reason: 'no connection within 300 ms', reached: 'none' });
    await checker.close();
    assert.equal(clock.pendingTimers, 0);
  });

  it('end at once when closed', async () => {
    await using server = await RawServer.start(() => undefined);
    const clock = new FakeClock();
    const checker = new TcpChecker(localEndpoint(server.port).address, { timeoutMs: 300 }, clock);
    const check = checker.check();
    await checker.close();
    assert.equal((await check).get('')?.reason, 'the check was ended');
    assert.equal((await checker.check()).get('')?.reason, 'the check was ended');
    assert.equal(clock.pendingTimers, 0);
  });
});

describe('health checks of type none', () => {
  it('find everything healthy and connect to nothing', async () => {
    await using server = await RawServer.start(() => assert.fail('connected'));
    const cluster: HealthClusterOptions = { ...grpcCluster(), healthCheck: { ...TIMING, type: 'none' } };
    const create = createCheckerFor({ clock: systemClock, random: () => 0, userAgent: 'bridge-test/1' })(cluster);
    const checker = create(localEndpoint(server.port), { onMessage: nothing, onStreamFailure: nothing, onCheckWanted: nothing });
    assert.equal((await checker.check()).get('')?.word, 'serving');
    await checker.close();
  });
});
