import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { BridgeProcess } from '../peers/support/bridge.ts';
import { Dnsmasq } from '../peers/support/dns.ts';
import { freePort } from '../peers/support/free-ports.ts';
import { WorkFolder } from '../peers/support/work-folder.ts';
import { JsClient } from './support/calls.ts';
import { FRONT_PATH, frontConfig, runFrontDay } from './support/front-day.ts';
import { GoBackend } from './support/go-backend.ts';
import { SilentPort } from './support/silent-port.ts';

const NAME = 'router.test';
/** The connect timeout, and a slow machine. */
const SLOWEST_MS = 1_500;

describe('S0, a front proxy before a headless Service', { timeout: 60_000 }, () => {
  it('spreads each call of one connection over several A records, and goes on without one of them', async (t) => {
    const hosts = ['127.0.0.1', '127.0.0.2', '127.0.0.3'] as const;
    await using dns = await Dnsmasq.start({ [NAME]: hosts });
    const record = (ready: readonly string[]): Promise<void> => dns.replace({ [NAME]: ready });
    await runFrontDay(t, { hosts, port: await freePort(), name: `${NAME}.`, resolver: dns.address, record });
  });

  it('waits 250 ms for a connection, and makes the call elsewhere', async (t) => {
    const port = await freePort();
    await using folder = await WorkFolder.create();
    await using first = await GoBackend.start(folder, `127.0.0.1:${port}`);
    await using silent = await SilentPort.start(`127.0.0.2:${port}`);
    await using dns = await Dnsmasq.start({ [NAME]: ['127.0.0.1', '127.0.0.2'] });
    const log = join(folder.path, 'access.log');
    // Nobody checks, as in the system: calls alone find out.
    await using bridge = await BridgeProcess.start(
      frontConfig({ name: `${NAME}.`, resolver: dns.address, port }, log, { type: 'none' }),
    );
    using client = new JsClient(Number(new URL(bridge.url).port));
    const { codes, slowestMs } = await client.call(FRONT_PATH, 10);
    t.diagnostic(`one of two accepts no connection: ${codes} | slowest ${Math.round(slowestMs)} ms`);
    assert.equal(codes, '10 OK');
    assert.equal(await first.calls(), 10);
    // The endpoint that answers has taken the call, maybe before the other was given up: that it was, and when, is in the log.
    await bridge.child.match(
      'stderr',
      /"endpoint":"127\.0\.0\.2:\d+","failure":"connect_timeout".*"connection failed"/,
      SLOWEST_MS,
    );
    assert.ok(slowestMs < SLOWEST_MS, `slowest ${slowestMs} ms`);
    silent.assertSilent();
  });
});
