import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from './support/eventually.ts';
import { MemorySampler, residentOctets } from './support/memory.ts';
import { OctetClient } from './support/octet-client.ts';
import { OctetServer } from './support/octet-server.ts';
import { startRelay } from './support/relay.ts';

const MIB = 1_048_576;

/** The receive window of a stream, of node:http2 as of the forwarder. */
const STREAM_WINDOW = 65_535;

/** node:http2 tells of a chunk only when all of it has left. */
const CHUNK = 16_384;

/** How long nothing may move before a stream counts as stalled. */
const STILL_MS = 300;

/** Waits until a counter stands still, and returns where. */
async function stalled(counter: () => number): Promise<number> {
  let last = counter();
  let since = performance.now();
  await eventually(
    'the octets come to a standstill',
    () => {
      if (counter() !== last) {
        last = counter();
        since = performance.now();
      }
      return { octets: last, stillMs: performance.now() - since };
    },
    ({ octets, stillMs }) => octets > 0 && stillMs >= STILL_MS,
    { deadlineMs: 10_000 },
  );
  return last;
}

describe('back-pressure through the forwarder', { timeout: 120_000 }, () => {
  it('a client that stops reading stops its server within two windows, and nobody else', async (t) => {
    await using server = await OctetServer.start();
    await using relay = await startRelay({ backends: [server.address] });
    await using client = await OctetClient.connect(relay.port);
    const lazy = client.open('/flood');
    await once(lazy, 'response');
    const sent = await stalled(() => server.flooded);
    t.diagnostic(`${sent} octets left the server`);
    // One window is with the client, one with the forwarder.
    assert.ok(sent <= 2 * STREAM_WINDOW + CHUNK, `${sent} octets`);
    for (let round = 0; round < 20; round += 1) {
      assert.deepEqual(await Promise.all([client.read('/send/200000'), client.send(200_000)]), [200_000, 200_000]);
    }
    assert.equal(server.flooded, sent);
    lazy.resume();
    await eventually(
      'the flood goes on',
      () => server.flooded,
      (now) => now > sent + MIB,
    );
  });

  it('a server that stops reading stops its client within two windows, and nobody else', async (t) => {
    await using server = await OctetServer.start();
    await using relay = await startRelay({ backends: [server.address] });
    await using client = await OctetClient.connect(relay.port);
    const upload = client.open('/ignore', 'POST');
    let sent = 0;
    const push = (): void => {
      upload.write(Buffer.alloc(CHUNK), (error) => {
        if (error === null || error === undefined) {
          sent += CHUNK;
          push();
        }
      });
    };
    push();
    await once(upload, 'response');
    await stalled(() => sent);
    t.diagnostic(`${sent} octets left the client`);
    assert.ok(sent <= 2 * STREAM_WINDOW + CHUNK, `${sent} octets`);
    for (let round = 0; round < 20; round += 1) {
      assert.deepEqual(await Promise.all([client.read('/send/200000'), client.send(200_000)]), [200_000, 200_000]);
    }
    upload.destroy();
  });

  it('a gibibyte passes by a slow reader in memory that does not grow', async (t) => {
    await using server = await OctetServer.start();
    await using relay = await startRelay({ backends: [server.address] });
    await using client = await OctetClient.connect(relay.port);
    const { pid } = relay.child;
    // Whatever is made once has been made after that.
    assert.equal(await client.read(`/send/${64 * MIB}`), 64 * MIB);
    const before = residentOctets(pid);
    using sampler = new MemorySampler(pid);
    let octets = 0;
    let pauseAt = 4 * MIB;
    for await (const chunk of client.open(`/send/${1_024 * MIB}`) as AsyncIterable<Buffer>) {
      octets += chunk.length;
      if (octets >= pauseAt) {
        pauseAt += 4 * MIB;
        await sleep(5);
      }
    }
    assert.equal(octets, 1_024 * MIB);
    const most = Math.max(...sampler.samples);
    t.diagnostic(`before ${toMib(before)} MiB, at most ${toMib(most)} MiB`);
    assert.ok(most - before < 64 * MIB, `${toMib(most - before)} MiB more`);
  });
});

describe('idle connections to the forwarder', { timeout: 120_000 }, () => {
  it('cost little, 10 000 of them', async (t) => {
    await using server = await OctetServer.start();
    await using relay = await startRelay({ backends: [server.address], environment: SMALL_YOUNG_GENERATION });
    const { pid } = relay.child;
    await connectIdle(relay.port, 200).then(disconnect);
    const before = residentOctets(pid);
    const sockets = await connectIdle(relay.port, IDLE_CONNECTIONS);
    await using _ = { [Symbol.asyncDispose]: () => disconnect(sockets) };
    // They are served nevertheless.
    assert.equal((await answered(sockets.at(-1))).length > 0, true);
    const each = (residentOctets(pid) - before) / IDLE_CONNECTIONS;
    t.diagnostic(`${(each / 1_024).toFixed(1)} KiB per connection`);
    assert.ok(each < MAX_IDLE_OCTETS, `${Math.round(each)} octets each`);
    relay.child.assertRunning();
  });
});

const IDLE_CONNECTIONS = 10_000;

/** The aim is 12 KiB, with what is behind the socket in this process; garbage that nobody has collected yet may come on top of it here. */
const MAX_IDLE_OCTETS = 14_336;

/**
 * As many new connections at once let V8 enlarge the memory for new objects by 75 MiB, once, whatever they hold: 7 KiB for each of these, of
 * which the next ones need nothing.
 */
const SMALL_YOUNG_GENERATION = { NODE_OPTIONS: '--max-semi-space-size=2' };

/** As many at once: a listening socket has a short queue. */
const CONNECT_BATCH = 100;

/** The preface, an empty SETTINGS frame and the acknowledgement of the server's (RFC 9113, 3.4). */
const PREFACE = Buffer.concat([
  Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
  Buffer.from('000000040000000000000000040100000000', 'hex'),
]);

/** A PING, which is answered with another. */
const PING = Buffer.from('0000080600000000000102030405060708', 'hex');

async function connectIdle(port: number, count: number): Promise<readonly Socket[]> {
  const sockets: Socket[] = [];
  while (sockets.length < count) {
    const length = Math.min(CONNECT_BATCH, count - sockets.length);
    sockets.push(...(await Promise.all(Array.from({ length }, () => connectOne(port)))));
  }
  return sockets;
}

/** Resolves when the server has said its first word, which is its SETTINGS. */
async function connectOne(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  socket.write(PREFACE);
  await once(socket, 'data');
  return socket;
}

async function answered(socket: Socket | undefined): Promise<Buffer> {
  assert.ok(socket !== undefined);
  socket.write(PING);
  const [octets] = await once(socket, 'data');
  return octets;
}

async function disconnect(sockets: readonly Socket[]): Promise<void> {
  await Promise.all(
    sockets.map((socket) => {
      socket.destroy();
      return once(socket, 'close');
    }),
  );
}

function toMib(octets: number): string {
  return (octets / MIB).toFixed(1);
}
