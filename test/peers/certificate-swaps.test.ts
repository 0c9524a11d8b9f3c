import assert from 'node:assert/strict';
import { once } from 'node:events';
import { rename, symlink } from 'node:fs/promises';
import { describe, it } from 'node:test';
import { connect } from 'node:tls';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { credentials } from '@grpc/grpc-js';
import { mount, swapData } from '../support/mounted-files.ts';
import { EchoBackend } from '../support/peers/echo-service.ts';
import { portOf } from '../support/rest-bridge.ts';
import { SteadyLoad } from '../support/steady-load.ts';
import { TestBridge } from '../support/test-bridge.ts';
import { writeTestFiles } from '../support/test-files.ts';
import { SPIFFE_ID, testTls } from '../support/tls.ts';
import { askHttp2 } from '../support/tls-ask.ts';

const SWAPS = 100;
/**
 * Swaps before memory is looked at for the first time. After 64 events a folder is only polled for 10 s, in which the load alone goes on and takes
 * what memory it wants: that is over by then.
 */
const WARM_UP = 70;
/** So often what is garbage is collected: contexts of TLS are small to V8 and large to OpenSSL, so the process would grow to a size of its own. */
const COLLECT_EVERY = 10;
/** What noise the load makes between two looks; thirty of anything that holds a pair of certificates are about as much. Octets. */
const FLAT_HEAP_OCTETS = 4 * 1024 * 1024;
/** The same of the memory of the process that is not V8's, where OpenSSL's counts. Octets. */
const FLAT_NATIVE_OCTETS = 16 * 1024 * 1024;
const CALL = '/test.Echo/Once';

setFlagsFromString('--expose-gc');
const collect: unknown = runInNewContext('gc');

async function memory(bridge: TestBridge): Promise<{ readonly heap: number; readonly native: number }> {
  bridge.forgetLines();
  assert.ok(typeof collect === 'function');
  for (let round = 0; round < 3; round++) {
    collect();
    await new Promise((resolve) => {
      setTimeout(resolve, 50);
    });
  }
  const { heapUsed, heapTotal, rss } = process.memoryUsage();
  return { heap: heapUsed, native: rss - heapTotal };
}

/** The names of the certificate that a new connection is shown. */
async function shownBy(port: number): Promise<string> {
  const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false, ALPNProtocols: ['h2'] });
  await once(socket, 'secureConnect', { signal: AbortSignal.timeout(5000) });
  const { subjectaltname } = socket.getPeerCertificate();
  socket.destroy();
  return String(subjectaltname);
}

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  const deadline = AbortSignal.timeout(15_000);
  while (!(await holds())) {
    if (deadline.aborted) {
      throw new Error(`not within 15 s: ${what}`);
    }
    await new Promise((resolve) => {
      setTimeout(resolve, 10);
    });
  }
}

const tls = await testTls();
const { server, spiffe, client, untrustedClient, ca, otherCa } = tls;
const BOTH = Buffer.from(`${ca.toString()}\n${otherCa.toString()}`);

/** Every file of a bridge between two sides of mutual TLS: both certificates and both authorities differ between the versions. */
function version(index: number): Readonly<Record<string, Buffer>> {
  const [own, shown, authorities] = index % 2 === 0 ? [server, client, ca] : [spiffe, spiffe, BOTH];
  return {
    'tls.crt': own.cert,
    'tls.key': own.key,
    'clients.crt': authorities,
    'backend.crt': authorities,
    'client.crt': shown.cert,
    'client.key': shown.key,
  };
}

describe(`${SWAPS} swaps of certificates and authorities on both sides, under load`, { timeout: 240_000 }, () => {
  it('lose no call, are in force for new connections, and leave nothing behind', async (t) => {
    await using files = await mount(version(0));
    await using spare = await writeTestFiles({});
    await using backend = await EchoBackend.start({ tls: { pair: server, clientCa: BOTH } });
    const pair = (name: string) => ({ certificateFile: files.path(`${name}.crt`), privateKeyFile: files.path(`${name}.key`) });
    await using bridge = await TestBridge.start({
      listeners: [
        {
          name: 'tls',
          address: '127.0.0.1:0',
          tls: { ...pair('tls'), clientCertificates: 'required', clientCaFile: files.path('clients.crt') },
        },
      ],
      clusters: [
        {
          name: 'echo',
          discovery: { type: 'static', endpoints: [backend.endpoint.key] },
          healthCheck: { type: 'none' },
          tls: { ...pair('client'), caFile: files.path('backend.crt') },
        },
      ],
      routes: [{ name: 'all', cluster: 'echo' }],
      health: { paths: ['/healthz'] },
    });
    const port = portOf(bridge, 'tls');
    const security = credentials.createSsl(ca, client.key, client.cert, { checkServerIdentity: () => undefined });
    await using load = new SteadyLoad(port, {}, 4, security);
    await swapData(files, '..v2', version(1));
    // As by swapData, but with one event each: after 64 of them a folder is only polled for a while.
    const point = async (folder: string): Promise<void> => {
      await symlink(folder, spare.path('link'));
      await rename(spare.path('link'), files.path('..data'));
    };
    const isIn = async (index: number): Promise<boolean> => (await shownBy(port)).includes('client.test') === (index % 2 === 1);
    await until('the first swap is in force', () => isIn(1));
    const swap = async (index: number): Promise<void> => {
      if (index % COLLECT_EVERY === 0) {
        await memory(bridge);
      }
      await point(index % 2 === 0 ? '..v1' : '..v2');
      await until(`swap ${index} is in force`, () => isIn(index));
      // The next connection to the endpoint shows the new certificate, and the old one ends with its last call.
      backend.goaway();
      await until(`the endpoint sees swap ${index}, not ${backend.clientNames}`, async () => {
        await load.untilDone(2);
        return backend.clientNames.includes(SPIFFE_ID) === (index % 2 === 1);
      });
      const stranger = await askHttp2(port, CALL, untrustedClient);
      assert.equal(stranger.error, index % 2 === 1 ? null : 'client_certificate_invalid', `swap ${index}`);
    };
    await load.untilDone(10);
    assert.deepEqual(load.failures, []);
    for (let index = 2; index <= WARM_UP; index++) {
      await swap(index);
    }
    const before = await memory(bridge);
    for (let index = WARM_UP + 1; index <= SWAPS; index++) {
      await swap(index);
    }
    const after = await memory(bridge);
    const [heap, native] = [after.heap - before.heap, after.native - before.native];
    await load.stop();
    t.diagnostic(`${load.done} calls, ${SWAPS} swaps; heap ${heap >> 10} KiB, other memory ${native >> 10} KiB more`);
    assert.deepEqual(load.failures, []);
    assert.ok(heap < FLAT_HEAP_OCTETS, `${heap} octets of heap more`);
    assert.ok(native < FLAT_NATIVE_OCTETS, `${native} octets of other memory more`);
    await swapData(files, '..strange', { ...version(1), 'backend.crt': otherCa });
    await until('the authority of endpoints is another', () => isIn(1));
    backend.cut();
    await until('connections to the endpoint fail', async () => (await askHttp2(port, CALL, client)).error === 'tls_failed');
  });
});
