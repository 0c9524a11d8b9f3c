import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { describe, it } from 'node:test';
import { createEndpoint, type Endpoint } from '../../src/model/endpoint.ts';
import { ForwardBench } from '../support/forward-bench.ts';
import { END_BOTH } from '../support/forward-client.ts';
import { headers, PREFACE, requestBlock, responseBlock, settings, settingsAck } from '../support/http2/wire.ts';
import { RawClient } from '../support/raw-client.ts';

const CALLS = 30_000;
const AT_A_TIME = 100;
const HEADERS = 1;
const SETTINGS = 4;
const REQUEST = requestBlock();
const RESPONSE = responseBlock('200', [
  ['content-type', 'application/grpc'],
  ['grpc-status', '0'],
]);

/** Tells of every frame of a stream of octets, wherever that is cut: its type, flags and stream. */
class FrameCutter {
  #rest: Buffer = Buffer.alloc(0);

  cut(octets: Buffer, onFrame: (type: number, flags: number, streamId: number) => void): void {
    const all = this.#rest.length === 0 ? octets : Buffer.concat([this.#rest, octets]);
    let at = 0;
    while (at + 9 <= all.length && at + 9 + all.readUIntBE(at, 3) <= all.length) {
      onFrame(all.readUInt8(at + 3), all.readUInt8(at + 4), all.readUInt32BE(at + 5));
      at += 9 + all.readUIntBE(at, 3);
    }
    this.#rest = all.subarray(at);
  }
}

/** A server that counts requests and answers each at once: fast enough for many, as it knows nothing of HTTP/2 but frames. */
class CountingPeer implements AsyncDisposable {
  requests = 0;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor() {
    this.#server = createServer((socket) => this.#serve(socket));
  }

  static async start(): Promise<CountingPeer> {
    const peer = new CountingPeer();
    peer.#server.listen(0, '127.0.0.1');
    await once(peer.#server, 'listening');
    return peer;
  }

  get endpoint(): Endpoint {
    const bound = this.#server.address();
    assert.ok(typeof bound === 'object' && bound !== null);
    return createEndpoint({ kind: 'tcp', host: '127.0.0.1', port: bound.port }, null);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) {
      socket.destroy();
    }
    this.#server.close();
    await once(this.#server, 'close');
  }

  #serve(socket: Socket): void {
    const frames = new FrameCutter();
    let preface = PREFACE.length;
    this.#sockets.add(socket);
    socket.on('error', () => undefined);
    socket.write(settings([[3, 1000]]));
    socket.on('data', (octets: Buffer) => {
      const skipped = Math.min(preface, octets.length);
      preface -= skipped;
      const answers: Buffer[] = [];
      frames.cut(octets.subarray(skipped), (type, flags, streamId) => {
        if (type === SETTINGS && flags === 0) {
          answers.push(settingsAck());
        } else if (type === HEADERS) {
          this.requests++;
          answers.push(headers(streamId, RESPONSE, END_BOTH));
        }
      });
      socket.write(Buffer.concat(answers));
    });
  }
}

describe('30 000 calls of one client connection', () => {
  it('are spread over three endpoints to within 1 % of a third each', async () => {
    await using one = await CountingPeer.start();
    await using two = await CountingPeer.start();
    await using three = await CountingPeer.start();
    await using bench = await ForwardBench.start([one.endpoint, two.endpoint, three.endpoint]);
    using client = await RawClient.tcp(bench.port);
    const frames = new FrameCutter();
    let begun = 0;
    let answered = 0;
    const { promise: done, resolve } = Promise.withResolvers<void>();
    const next = (): Buffer => headers(2 * begun++ + 1, REQUEST, END_BOTH);
    client.socket.removeAllListeners('data');
    client.socket.on('data', (octets: Buffer) => {
      const requests: Buffer[] = [];
      frames.cut(octets, (type) => {
        if (type === HEADERS) {
          answered++;
          requests.push(begun < CALLS ? next() : Buffer.alloc(0));
        }
      });
      client.write(Buffer.concat(requests));
      if (answered === CALLS) {
        resolve();
      }
    });
    client.write(Buffer.concat([PREFACE, settings(), settingsAck(), ...Array.from({ length: AT_A_TIME }, next)]));
    await done;
    for (const { requests } of [one, two, three]) {
      assert.ok(Math.abs(requests - CALLS / 3) <= CALLS / 300, `${requests} of ${CALLS}`);
    }
    assert.equal(one.requests + two.requests + three.requests, CALLS);
    await bench.untilEnded(CALLS);
    assert.ok(bench.log.ended.every(({ grpcStatus }) => grpcStatus === 0));
  });
});
