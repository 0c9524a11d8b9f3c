import assert from 'node:assert/strict';
import { Agent, request } from 'node:http';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { BridgeProcess } from './support/bridge.ts';
import { HealthPeer, type PeerCounts, type PeerKind } from './support/health-peer.ts';

const KINDS: readonly PeerKind[] = ['grpc-go', 'C-core'];
const LIMIT_MS = 50;
const PROBES = 200;

/** Milliseconds from the request to the end of the answer. */
function timeProbe(url: string, agent: Agent): Promise<number> {
  const started = performance.now();
  return new Promise((resolve, reject) => {
    request(url, { agent, signal: AbortSignal.timeout(5_000) }, (response) => {
      response.resume();
      response.once('end', () => {
        assert.equal(response.statusCode, 503);
        resolve(performance.now() - started);
      });
    })
      .once('error', reject)
      .end();
  });
}

function startBridge(address: string, interval: string, timeout: string): Promise<BridgeProcess> {
  return BridgeProcess.start(
    {
      clusters: ['check', 'watch', 'auto'].map((mode) => ({
        name: mode,
        discovery: { type: 'static', endpoints: [address] },
        healthCheck: { mode, interval, intervalJitter: '0s', timeout, unhealthyThreshold: 1 },
      })),
    },
    { await: '/livez' },
  );
}

/** What has come in once nothing more does: the calls of the start hang, and the next ones are far away. */
async function settledCounts(peer: HealthPeer): Promise<PeerCounts> {
  let before = await peer.counts();
  for (;;) {
    await sleep(300);
    const now = await peer.counts();
    if (now.checksInFlight > 0 && now.openWatches > 0 && isDeepStrictEqual(now, before)) {
      return now;
    }
    before = now;
  }
}

for (const kind of KINDS) {
  describe(`probes while a ${kind} server is silent`, { timeout: 60_000 }, () => {
    it(`are answered within ${LIMIT_MS} ms`, async (t) => {
      await using peer = await HealthPeer.start(kind);
      peer.stop();
      await using bridge = await startBridge(peer.address, '200ms', '1s');
      const agent = new Agent({ keepAlive: true });
      const took: number[] = [];
      // Long enough for checks that begin, hang and time out beside the probes.
      const end = performance.now() + 3_000;
      while (performance.now() < end) {
        took.push(await timeProbe(`${bridge.url}/healthz`, agent), await timeProbe(`${bridge.url}/healthz?verbose`, agent));
      }
      agent.destroy();
      took.sort((a, b) => a - b);
      const at = (share: number): number => took[Math.floor((took.length - 1) * share)] ?? Number.NaN;
      t.diagnostic(
        `${took.length} probes: median ${at(0.5).toFixed(2)} ms, 99 % ${at(0.99).toFixed(2)} ms, longest ${at(1).toFixed(1)} ms`,
      );
      // A probe that waited for a check would take a second. One in a hundred may meet a machine that is busy elsewhere.
      assert.ok(at(0.99) < LIMIT_MS);
      assert.ok(at(1) < 1_000);
    });

    it(`cause no check, ${PROBES} at once or not`, async () => {
      await using peer = await HealthPeer.start(kind);
      await peer.set({ behaviour: { kind: 'hang' } });
      // One check hangs during the whole test, and the next is far away.
      await using bridge = await startBridge(peer.address, '60s', '30s');
      const before = await settledCounts(peer);
      const agent = new Agent();
      for (let round = 0; round < 3; round += 1) {
        await Promise.all(Array.from({ length: PROBES }, () => timeProbe(`${bridge.url}/healthz?verbose`, agent)));
      }
      const after = await peer.counts();
      assert.deepEqual(after, before);
    });
  });
}
