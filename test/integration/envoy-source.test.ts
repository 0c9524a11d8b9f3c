import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { EnvoyDiscovery, type EnvoyDiscoveryOptions } from '../../src/discovery/envoy/envoy.ts';
import { MAX_STATE_BYTES } from '../../src/discovery/envoy/poll.ts';
import type { Address } from '../../src/model/address.ts';
import type { DiscoveryUpdate } from '../../src/model/discovery-update.ts';
import { systemClock } from '../../src/util/clock.ts';
import { EnvoyAdmin, readCapture } from '../support/peers/envoy-admin.ts';

const MIB = 1_048_576;

function options(admin: Address, changes: Partial<EnvoyDiscoveryOptions> = {}): EnvoyDiscoveryOptions {
  return {
    admin,
    clusters: ['orders'],
    pollIntervalMs: 10,
    jitterMs: 0,
    timeoutMs: 300,
    maxBytes: MIB,
    format: 'auto',
    unknownFlags: 'byPrefix',
    requireLive: true,
    ...changes,
  };
}

/** The first thing that a source says. */
async function firstWord(source: EnvoyDiscoveryOptions): Promise<DiscoveryUpdate> {
  const stop = new AbortController();
  const { promise, resolve } = Promise.withResolvers<DiscoveryUpdate>();
  const watching = new EnvoyDiscovery(source, { clock: systemClock, random: () => 0 }).watch(resolve, stop.signal);
  const update = await promise;
  stop.abort();
  await watching;
  return update;
}

function ask(admin: EnvoyAdmin, changes: Partial<EnvoyDiscoveryOptions> = {}): Promise<DiscoveryUpdate> {
  return firstWord(options({ kind: 'tcp', host: '127.0.0.1', port: admin.port }, changes));
}

function states(update: DiscoveryUpdate): readonly string[] {
  return (update.endpoints ?? []).map(({ key, reported }) => `${key} ${reported?.state} ${reported?.reason}`);
}

async function failureOf(admin: EnvoyAdmin, changes: Partial<EnvoyDiscoveryOptions> = {}): Promise<string> {
  const update = await ask(admin, changes);
  assert.equal(update.kind, 'failed');
  assert.equal(update.endpoints, undefined);
  return update.kind === 'failed' ? update.reason.replace(/^Envoy at \S+: /, '') : '';
}

describe('an Envoy as a source', () => {
  it('is asked with GET alone, over TCP and a unix socket', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'envoy-'));
    try {
      const path = join(folder, 'admin.sock');
      for (const where of [undefined, path]) {
        await using admin = await EnvoyAdmin.start(where);
        admin.show(readCapture('one-failed'));
        const update = await firstWord(
          options(where === undefined ? { kind: 'tcp', host: '127.0.0.1', port: admin.port } : { kind: 'unix', path }),
        );
        assert.deepEqual(states(update), [
          '127.0.0.1:21001 healthy ',
          '127.0.0.1:21002 unhealthy Envoy says failed_active_hc',
          '127.0.0.1:21003 healthy ',
        ]);
        assert.deepEqual(admin.requests, ['GET /ready', 'GET /clusters?format=json']);
      }
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('tells the same in text, wanted or because there is no JSON', async () => {
    const capture = readCapture('eds-health');
    await using admin = await EnvoyAdmin.start();
    admin.show(capture);
    const wanted = states(await ask(admin));
    assert.deepEqual(states(await ask(admin, { format: 'text' })), wanted);
    admin.show({ json: capture.text, text: capture.text });
    const show = admin.clusters;
    admin.clusters = (request, response) => {
      response.sendDate = false;
      request.url = '/clusters';
      show(request, response);
    };
    assert.deepEqual(states(await ask(admin)), wanted);
    assert.match(await failureOf(admin, { format: 'json' }), /is no JSON/);
    admin.clusters = (request, response) => {
      response.statusCode = request.url === '/clusters' ? 200 : 400;
      response.write(request.url === '/clusters' ? capture.text : 'no such format');
      response.end();
    };
    assert.deepEqual(states(await ask(admin)), wanted);
  });

  it('is named where it is not LIVE, and taken at its word all the same if that is wanted', async () => {
    await using admin = await EnvoyAdmin.start();
    admin.show(readCapture('healthy-static'));
    for (const [state, words] of [
      ['DRAINING', 'Envoy is draining (state DRAINING)'],
      ['PRE_INITIALIZING', 'Envoy is still initializing (state PRE_INITIALIZING)'],
    ] as const) {
      admin.ready = state;
      assert.equal(states(await ask(admin))[0], `127.0.0.1:21001 unhealthy ${words}`);
    }
    const asked = await ask(admin, { requireLive: false });
    assert.equal(states(asked)[0], '127.0.0.1:21001 healthy ');
    assert.equal(asked.endpoints?.[0]?.origin?.sourceState, 'PRE_INITIALIZING');
    admin.ready = null;
    admin.serverInfo = 'INITIALIZING';
    assert.match(states(await ask(admin))[0] ?? '', /unhealthy Envoy is still initializing/);
    admin.serverInfo = 'LIVE';
    assert.match(states(await ask(admin))[0] ?? '', / healthy $/);
    admin.serverInfo = null;
    assert.match(await failureOf(admin), /its state is not known: \/ready answered 404, \/server_info 404/);
    assert.equal((await ask(admin, { requireLive: false })).endpoints?.[0]?.origin?.sourceState, null);
  });

  it('fails the poll whatever else it answers', async () => {
    await using admin = await EnvoyAdmin.start();
    const { json, text } = readCapture('healthy-static');
    const cases: readonly [EnvoyAdmin['clusters'], RegExp][] = [
      [(_, response) => response.writeHead(500).end('oops'), /\/clusters\?format=json answered 500/],
      [(_, response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<html>'), /a page of HTML/],
      [(_, response) => response.end('hello\n'), /no list of clusters/],
      [(_, response) => void response.write(json), /no whole answer within 300 ms/],
      [() => undefined, /no whole answer within 300 ms/],
      [(_, response) => response.end(json.subarray(0, 900)), /the JSON is cut off/],
      [(_, response) => response.end('{}\n'), /Envoy lists no cluster orders/],
      [(_, response) => response.end(), /Envoy lists no cluster orders/],
      [(_, response) => response.end('{"error":"x"}'), /JSON without cluster_statuses/],
      [(request) => request.socket.destroy(), /broke off/],
      [
        (_, response) => {
          response.writeHead(200, { 'content-length': text.length });
          response.write(text.subarray(0, 2_000), () => response.destroy());
        },
        /broke off|connection/,
      ],
    ];
    for (const [clusters, reason] of cases) {
      admin.clusters = clusters;
      assert.match(await failureOf(admin), reason);
    }
  });

  it('says what is wrong without reading all of an answer that is of no use', async () => {
    await using admin = await EnvoyAdmin.start();
    for (const [status, type, reason] of [
      [500, 'text/plain', /\/clusters\?format=json answered 500$/],
      [200, 'text/html', /a page of HTML/],
    ] as const) {
      admin.clusters = (_, response) => {
        response.writeHead(status, { 'content-type': type });
        // It never ends.
        response.write(Buffer.alloc(4 * MIB, '<'));
      };
      assert.match(await failureOf(admin), reason);
    }
  });

  it('reads no more of a state than that could be', async () => {
    await using admin = await EnvoyAdmin.start();
    admin.show(readCapture('healthy-static'));
    admin.ready = ' '.repeat(MAX_STATE_BYTES);
    assert.match(await failureOf(admin, { timeoutMs: 5_000 }), /^\/ready answered more than 1048576 octets$/);
    assert.equal((await ask(admin, { requireLive: false })).kind, 'endpoints');
  });

  it('stops reading an answer beyond the limit, and lets the process live meanwhile', async () => {
    await using admin = await EnvoyAdmin.start();
    let sent = 0;
    admin.clusters = (_, response) => {
      const piece = Buffer.alloc(MIB, ' ');
      const more = (): void => {
        while (sent < 200 && !response.destroyed) {
          sent += 1;
          if (!response.write(piece)) {
            response.once('drain', more);
            return;
          }
        }
        response.end();
      };
      response.setHeader('content-type', 'application/json');
      more();
    };
    assert.match(await failureOf(admin, { timeoutMs: 5_000 }), /answered more than 1048576 octets/);
    assert.ok(sent < 50, `${sent} MiB were sent`);
  });
});
