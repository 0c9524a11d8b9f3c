import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BridgeProcess, runCommand } from './support/bridge.ts';
import { curl } from './support/curl.ts';
import { freePort } from './support/free-ports.ts';
import { HealthPeer } from './support/health-peer.ts';
import { type TlsFiles, writeTlsFiles } from './support/tls-files.ts';
import { WorkFolder } from './support/work-folder.ts';

const SERVICE = 'route.Router';

// Without a file the admin listener has its default address, so that these bridges run one after the other.
describe('flags alone', { timeout: 60_000 }, () => {
  it('do the job of a translating sidecar: 200 and 503 for a service, 404 for a name that is not checked', async () => {
    await using peer = await HealthPeer.start('grpc-go');
    await peer.set({ statuses: { [SERVICE]: 'SERVING' } });
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    const flags = ['--listen', `127.0.0.1:${port}`, '--backend', peer.address, '--service', SERVICE, '--check-interval', '200ms'];
    await using bridge = await BridgeProcess.start({}, { flags, url });
    for (const path of ['/', '/healthz', `/healthz?service=${SERVICE}`, '/healthz/default']) {
      const answer = await curl(url + path);
      assert.deepEqual([answer.status, answer.body], [200, 'ok'], path);
    }
    assert.equal((await curl(`${url}/healthz?service=other.Service`)).status, 404);
    await peer.set({ statuses: { [SERVICE]: 'NOT_SERVING' } });
    const text = await bridge.untilStatus('/healthz', 503);
    assert.match(text, /NOT_SERVING/);
    for (const path of ['/', `/healthz?service=${SERVICE}`]) {
      assert.equal((await curl(url + path)).status, 503, path);
    }
    assert.equal((await curl(`${url}/livez`)).status, 200);
    assert.equal((await curl(`${url}/readyz`)).status, 200);
  });

  it('take several listeners, with TLS too, several backends and several services', async () => {
    await using folder = await WorkFolder.create();
    const files = await writeTlsFiles(folder);
    await using one = await HealthPeer.start('grpc-go', { tls: { ...files.server, clientCa: files.ca } });
    await using two = await HealthPeer.start('C-core', { tls: { ...files.server, clientCa: files.ca } });
    await one.set({ statuses: { a: 'SERVING', b: 'SERVING' } });
    await two.set({ statuses: { a: 'SERVING' } });
    const [port, tlsPort] = [await freePort(), await freePort()];
    const url = `http://127.0.0.1:${port}`;
    const flags = [
      ['--listen', `127.0.0.1:${port}`, '--listen', `tls://127.0.0.1:${tlsPort}`],
      ['--tls-cert', files.server.cert, '--tls-key', files.server.key],
      ['--backend', one.address, '--backend', two.address, '--service', 'a', '--service', 'b'],
      ['--backend-tls', '--backend-ca-cert', files.ca, '--backend-server-name', 'app.test'],
      ['--backend-client-cert', files.client.cert, '--backend-client-key', files.client.key],
      ['--check-interval', '200ms', '--rpc-timeout', '500ms', '--connect-timeout', '300ms', '--healthy-when', 'all'],
    ].flat();
    await using bridge = await BridgeProcess.start({}, { flags, url });
    const text = await bridge.untilStatus('/healthz', 503);
    assert.match(text, /1 of 2/);
    assert.equal((await curl(`${url}/healthz?service=a`)).status, 200);
    assert.equal((await curl(`${url}/healthz?service=b`)).status, 503);
    await two.set({ statuses: { b: 'SERVING' } });
    await bridge.untilStatus('/healthz', 200);
    const secure = await curl(
      '--http2',
      '--cacert',
      files.ca,
      '--resolve',
      `app.test:${tlsPort}:127.0.0.1`,
      `https://app.test:${tlsPort}/`,
    );
    assert.deepEqual([secure.status, secure.httpVersion, secure.body], [200, '2', 'ok'], secure.stderr);
  });

  it('are taken from the environment too, and flags win', async () => {
    await using peer = await HealthPeer.start('grpc-go');
    const port = await freePort();
    const environment = { BRIDGE_LISTEN: `127.0.0.1:${port}`, BRIDGE_BACKEND: '127.0.0.1:1', BRIDGE_SERVICE_HOST: '10.0.0.1' };
    const flags = ['--backend', peer.address];
    await using bridge = await BridgeProcess.start({}, { flags, url: `http://127.0.0.1:${port}`, environment });
    assert.equal((await bridge.get('/')).status, 200);
  });
});

/** Flags of `check`; times are short, so that silence is soon noticed. */
const QUICK = ['--rpc-timeout', '500ms', '--connect-timeout', '300ms'];

async function checkCode(...args: readonly string[]): Promise<number | null> {
  const { code, stderr } = await runCommand(['check', ...QUICK, ...args]);
  assert.doesNotMatch(stderr, /internal error|\n\s+at /);
  return code;
}

describe('check', { timeout: 120_000 }, () => {
  it('exits 0 for a healthy backend, over TLS too', async () => {
    await using folder = await WorkFolder.create();
    const files = await writeTlsFiles(folder);
    await using plain = await HealthPeer.start('grpc-go');
    await using tls = await HealthPeer.start('grpc-go', { tls: files.server });
    assert.equal(await checkCode('--backend', plain.address), 0);
    assert.equal(await checkCode('--backend', tls.address, '--backend-tls', '--backend-ca-cert', files.ca), 0);
    assert.equal(await checkCode('--backend', tls.address, '--backend-tls', '--backend-tls-no-verify'), 0);
  });

  it('exits 4 when a backend answered and is not healthy', async () => {
    await using peer = await HealthPeer.start('grpc-go');
    assert.equal(await checkCode('--backend', peer.address, '--service', SERVICE), 4);
    await peer.set({ statuses: { '': 'NOT_SERVING' } });
    assert.equal(await checkCode('--backend', peer.address), 4);
    assert.equal(await checkCode('--backend', peer.address, '--backend', '127.0.0.1:1'), 4);
    await peer.set({ behaviour: { kind: 'unimplemented' } });
    assert.equal(await checkCode('--backend', peer.address), 4);
  });

  it('exits 3 when none answered and one was connected', async () => {
    await using peer = await HealthPeer.start('grpc-go');
    await peer.set({ behaviour: { kind: 'hang' } });
    assert.equal(await checkCode('--backend', peer.address), 3);
    assert.equal(await checkCode('--backend', peer.address, '--backend', '127.0.0.1:1'), 3);
    await peer.set({ behaviour: { kind: 'reset' } });
    assert.equal(await checkCode('--backend', peer.address), 3);
  });

  it('exits 2 when none could be connected', async () => {
    await using folder = await WorkFolder.create();
    const files: TlsFiles = await writeTlsFiles(folder);
    await using tls = await HealthPeer.start('grpc-go', { tls: files.server });
    assert.equal(await checkCode('--backend', `127.0.0.1:${await freePort()}`), 2);
    assert.equal(await checkCode('--backend', tls.address, '--backend-tls', '--backend-ca-cert', files.otherCa), 2);
    assert.equal(await checkCode('--backend', 'dns:///name.invalid.:50051'), 2);
  });

  it('exits 1 for flags and files that are wrong, and says all of it', async () => {
    assert.equal(await checkCode(), 1);
    assert.equal(await checkCode('--backend', '127.0.0.1:1', '--no-such-flag'), 1);
    const bad = await runCommand(['check', '--backend', '127.0.0.1:1', '--check-interval', 'soon', '--rpc-timeout', 'never']);
    assert.equal(bad.code, 1);
    assert.match(bad.stderr, /soon/);
    assert.match(bad.stderr, /never/);
    assert.equal((await runCommand(['check', '--config', '/nonexistent/bridge.yaml'])).code, 1);
  });

  it('prints the reason that the running bridge would show', async () => {
    await using peer = await HealthPeer.start('grpc-go');
    await peer.set({ statuses: { '': 'NOT_SERVING' } });
    const { stdout, stderr } = await runCommand(['check', '--backend', peer.address, '--backend', '127.0.0.1:1']);
    assert.match(stdout + stderr, new RegExp(`${peer.address}.*NOT_SERVING`));
    assert.match(stdout + stderr, /127\.0\.0\.1:1\b.*refused/);
  });

  it('--self asks the running bridge, and fails without one', async () => {
    await using peer = await HealthPeer.start('grpc-go');
    const port = await freePort();
    const flags = ['--listen', `127.0.0.1:${port}`, '--backend', peer.address];
    assert.equal((await runCommand(['check', '--self', ...flags])).code, 1);
    await using bridge = await BridgeProcess.start({}, { flags, url: `http://127.0.0.1:${port}` });
    assert.equal((await runCommand(['check', '--self', ...flags])).code, 0);
    // Liveness is not health.
    await peer.child.kill();
    await bridge.untilStatus('/healthz', 503, 15_000);
    assert.equal((await runCommand(['check', '--self', ...flags])).code, 0);
    await bridge.child.kill();
    assert.equal((await runCommand(['check', '--self', ...flags])).code, 1);
  });
});
