import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BridgeProcess } from './support/bridge.ts';
import { HealthPeer, type PeerKind } from './support/health-peer.ts';
import { ResettingRelay } from './support/resetting-relay.ts';

const KINDS: readonly PeerKind[] = ['grpc-go', 'C-core'];
const SERVICE = 'route.Router';
const MODES = ['check', 'watch', 'auto'] as const;
const DEADLINE = /deadline|timed out|timeout|no answer|within|did not (answer|respond)/i;

/** One cluster per mode, named after it, so that every case is seen in all three. */
function startBridge(address: string, modes: readonly string[] = MODES): Promise<BridgeProcess> {
  return BridgeProcess.start({
    clusters: modes.map((mode) => ({
      name: mode,
      connectTimeout: '300ms',
      discovery: { type: 'static', endpoints: [address] },
      healthCheck: {
        mode,
        services: [SERVICE],
        interval: '200ms',
        intervalJitter: '0s',
        unhealthyInterval: '200ms',
        timeout: '500ms',
        healthyThreshold: 1,
        unhealthyThreshold: 1,
      },
    })),
  });
}

async function startServing(kind: PeerKind): Promise<HealthPeer> {
  const peer = await HealthPeer.start(kind);
  await peer.set({ statuses: { [SERVICE]: 'SERVING' } });
  return peer;
}

/** Waits until all three modes agree; a pattern per mode where they say it in different words. */
async function untilAll(
  bridge: BridgeProcess,
  status: number,
  pattern: RegExp | Readonly<Record<string, RegExp>>,
): Promise<void> {
  for (const mode of MODES) {
    const wanted = pattern instanceof RegExp ? pattern : pattern[mode];
    assert.ok(wanted !== undefined);
    await bridge.untilText(`/healthz/${mode}`, status, wanted);
  }
}

const HEALTHY = /^\[\+\]\w+ ok\n {4}\[\+\]\S+ ok\nhealthz check passed\n$/;

for (const kind of KINDS) {
  describe(`checks of a ${kind} server`, { timeout: 60_000 }, () => {
    it('follow its words: SERVING, NOT_SERVING, UNKNOWN, and a service that it does not know', async () => {
      await using peer = await startServing(kind);
      await using bridge = await startBridge(peer.address);
      await untilAll(bridge, 200, HEALTHY);
      await peer.set({ statuses: { [SERVICE]: 'NOT_SERVING' } });
      await untilAll(bridge, 503, /NOT_SERVING/);
      await peer.set({ statuses: { [SERVICE]: 'SERVING' } });
      await untilAll(bridge, 200, HEALTHY);
      await peer.set({ statuses: { [SERVICE]: 'UNKNOWN' } });
      await untilAll(bridge, 503, /\bUNKNOWN/);
      await peer.set({ statuses: { [SERVICE]: null } });
      const unknown = /SERVICE_UNKNOWN|NOT_FOUND/;
      await untilAll(bridge, 503, { check: /NOT_FOUND/, watch: unknown, auto: unknown });
      await peer.set({ statuses: { [SERVICE]: 'SERVING' } });
      await untilAll(bridge, 200, HEALTHY);
    });

    it('see a server without the health service, and one that gets it', async () => {
      await using peer = await startServing(kind);
      await peer.set({ behaviour: { kind: 'unimplemented' } });
      await using bridge = await startBridge(peer.address);
      await untilAll(bridge, 503, /UNIMPLEMENTED/);
      await peer.set({ behaviour: { kind: 'answer' } });
      await untilAll(bridge, 200, HEALTHY);
    });

    it('see a gRPC error, by its name', async () => {
      await using peer = await startServing(kind);
      await using bridge = await startBridge(peer.address);
      await untilAll(bridge, 200, HEALTHY);
      await peer.set({ behaviour: { kind: 'error', code: 8 } });
      await untilAll(bridge, 503, /RESOURCE_EXHAUSTED/);
      await peer.set({ behaviour: { kind: 'answer' } });
      await untilAll(bridge, 200, HEALTHY);
    });

    it('bear a server that is slow within the timeout, and no slower one', async () => {
      await using peer = await startServing(kind);
      await using bridge = await startBridge(peer.address);
      await untilAll(bridge, 200, HEALTHY);
      await peer.set({ behaviour: { kind: 'delay', delayMs: 150 } });
      const before = await peer.counts();
      while ((await peer.counts()).checks < before.checks + 9) {
        for (const mode of MODES) {
          assert.equal((await bridge.verbose(`/healthz/${mode}`)).status, 200);
        }
      }
      await peer.set({ behaviour: { kind: 'delay', delayMs: 1_500 } });
      await untilAll(bridge, 503, DEADLINE);
      await peer.set({ behaviour: { kind: 'answer' } });
      await untilAll(bridge, 200, HEALTHY);
    });

    it('see a server that no longer answers, and one that does again', async () => {
      await using peer = await startServing(kind);
      await using bridge = await startBridge(peer.address);
      await untilAll(bridge, 200, HEALTHY);
      await peer.set({ behaviour: { kind: 'hang' } });
      await untilAll(bridge, 503, DEADLINE);
      const { checksInFlight } = await peer.counts();
      assert.ok(checksInFlight <= MODES.length, `${checksInFlight} checks in flight`);
      await peer.set({ behaviour: { kind: 'answer' } });
      await untilAll(bridge, 200, HEALTHY);
    });

    it('see a server that is half-open: connected, and silent', async () => {
      await using peer = await startServing(kind);
      await using bridge = await startBridge(peer.address);
      await untilAll(bridge, 200, HEALTHY);
      peer.stop();
      await untilAll(bridge, 503, DEADLINE);
      peer.continue();
      await untilAll(bridge, 200, HEALTHY);
    });

    it('see a server that is half-open from the start', async () => {
      await using peer = await startServing(kind);
      peer.stop();
      await using bridge = await startBridge(peer.address);
      await untilAll(bridge, 503, DEADLINE);
      peer.continue();
      await untilAll(bridge, 200, HEALTHY);
    });

    it('see connections that are reset', async () => {
      await using peer = await startServing(kind);
      await using relay = await ResettingRelay.start(peer.port);
      await using bridge = await startBridge(relay.address);
      await untilAll(bridge, 200, HEALTHY);
      relay.resetting = true;
      await untilAll(bridge, 503, /reset|lost|closed/i);
      relay.resetting = false;
      await untilAll(bridge, 200, HEALTHY);
    });

    it('bear a connection that is reset between two checks: it is the server that counts', async () => {
      await using peer = await startServing(kind);
      await using relay = await ResettingRelay.start(peer.port);
      await using bridge = await startBridge(relay.address, ['check']);
      for (let round = 0; round < 5; round += 1) {
        const { checks } = await peer.counts();
        relay.reset();
        while ((await peer.counts()).checks < checks + 2) {
          assert.equal((await bridge.verbose('/healthz/check')).status, 200);
        }
      }
      assert.equal(relay.connections, 6);
    });

    it('see a server die and return', async () => {
      await using peer = await startServing(kind);
      await using bridge = await startBridge(peer.address);
      await untilAll(bridge, 200, HEALTHY);
      await peer.child.kill();
      await untilAll(bridge, 503, /refused/i);
      await using returned = await peer.restart();
      await untilAll(bridge, 503, /SERVICE_UNKNOWN|NOT_FOUND/);
      await returned.set({ statuses: { [SERVICE]: 'SERVING' } });
      await untilAll(bridge, 200, HEALTHY);
    });
  });
}
