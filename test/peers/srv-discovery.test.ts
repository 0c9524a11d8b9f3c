import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BridgeProcess, type RawConfig, runWithConfig } from './support/bridge.ts';
import { Dnsmasq } from './support/dns.ts';
import { freePort } from './support/free-ports.ts';
import { HealthPeer } from './support/health-peer.ts';

const NAME = '_grpc._tcp.app.test';

function config(server: Dnsmasq): RawConfig {
  return {
    clusters: [
      {
        name: 'app',
        discovery: { type: 'srv', name: `${NAME}.`, refreshInterval: '1s', resolvers: [server.address] },
        healthCheck: { mode: 'check', interval: '200ms', intervalJitter: '0s', timeout: '500ms', unhealthyThreshold: 1 },
      },
    ],
  };
}

describe('srv discovery on a real resolver', { timeout: 60_000 }, () => {
  it('checks every target at its own port, follows their addresses, and lists standbys behind the others', async () => {
    await using one = await HealthPeer.start('grpc-go');
    await using two = await HealthPeer.start('C-core');
    const spare = await freePort();
    await using server = await Dnsmasq.start({ 'a.test': ['127.0.0.1'], 'b.test': ['127.0.0.1'], 'spare.test': ['127.0.0.1'] }, [
      { name: NAME, target: 'a.test', port: one.port },
      { name: NAME, target: 'b.test', port: two.port },
      { name: NAME, target: 'spare.test', port: spare, priority: 10 },
    ]);
    await using bridge = await BridgeProcess.start(config(server));
    await bridge.untilText('/healthz', 200, /\[\+\]app degraded|\[\+\]app ok/);
    const { body: text } = await bridge.verbose();
    assert.ok(
      [one.port, two.port].every((port) => text.includes(`[+]127.0.0.1:${port} ok`)),
      text,
    );
    assert.ok(text.includes(`[-]127.0.0.1:${spare}`), text);
    assert.equal((await runWithConfig('check', config(server))).code, 0);
    // A target whose name is gone leaves, the other stays.
    await server.replace({ 'b.test': ['127.0.0.1'] });
    await bridge.untilText('/healthz', 200, new RegExp(`^(?!.*:${one.port})`, 's'));
    await server.replace({});
    await bridge.untilText('/healthz', 503, /no endpoints/);
  });

  it('keeps what it found while no resolver answers, and says so', async () => {
    await using peer = await HealthPeer.start('grpc-go');
    const server = await Dnsmasq.start({ 'a.test': ['127.0.0.1'] }, [{ name: NAME, target: 'a.test', port: peer.port }]);
    await using bridge = await BridgeProcess.start(config(server));
    await bridge.untilStatus('/healthz', 200);
    await server[Symbol.asyncDispose]();
    await bridge.untilText('/healthz', 200, /discovery failed: DNS look-up of the service/, 15_000);
  });
});
