import assert from 'node:assert/strict';
import { Agent, request } from 'node:http';
import { describe, it } from 'node:test';
import { BridgeProcess } from './support/bridge.ts';
import { HealthPeer, type PeerKind } from './support/health-peer.ts';

const KINDS: readonly PeerKind[] = ['grpc-go', 'C-core'];
const CHANGES = 20;
const WANTED_MS = 100;
/** What one change may take on a machine that is busy with something else. */
const SLACK_MS = 1_000;

/** The code of the next probe, on a connection that stays open so that the probe itself costs as little as it can. */
function probe(url: string, agent: Agent): Promise<number> {
  return new Promise((resolve, reject) => {
    request(url, { agent, signal: AbortSignal.timeout(2_000) }, (response) => {
      response.resume();
      response.once('end', () => resolve(response.statusCode ?? 0));
    })
      .once('error', reject)
      .end();
  });
}

for (const kind of KINDS) {
  describe(`Watch of a ${kind} server`, { timeout: 60_000 }, () => {
    it(`turns a change of status into a change of answer in less than ${WANTED_MS} ms`, async (t) => {
      await using peer = await HealthPeer.start(kind);
      // Checks alone would need half a minute.
      await using bridge = await BridgeProcess.start({
        clusters: [
          {
            name: 'app',
            discovery: { type: 'static', endpoints: [peer.address] },
            healthCheck: { mode: 'auto', interval: '30s', timeout: '1s' },
          },
        ],
      });
      const agent = new Agent({ keepAlive: true });
      const url = `${bridge.url}/healthz`;
      assert.equal(await probe(url, agent), 200);
      const took: number[] = [];
      for (let change = 0; change < CHANGES; change += 1) {
        const [word, code] = change % 2 === 0 ? (['NOT_SERVING', 503] as const) : (['SERVING', 200] as const);
        const started = performance.now();
        const told = peer.set({ statuses: { '': word } });
        while ((await probe(url, agent)) !== code) {
          assert.ok(performance.now() - started < SLACK_MS, `${word} is not seen after ${SLACK_MS} ms`);
        }
        took.push(performance.now() - started);
        await told;
      }
      agent.destroy();
      took.sort((a, b) => a - b);
      const median = took[CHANGES / 2] ?? Number.NaN;
      t.diagnostic(`${CHANGES} changes: median ${median.toFixed(1)} ms, longest ${took.at(-1)?.toFixed(1)} ms`);
      assert.ok(median < WANTED_MS);
    });
  });
}
