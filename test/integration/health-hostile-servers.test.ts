import assert from 'node:assert/strict';
import { createServer as createHttpServer } from 'node:http';
import { createServer as createHttp2Server, type Http2Server, type ServerHttp2Stream } from 'node:http2';
import type { Server } from 'node:net';
import { after, before, describe, it } from 'node:test';
import type { Outcome } from '../../src/health/outcome.ts';
import { MAX_REASON_LENGTH } from '../../src/health/reasons.ts';
import { CheckerBench, localEndpoint } from '../support/health/checker-bench.ts';
import { grpcCluster } from '../support/health/options.ts';
import { RawServer } from '../support/health/raw-server.ts';
import { FrameType, frame } from '../support/raw-client.ts';
import { seededRandom } from '../support/seeded-random.ts';

const MODES = ['check', 'watch', 'auto'] as const;
const GRPC = { ':status': 200, 'content-type': 'application/grpc' };
const NO_HTTP2 = 'the server does not speak HTTP/2 here: it may speak HTTP/1.1 alone, or may expect TLS';
const SETTINGS = frame(FrameType.SETTINGS, 0, 0);

/** A message of grpc.health.v1 with SERVING, after gRPC's prefix of five octets. */
const SERVING = Buffer.from([0, 0, 0, 0, 2, 0x08, 0x01]);

/** Whatever an attacker or an accident may put where a health service is expected. */
const STREAMS: readonly (readonly [
  name: string,
  serve: (stream: ServerHttp2Stream) => void,
  word: Outcome['word'],
  reason: RegExp,
])[] = [
  [
    'HTTP status 404 with a text',
    (stream) => {
      stream.respond({ ':status': 404, 'content-type': 'text/plain' });
      stream.end('not found');
    },
    'protocol_error',
    /the answer is text\/plain, not gRPC: the port may serve plain HTTP$/,
  ],
  [
    'HTTP status 404 and nothing more',
    (stream) => stream.respond({ ':status': 404 }, { endStream: true }),
    'protocol_error',
    /the server answered HTTP status 404 without a gRPC status: not a gRPC server$/,
  ],
  [
    'a page',
    (stream) => {
      stream.respond({ ':status': 200, 'content-type': 'text/html' });
      stream.end('<h1>welcome</h1>');
    },
    'protocol_error',
    /the answer is text\/html, not gRPC/,
  ],
  [
    'an oversized message',
    (stream) => {
      stream.respond(GRPC);
      stream.write(Buffer.concat([Buffer.from([0, 0, 0, 0x20, 0]), Buffer.alloc(0x2000)]));
    },
    'protocol_error',
    /the server sent a message of more than 4096 octets$/,
  ],
  [
    'a message that announces four gigabytes',
    (stream) => {
      stream.respond(GRPC);
      stream.write(Buffer.from([0, 0xff, 0xff, 0xff, 0xff]));
    },
    'protocol_error',
    /the server sent a message of more than 4096 octets$/,
  ],
  [
    'a message that is no protobuf',
    (stream) => {
      stream.respond(GRPC, { waitForTrailers: true });
      stream.once('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
      stream.end(Buffer.from([0, 0, 0, 0, 3, 0xff, 0xff, 0xff]));
    },
    'status_error',
    /INTERNAL/,
  ],
  [
    'OK without a message',
    (stream) => stream.respond({ ...GRPC, 'grpc-status': '0' }, { endStream: true }),
    'protocol_error',
    /(the server ended the call without a message|Watch ended: OK)$/,
  ],
  [
    'a reason without end',
    (stream) => stream.respond({ ...GRPC, 'grpc-status': '13', 'grpc-message': 'x%0A'.repeat(4_000) }, { endStream: true }),
    'status_error',
    new RegExp(`^.{${MAX_REASON_LENGTH}}$`),
  ],
  ['a reset of the stream', (stream) => stream.close(2), 'status_error', /INTERNAL/],
  [
    'a code that gRPC does not have',
    (stream) => stream.respond({ ...GRPC, 'grpc-status': '99' }, { endStream: true }),
    'status_error',
    /status 99$/,
  ],
];

/** What comes instead of HTTP/2. */
const OCTETS: readonly (readonly [name: string, octets: Buffer, word: Outcome['word'], reason: string])[] = [
  ['a greeting', Buffer.from('220 mail.test ESMTP ready\r\n'), 'protocol_error', NO_HTTP2],
  ['zeroes', Buffer.alloc(64), 'protocol_error', NO_HTTP2],
  ['an HTTP/1.1 answer', Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'), 'protocol_error', NO_HTTP2],
  ['a frame of 16 MiB', frame(FrameType.SETTINGS, 0, 0).fill(0xff, 0, 3), 'protocol_error', NO_HTTP2],
];

for (const mode of MODES) {
  describe(`grpc health checks of what is no health service, mode ${mode}`, () => {
    const escaped: unknown[] = [];
    const escape = (error: unknown): void => {
      escaped.push(error);
    };

    before(() => {
      process.on('uncaughtException', escape);
      process.on('unhandledRejection', escape);
    });

    after(() => {
      process.off('uncaughtException', escape);
      process.off('unhandledRejection', escape);
      assert.deepEqual(escaped, []);
    });

    for (const [name, serve, word, reason] of STREAMS) {
      it(`find ${name}`, async () => {
        await using server = await Http2Peer.start(serve);
        await using bench = new CheckerBench(localEndpoint(server.port), grpcCluster({ mode, timeoutMs: 2_000 }));
        const outcome = await bench.check();
        assert.equal(outcome.word, word, outcome.reason);
        assert.match(outcome.reason, reason);
        assert.equal(outcome.reached, 'connected');
      });
    }

    for (const [name, octets, word, reason] of OCTETS) {
      it(`find ${name}`, async () => {
        await using server = await RawServer.start((socket) => socket.write(octets));
        await using bench = new CheckerBench(localEndpoint(server.port), grpcCluster({ mode }));
        assert.deepEqual(await bench.check(), { word, reason, reached: 'none' });
      });
    }

    it('find a web server', async () => {
      await using server = await ServerPeer.start(createHttpServer((_request, response) => response.end('hello')));
      await using bench = new CheckerBench(localEndpoint(server.port), grpcCluster({ mode }));
      assert.equal((await bench.check()).reason, NO_HTTP2);
    });

    it('find a server that closes every connection', async () => {
      await using server = await RawServer.start((socket) => socket.end());
      await using bench = new CheckerBench(localEndpoint(server.port), grpcCluster({ mode }));
      assert.deepEqual(await bench.check(), {
        word: 'connect_failed',
        reason: 'the server closed the connection at once: it may expect TLS',
        reached: 'none',
      });
    });

    it('let nothing escape, and find nothing serving, whatever octets come and when the connection breaks', async () => {
      const random = seededRandom(7);
      for (let round = 0; round < 20; round += 1) {
        const noise = Buffer.from(Array.from({ length: Math.floor(random() * 200) }, () => Math.floor(random() * 256)));
        const octets = random() < 0.5 ? Buffer.concat([SETTINGS, noise]) : noise;
        const end = random();
        await using server = await RawServer.start((socket) => {
          socket.write(octets);
          socket.once('data', () => {
            if (end < 0.3) {
              socket.resetAndDestroy();
            } else if (end < 0.6) {
              socket.end();
            }
          });
        });
        await using bench = new CheckerBench(localEndpoint(server.port), grpcCluster({ mode, timeoutMs: 20 }));
        for (let check = 0; check < 2; check += 1) {
          const { word, reason } = await bench.check();
          assert.notEqual(word, 'serving');
          assert.ok(reason !== '' && reason.length <= MAX_REASON_LENGTH);
        }
      }
    });
  });
}

describe('grpc health checks', () => {
  it('take one answer to a Check and no more', async () => {
    await using server = await Http2Peer.start((stream) => {
      stream.respond(GRPC);
      stream.write(Buffer.concat([SERVING, SERVING]));
    });
    await using bench = new CheckerBench(localEndpoint(server.port), grpcCluster());
    assert.equal((await bench.check()).reason, 'the server sent more than one answer');
  });

  it('wait for the status behind the answer, as it may take it back', async () => {
    await using server = await Http2Peer.start((stream) => {
      stream.respond(GRPC, { waitForTrailers: true });
      stream.once('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '14', 'grpc-message': 'going away' }));
      stream.end(SERVING);
    });
    await using bench = new CheckerBench(localEndpoint(server.port), grpcCluster());
    assert.equal((await bench.check()).reason, 'UNAVAILABLE: going away');
  });

  it('do not take a serving status that health.proto does not name for SERVING', async () => {
    await using server = await Http2Peer.start((stream) => {
      stream.respond(GRPC, { waitForTrailers: true });
      stream.once('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
      stream.end(Buffer.from([0, 0, 0, 0, 2, 0x08, 0x07]));
    });
    await using bench = new CheckerBench(localEndpoint(server.port), grpcCluster());
    const outcome = await bench.check();
    assert.deepEqual(
      [outcome.word, outcome.reason],
      ['not_serving', 'the server answered serving status 7, which health.proto does not name'],
    );
  });
});

/** A server of node on a free port; disposing it waits until its clients have left. */
class ServerPeer implements AsyncDisposable {
  readonly #server: Server;

  protected constructor(server: Server) {
    this.#server = server;
  }

  static async start(server: Server): Promise<ServerPeer> {
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    return new ServerPeer(server);
  }

  get port(): number {
    const address = this.#server.address();
    assert.ok(typeof address === 'object' && address !== null);
    return address.port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await new Promise((resolve) => {
      this.#server.close(resolve);
    });
  }
}

const Http2Peer = {
  start(serve: (stream: ServerHttp2Stream) => void): Promise<ServerPeer> {
    const server: Http2Server = createHttp2Server();
    server.on('stream', (stream) => {
      stream.on('error', () => undefined);
      serve(stream);
    });
    server.on('sessionError', () => undefined);
    return ServerPeer.start(server);
  },
};
