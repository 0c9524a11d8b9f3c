import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { EnvoyAdmin, readCapture, readCaptures } from '../support/peers/envoy-admin.ts';
import { TestBridge } from '../support/test-bridge.ts';

const DEADLINE_MS = 10_000;
const QUICK = { pollInterval: '100ms', jitter: '0s', timeout: '500ms' };

async function untilStatus(test: TestBridge, path: string, status: number): Promise<void> {
  const deadline = AbortSignal.timeout(DEADLINE_MS);
  while ((await test.get(path)).status !== status) {
    assert.ok(!deadline.aborted, `${path} never answered ${status}`);
    await setImmediate();
  }
}

describe('a bridge over an Envoy', () => {
  it('shows every capture as it is, in JSON and in text', async () => {
    for (const format of ['auto', 'text']) {
      for (const capture of readCaptures()) {
        await using admin = await EnvoyAdmin.start();
        admin.show(capture);
        const names = Object.keys(capture.clusters);
        const clusters = (names.length === 0 ? ['none'] : names).map((name) => ({
          name: name.slice(0, 63),
          discovery: { type: 'envoy', admin: admin.url, clusters: [name], ...QUICK, format },
        }));
        await using test = await TestBridge.start({ clusters });
        await untilStatus(test, '/startupz', 200);
        const { body } = await test.get('/healthz?format=json');
        const { checks } = JSON.parse(body);
        for (const name of names) {
          const shown = (checks[name] ?? []).filter((check: { componentId?: string }) => check.componentId !== undefined);
          const hosts = capture.clusters[name] ?? [];
          assert.deepEqual(
            new Map(shown.map((check: { componentId: string; flags: unknown }) => [check.componentId, check.flags])),
            new Map(hosts.map(({ address, flags }) => [address, flags])),
            `${capture.name} ${name}`,
          );
          // None of the captures has a host that is degraded: without a flag it is healthy, with one it is not.
          const healthy = hosts.filter(({ flags }) => flags.length === 0).length;
          assert.equal(shown.filter((check: { state?: string }) => check.state === 'healthy').length, healthy, capture.name);
          assert.equal((await test.get(`/healthz/${name}`)).status, healthy > 0 ? 200 : 503, `${capture.name} ${name}`);
        }
      }
    }
  });

  it('turns unhealthy when the Envoy is away or broken for three polls, and healthy with its next answer', {
    timeout: 20_000,
  }, async () => {
    await using admin = await EnvoyAdmin.start();
    const capture = readCapture('one-failed');
    admin.show(capture);
    const discovery = { type: 'envoy', admin: admin.url, clusters: ['orders'], ...QUICK };
    await using test = await TestBridge.start({ clusters: [{ name: 'orders', discovery }] });
    await untilStatus(test, '/', 200);
    for (const clusters of [
      () => undefined,
      (_, response) => response.writeHead(500).end(),
      (_, response) => response.end('<html>'),
    ] satisfies EnvoyAdmin['clusters'][]) {
      admin.clusters = clusters;
      const before = admin.requests.length;
      await untilStatus(test, '/', 503);
      const polls = admin.requests.slice(before).filter((line) => line.includes('/clusters')).length;
      assert.ok(polls >= 3, `after ${polls} polls`);
      assert.match((await test.get('/healthz?verbose')).body, /discovery failed: Envoy at /);
      admin.show(capture);
      await untilStatus(test, '/', 200);
    }
  });
});
