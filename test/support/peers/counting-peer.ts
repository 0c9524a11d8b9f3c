import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { createEndpoint, type Endpoint } from '../../../src/model/endpoint.ts';
import { FrameCutter } from '../frame-cutter.ts';
import { data, headers, PREFACE, responseBlock, settings, settingsAck } from '../http2/wire.ts';

const HEADERS = 1;
const SETTINGS = 4;
const END_STREAM = 1;
const END_BOTH = 5;
const RESPONSE = responseBlock('200', [
  ['content-type', 'application/grpc'],
  ['grpc-status', '0'],
]);

/** A server that counts requests and answers each at once: fast enough for many, as it knows nothing of HTTP/2 but frames. */
export class CountingPeer implements AsyncDisposable {
  requests = 0;
  readonly #content: Buffer | null;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(content: Buffer | null) {
    this.#content = content;
    this.#server = createServer((socket) => this.#serve(socket));
  }

  /** What each answer has for content; none unless given. */
  static async start(content: Buffer | null = null): Promise<CountingPeer> {
    const peer = new CountingPeer(content);
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
          answers.push(this.#answer(streamId));
        }
      });
      socket.write(Buffer.concat(answers));
    });
  }

  #answer(streamId: number): Buffer {
    return this.#content === null
      ? headers(streamId, RESPONSE, END_BOTH)
      : Buffer.concat([headers(streamId, RESPONSE), data(streamId, this.#content, END_STREAM)]);
  }
}
