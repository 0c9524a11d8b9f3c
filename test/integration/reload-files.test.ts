import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { describe, it } from 'node:test';
import { connect, type TLSSocket } from 'node:tls';
import { runCommandLine } from '../../src/cli/run.ts';
import { freePort } from '../support/free-port.ts';
import { mount, swapData } from '../support/mounted-files.ts';
import { EchoBackend } from '../support/peers/echo-service.ts';
import { portOf } from '../support/rest-bridge.ts';
import { SteadyLoad } from '../support/steady-load.ts';
import { TestBridge } from '../support/test-bridge.ts';
import { writeTestFiles } from '../support/test-files.ts';
import { type KeyPair, testTls } from '../support/tls.ts';
import { askHttp2 } from '../support/tls-ask.ts';

const asSecret = ({ cert, key }: KeyPair) => ({ 'tls.crt': cert, 'tls.key': key });

/** The subject of the certificate that a new connection is shown. */
async function shownBy(port: number): Promise<string> {
  const socket = await handshake(port);
  const { subjectaltname } = socket.getPeerCertificate();
  socket.destroy();
  return String(subjectaltname);
}

async function handshake(port: number): Promise<TLSSocket> {
  const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false, ALPNProtocols: ['http/1.1'] });
  await once(socket, 'secureConnect', { signal: AbortSignal.timeout(5000) });
  return socket;
}

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = AbortSignal.timeout(8000);
  while (!(await holds())) {
    deadline.throwIfAborted();
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
}

describe('certificates that change', () => {
  it('are taken through a swap of ..data while calls go on; a pair that does not fit is refused', async () => {
    const tls = await testTls();
    await using files = await mount(asSecret(tls.server));
    await using backend = await EchoBackend.start();
    const [certificateFile, privateKeyFile] = [files.path('tls.crt'), files.path('tls.key')];
    await using bridge = await TestBridge.start({
      listeners: [
        { name: 'plain', address: '127.0.0.1:0', routes: ['all'] },
        { name: 'tls', address: '127.0.0.1:0', routes: ['all'], tls: { certificateFile, privateKeyFile } },
      ],
      clusters: [
        { name: 'echo', discovery: { type: 'static', endpoints: [backend.endpoint.key] }, healthCheck: { type: 'none' } },
      ],
      routes: [{ name: 'all', cluster: 'echo' }],
    });
    bridge.expectsErrors = true;
    await bridge.untilHealthy(true);
    const port = Number(new URL(bridge.url('tls')).port);
    await using load = new SteadyLoad(Number(new URL(bridge.url()).port));
    assert.match(await shownBy(port), /app\.test/);
    const early = await handshake(port);
    await swapData(files, '..v2', asSecret(tls.wrongName));
    await until(async () => (await shownBy(port)).includes('other.test'));
    await swapData(files, '..v3', { 'tls.crt': tls.server.cert, 'tls.key': tls.client.key });
    const { problems } = await bridge.untilLogged('certificate refused, the one before stays in force');
    assert.deepEqual(problems, [
      `listener tls: certificateFile ${certificateFile}, privateKeyFile ${privateKeyFile}: private key does not match certificate`,
    ]);
    assert.match(await shownBy(port), /other\.test/);
    await swapData(files, '..v4', asSecret(tls.expired));
    await until(async () => (await shownBy(port)).includes('app.test'));
    await bridge.untilLogged('certificate is out of its time');
    const { body } = await bridge.get('/metrics', { listener: 'admin' });
    const expiry = Number(/certificate_expiry_timestamp_seconds\{listener="tls"\} (\d+)/.exec(body)?.[1]);
    assert.ok(expiry < Date.now() / 1000, String(expiry));
    // The connection of before goes on.
    early.write('GET /livez HTTP/1.1\r\nhost: a\r\n\r\n');
    const [answer] = await once(early, 'data', { signal: AbortSignal.timeout(5000) });
    assert.match(String(answer), /^HTTP\/1\.1 200 /);
    early.destroy();
    await load.stop();
    assert.deepEqual(load.failures, []);
  });
});

describe('authorities of clients that change', () => {
  it('are taken when nothing but their file changes', async () => {
    const tls = await testTls();
    await using pair = await writeTestFiles({ 'tls.crt': tls.server.cert, 'tls.key': tls.server.key });
    await using authorities = await mount({ 'ca.crt': tls.ca });
    await using backend = await EchoBackend.start();
    const files = {
      certificateFile: pair.path('tls.crt'),
      privateKeyFile: pair.path('tls.key'),
      clientCaFile: authorities.path('ca.crt'),
    };
    await using bridge = await TestBridge.start({
      listeners: [{ name: 'tls', address: '127.0.0.1:0', tls: { ...files, clientCertificates: 'required' } }],
      clusters: [
        { name: 'echo', discovery: { type: 'static', endpoints: [backend.endpoint.key] }, healthCheck: { type: 'none' } },
      ],
      routes: [{ name: 'all', cluster: 'echo' }],
    });
    await bridge.untilHealthy(true);
    const statusFor = async (client: KeyPair): Promise<number | null> =>
      (await askHttp2(portOf(bridge, 'tls'), '/test.Echo/Once', client)).grpcStatus;
    assert.deepEqual([await statusFor(tls.client), await statusFor(tls.untrustedClient)], [0, 16]);
    await swapData(authorities, '..v2', { 'ca.crt': tls.otherCa });
    await until(async () => (await statusFor(tls.untrustedClient)) === 0);
    assert.equal(await statusFor(tls.client), 16);
    // The first look at any files counts as a change of them; this is another one.
    await swapData(authorities, '..v3', { 'ca.crt': tls.ca });
    await until(async () => (await statusFor(tls.client)) === 0);
    assert.equal(await statusFor(tls.untrustedClient), 16);
  });
});

/** Signals that a test sends to a command in its own process. */
class Signals extends EventEmitter {}

interface Served {
  readonly signals: Signals;
  /** The exit code. */
  readonly ended: Promise<number>;
  readonly stderr: () => string;
}

function serveFile(path: string): Served {
  const signals = new Signals();
  let text = '';
  const io = {
    environment: {},
    stdout: { write: () => undefined },
    stderr: { write: (more: string) => (text += more) },
    signals,
  };
  return { signals, ended: runCommandLine({ argv: ['--config', path], ...io }), stderr: () => text };
}

const watching = (watch: boolean, port: number | undefined, admin: number | undefined): string => `
listeners: [{ name: only, address: "127.0.0.1:${port}" }]
admin: { address: "127.0.0.1:${admin}" }
clusters: [{ name: app, discovery: { type: static, endpoints: ["127.0.0.1:1"] } }]
drain: { delay: 0s, timeout: 0s }
reload: { watch: ${watch} }`;

const answersAt = (port: number | undefined): Promise<boolean> =>
  fetch(`http://127.0.0.1:${port}/livez`).then(
    ({ ok }) => ok,
    () => false,
  );

describe('serve', () => {
  it('reads its file again on SIGHUP, and when a ConfigMap is swapped; a bad one changes nothing', async () => {
    const ports = [await freePort(), await freePort(), await freePort()];
    const config = (listener: number, more = ''): string => `
listeners: [{ name: only, address: "127.0.0.1:${ports[listener]}" }]
admin: { address: "127.0.0.1:${ports[2]}" }
clusters: [{ name: app, discovery: { type: static, endpoints: ["127.0.0.1:1"] } }]
drain: { delay: 0s, timeout: 0s }
${more}`;
    await using files = await mount({ 'bridge.yaml': config(0) });
    const { signals, ended, stderr } = serveFile(files.path('bridge.yaml'));
    const answers = (listener: number): Promise<boolean> => answersAt(ports[listener]);
    const isLoaded = async (): Promise<boolean> => {
      const body = await (await fetch(`http://127.0.0.1:${ports[2]}/metrics`)).text();
      return /^grpc_health_bridge_config_reload_success 1$/m.test(body);
    };
    await until(() => answers(0));
    await swapData(files, '..v2', { 'bridge.yaml': config(1) });
    await until(() => answers(1));
    await until(async () => !(await answers(0)));
    await swapData(files, '..v3', { 'bridge.yaml': config(0, 'clusterz: []') });
    await until(async () => !(await isLoaded()));
    assert.ok(await answers(1));
    await swapData(files, '..v4', { 'bridge.yaml': config(1, 'reload: { watch: false }') });
    await until(isLoaded);
    signals.emit('SIGHUP', 'SIGHUP');
    signals.emit('SIGTERM', 'SIGTERM');
    assert.equal(await ended, 0, stderr());
    assert.equal(signals.listenerCount('SIGHUP'), 0);
  });

  it('watches nothing with reload.watch: false, and still reads its file on SIGHUP', async () => {
    const ports = await Promise.all(Array.from({ length: 6 }, freePort));
    const [blindPort, blindAdmin, nextBlindPort, port, admin, nextPort] = ports;
    const blind = (at: number | undefined): string => watching(false, at, blindAdmin);
    await using files = await writeTestFiles({ 'blind.yaml': blind(blindPort), 'seeing.yaml': watching(true, port, admin) });
    const [unwatched, watched] = [serveFile(files.path('blind.yaml')), serveFile(files.path('seeing.yaml'))];
    await until(async () => (await answersAt(blindPort)) && (await answersAt(port)));
    await writeFile(files.path('blind.yaml'), blind(nextBlindPort));
    // The one that watches the same folder has read its own file twice before anything is concluded of the other.
    for (const at of [nextPort, port]) {
      await writeFile(files.path('seeing.yaml'), watching(true, at, admin));
      await until(() => answersAt(at));
    }
    assert.deepEqual([await answersAt(blindPort), await answersAt(nextBlindPort)], [true, false]);
    unwatched.signals.emit('SIGHUP', 'SIGHUP');
    await until(() => answersAt(nextBlindPort));
    for (const { signals, ended, stderr } of [unwatched, watched]) {
      signals.emit('SIGTERM', 'SIGTERM');
      assert.equal(await ended, 0, stderr());
    }
  });
});
