import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { constants } from 'node:os';
import { describe, it } from 'node:test';
import { BridgeProcess, type RawConfig, runCommand, runWithConfig } from './support/bridge.ts';
import { curl } from './support/curl.ts';
import { freePort } from './support/free-ports.ts';
import { HealthPeer } from './support/health-peer.ts';
import { writeTlsFiles } from './support/tls-files.ts';
import { WorkFolder } from './support/work-folder.ts';

function drainingConfig(address: string, drain: object): RawConfig {
  return { clusters: [{ name: 'app', discovery: { type: 'static', endpoints: [address] } }], drain };
}

describe('signals', { timeout: 60_000 }, () => {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    it(`${signal} drains: not ready, not healthy, still answering for the delay, then 0`, async () => {
      await using peer = await HealthPeer.start('grpc-go');
      await using bridge = await BridgeProcess.start(drainingConfig(peer.address, { delay: '1500ms', timeout: '5s' }));
      assert.equal((await bridge.get('/readyz')).status, 200);
      const started = performance.now();
      bridge.child.signal(signal);
      await bridge.untilStatus('/readyz', 503);
      assert.equal((await bridge.get('/')).status, 503);
      assert.match((await bridge.verbose()).body, /drain/);
      assert.equal((await bridge.get('/livez')).status, 200);
      // New connections are still taken, in every protocol, until the delay is over.
      assert.equal((await curl('--http2-prior-knowledge', `${bridge.url}/`)).status, 503);
      while (performance.now() - started < 1_300) {
        assert.equal((await bridge.get('/readyz')).status, 503);
      }
      assert.deepEqual(await bridge.child.exit(5_000), { code: 0, signal: null });
      assert.ok(performance.now() - started >= 1_500);
    });

    it(`a second signal ends it at once, with 128 + the number of ${signal}`, async () => {
      await using peer = await HealthPeer.start('grpc-go');
      await using bridge = await BridgeProcess.start(drainingConfig(peer.address, { delay: '60s', timeout: '60s' }));
      bridge.child.signal('SIGTERM');
      await bridge.untilStatus('/readyz', 503);
      const started = performance.now();
      bridge.child.signal(signal);
      assert.deepEqual(await bridge.child.exit(5_000), { code: 128 + constants.signals[signal], signal: null });
      assert.ok(performance.now() - started < 2_000);
    });
  }

  it('end a bridge whose backends are silent as soon as any other', async () => {
    await using peer = await HealthPeer.start('grpc-go');
    peer.stop();
    await using bridge = await BridgeProcess.start(drainingConfig(peer.address, { delay: '0s', timeout: '30s' }), {
      await: '/livez',
    });
    const started = performance.now();
    bridge.child.signal('SIGTERM');
    assert.deepEqual(await bridge.child.exit(10_000), { code: 0, signal: null });
    assert.ok(performance.now() - started < 3_000, `${Math.round(performance.now() - started)} ms`);
  });
});

/** What every refusal has in common: exit code 1, soon, lines for a person and no stack. */
function assertRefused(result: { readonly code: number | null; readonly stderr: string }, ...patterns: readonly RegExp[]): void {
  assert.equal(result.code, 1, result.stderr);
  assert.doesNotMatch(result.stderr, /^\s+at /m);
  for (const pattern of patterns) {
    assert.match(result.stderr, pattern);
  }
}

describe('what cannot start', { timeout: 60_000 }, () => {
  const cluster = { name: 'app', discovery: { type: 'static', endpoints: ['127.0.0.1:1'] } };

  it('is a bad configuration: every problem, each with its path', async () => {
    const port = await freePort();
    const bad = {
      listeners: [{ name: 'plain', address: `127.0.0.1:${port}` }],
      admin: { address: '127.0.0.1:0' },
      clusters: [
        { ...cluster, healthyWhen: 'most', connectTimeout: 'soon' },
        { ...cluster, name: 'a b', healthCheck: { mode: 'guess', interval: '5s', timeout: 0 } },
      ],
      health: { clusters: ['missing'] },
      nonsense: true,
    };
    for (const command of ['serve', 'validate', 'check']) {
      const result = await runWithConfig(command, bad);
      assertRefused(
        result,
        /clusters\[0\]\.healthyWhen: .*most/,
        /clusters\[0\]\.connectTimeout: .*soon/,
        /clusters\[1\]\.name: .*a b/,
        /clusters\[1\]\.healthCheck\.mode: .*guess/,
        /clusters\[1\]\.healthCheck\.timeout: /,
        /nonsense/,
      );
    }
  });

  it('is a file that is missing or no YAML', async () => {
    assertRefused(await runCommand(['serve', '--config', '/nonexistent/bridge.yaml']), /\/nonexistent\/bridge\.yaml/);
    await using folder = await WorkFolder.create();
    assertRefused(await runCommand(['serve', '--config', await folder.write('bridge.yaml', 'clusters: [\n')]), /bridge\.yaml/);
  });

  it('is an address that somebody else has: one line', async () => {
    const holder = createServer().listen(0, '127.0.0.1');
    await once(holder, 'listening');
    const bound = holder.address();
    assert.ok(typeof bound === 'object' && bound !== null);
    const address = `127.0.0.1:${bound.port}`;
    for (const taken of [
      { listeners: [{ name: 'plain', address }], admin: { address: '127.0.0.1:0' } },
      { listeners: [{ name: 'plain', address: '127.0.0.1:0' }], admin: { address } },
    ]) {
      const result = await runWithConfig('serve', { ...taken, clusters: [cluster] });
      assertRefused(result, new RegExp(`${address}.*(in use|EADDRINUSE)`));
      assert.equal(result.stderr.trimEnd().split('\n').length, 1, result.stderr);
    }
    holder.close();
    await once(holder, 'close');
  });

  it('is a certificate that is missing, no certificate, or of another key: one line', async () => {
    await using folder = await WorkFolder.create();
    const files = await writeTlsFiles(folder);
    const text = await folder.write('text.crt', 'this is no certificate\n');
    const rows: readonly (readonly [certificateFile: string, privateKeyFile: string])[] = [
      ['/nonexistent/tls.crt', files.server.key],
      [files.server.cert, '/nonexistent/tls.key'],
      [text, files.server.key],
      [files.server.cert, text],
      [files.server.cert, files.client.key],
    ];
    for (const [certificateFile, privateKeyFile] of rows) {
      const result = await runWithConfig('serve', {
        listeners: [{ name: 'secure', address: '127.0.0.1:0', tls: { certificateFile, privateKeyFile } }],
        admin: { address: '127.0.0.1:0' },
        clusters: [cluster],
      });
      assertRefused(result, /secure|listeners\[0\]/);
      assert.equal(result.stderr.trimEnd().split('\n').length, 1, result.stderr);
    }
  });

  it('is a CA or client certificate for backends that cannot be used', async () => {
    await using folder = await WorkFolder.create();
    const files = await writeTlsFiles(folder);
    const text = await folder.write('text.crt', 'this is no certificate\n');
    for (const tls of [
      { caFile: '/nonexistent/ca.crt' },
      { caFile: text },
      { caFile: files.ca, certificateFile: files.client.cert, privateKeyFile: files.server.key },
    ]) {
      const result = await runWithConfig('serve', {
        listeners: [{ name: 'plain', address: '127.0.0.1:0' }],
        admin: { address: '127.0.0.1:0' },
        clusters: [{ ...cluster, tls }],
      });
      assertRefused(result, /app|clusters\[0\]/);
    }
  });
});
