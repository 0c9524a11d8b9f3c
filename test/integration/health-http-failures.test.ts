import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer as createHttp2Server } from 'node:http2';
import type { Socket } from 'node:net';
import { describe, it } from 'node:test';
import { MAX_HEADER_BYTES } from '../../src/health/http-connection.ts';
import { MAX_BODY_BYTES, MAX_INTERIM_RESPONSES } from '../../src/health/http-response.ts';
import type { Outcome } from '../../src/health/outcome.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { CheckerBench, localEndpoint } from '../support/health/checker-bench.ts';
import { DeafPort } from '../support/health/deaf-port.ts';
import { httpCluster } from '../support/health/options.ts';
import { RawServer } from '../support/health/raw-server.ts';

const NO_WORD = 'connection lost before the answer';
const NO_HTTP = 'the answer is not HTTP/1.1: the server may speak HTTP/2 alone, or may expect TLS';

/** What one check finds at a server that answers the first octets of every connection so. */
async function checkOne(answer: (socket: Socket) => void, timeoutMs = 1_000): Promise<Outcome> {
  await using server = await RawServer.start((socket) => socket.once('data', () => answer(socket)));
  await using bench = new CheckerBench(localEndpoint(server.port), httpCluster({ timeoutMs }));
  return await bench.check();
}

function head(status: string, ...fields: readonly string[]): string {
  return `${[`HTTP/1.1 ${status}`, ...fields].join('\r\n')}\r\n\r\n`;
}

describe('http health checks of servers that fail', () => {
  for (const [name, answer, word, reason] of [
    ['close without a word', (socket) => socket.end(), 'connection_lost', /^connection lost before the answer: .* TLS/],
    [
      'reset the connection',
      (socket) => socket.resetAndDestroy(),
      'connection_lost',
      /^connection lost before the answer \(connection reset\)/,
    ],
    ['close in the middle of the header section', (socket) => socket.end('HTTP/1.1 200 OK\r\nx: '), 'connection_lost', NO_WORD],
    [
      'close in the middle of the body',
      (socket) => socket.end(`${head('200 OK', 'content-length: 9')}four`),
      'connection_lost',
      'HTTP 200, but the connection was lost before the end of the answer',
    ],
    ['speak another protocol', (socket) => socket.write('SSH-2.0-OpenSSH_9.9\r\n'), 'protocol_error', NO_HTTP],
    ['answer with TLS', (socket) => socket.write(Buffer.from([0x15, 3, 1, 0, 2, 2, 10])), 'protocol_error', NO_HTTP],
    ['switch protocols', (socket) => socket.write(head('101 X', 'upgrade: x', 'connection: upgrade')), 'protocol_error', NO_HTTP],
    [
      'send a body that is malformed',
      (socket) => socket.write(`${head('200 OK', 'transfer-encoding: chunked')}zz\r\n`),
      'protocol_error',
      'HTTP 200, but the rest of the answer is malformed',
    ],
    [
      'send more headers than are read',
      (socket) => socket.write(head('200 OK', `x: ${'y'.repeat(MAX_HEADER_BYTES)}`)),
      'protocol_error',
      `the answer has more than ${MAX_HEADER_BYTES} octets of headers`,
    ],
    [
      'send interim responses without end',
      (socket) => socket.write(head('103 Early Hints').repeat(MAX_INTERIM_RESPONSES + 1) + head('200 OK', 'content-length: 0')),
      'protocol_error',
      `the server sent more than ${MAX_INTERIM_RESPONSES} interim responses`,
    ],
  ] as const satisfies readonly (readonly [string, (socket: Socket) => unknown, string, string | RegExp])[]) {
    it(`find ${word} where they ${name}`, async () => {
      const outcome = await checkOne(answer);
      assert.equal(outcome.word, word, outcome.reason);
      assert.equal(outcome.reached, 'connected');
      if (typeof reason === 'string') {
        assert.ok(outcome.reason.startsWith(reason), outcome.reason);
      } else {
        assert.match(outcome.reason, reason);
      }
    });
  }

  it('take as many interim responses as they may', async () => {
    const outcome = await checkOne((socket) =>
      socket.write(head('103 Early Hints').repeat(MAX_INTERIM_RESPONSES) + head('200 OK', 'content-length: 0')),
    );
    assert.equal(outcome.word, 'serving', outcome.reason);
  });

  it('say of a server of HTTP/2 in cleartext what it may be', async () => {
    const server = createHttp2Server().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    assert.ok(typeof address === 'object' && address !== null);
    {
      await using bench = new CheckerBench(localEndpoint(address.port), httpCluster());
      const { word, reason } = await bench.check();
      assert.match(`${word}: ${reason}`, /^(protocol_error|connection_lost): .*HTTP\/2 alone/);
    }
    server.close();
    await once(server, 'close');
  });

  it('judge the status of an endless body after so much of it, and leave', async () => {
    let written = 0;
    const closed: Promise<void>[] = [];
    await using server = await RawServer.start((socket) => {
      closed.push(
        new Promise((resolve) => {
          socket.once('close', () => resolve());
        }),
      );
      const pump = (): void => {
        while (!socket.destroyed) {
          written += 16_384;
          if (!socket.write(Buffer.alloc(16_384))) {
            return;
          }
        }
      };
      socket.on('drain', pump);
      socket.once('data', () => {
        socket.write(head('200 OK', `content-length: ${2 ** 30}`));
        pump();
      });
    });
    await using bench = new CheckerBench(localEndpoint(server.port), httpCluster({ timeoutMs: 5_000 }));
    assert.equal(await bench.word(), 'serving');
    assert.equal(await bench.word(), 'serving');
    await Promise.all(closed);
    // What is on its way in the buffers of two connections comes on top.
    assert.ok(written > 2 * MAX_BODY_BYTES && written < 64 * 2 ** 20, `${written} octets`);
  });

  it('read a body as long as may be, and keep the connection', async () => {
    let connections = 0;
    await using server = await RawServer.start((socket) => {
      connections += 1;
      socket.on('data', () => socket.write(head('200 OK', `content-length: ${MAX_BODY_BYTES}`) + 'x'.repeat(MAX_BODY_BYTES)));
    });
    await using bench = new CheckerBench(localEndpoint(server.port), httpCluster());
    assert.deepEqual([await bench.word(), await bench.word()], ['serving', 'serving']);
    assert.equal(connections, 1);
  });

  it('do not wait for a body that drips beyond the timeout', async () => {
    const outcome = await checkOne((socket) => {
      socket.write(head('200 OK', 'content-length: 1000'));
      const drip = setInterval(() => socket.write('x'), 20);
      socket.once('close', () => clearInterval(drip));
    }, 200);
    assert.deepEqual(outcome, {
      word: 'timeout',
      reason: 'deadline exceeded: HTTP 200, but the answer did not end within 200 ms',
      reached: 'connected',
    });
  });

  it('give up silence with the timeout, and the connection with it', async () => {
    let connections = 0;
    await using server = await RawServer.start((socket) => {
      connections += 1;
      if (connections > 1) {
        socket.on('data', () => socket.write(head('200 OK', 'content-length: 0')));
      }
    });
    await using bench = new CheckerBench(localEndpoint(server.port), httpCluster({ timeoutMs: 100 }));
    assert.deepEqual(await bench.check(), {
      word: 'timeout',
      reason: 'deadline exceeded: connected, but no answer within 100 ms',
      reached: 'connected',
    });
    assert.equal(await bench.word(), 'serving');
  });

  it('say that nobody listens, and that nobody answers', async () => {
    const server = await RawServer.start(() => undefined);
    await server[Symbol.asyncDispose]();
    await using refused = new CheckerBench(localEndpoint(server.port), httpCluster());
    assert.deepEqual(await refused.check(), { word: 'connect_failed', reason: 'connection refused', reached: 'none' });
    await using deaf = await DeafPort.start();
    await using silent = new CheckerBench(localEndpoint(deaf.port), httpCluster({}, { connectTimeoutMs: 100 }));
    assert.deepEqual(await silent.check(), { word: 'connect_failed', reason: 'no connection within 100 ms', reached: 'none' });
  });

  it('end at once when closed, and leave neither timer nor connection', async () => {
    const clock = new FakeClock();
    const asked = Promise.withResolvers<void>();
    await using server = await RawServer.start((socket) => socket.once('data', () => asked.resolve()));
    const bench = new CheckerBench(localEndpoint(server.port), httpCluster(), clock);
    const check = bench.check();
    await asked.promise;
    await bench.checker.close();
    assert.notEqual((await check).word, 'serving');
    assert.equal((await bench.check()).reason, 'the check was ended');
    assert.equal(clock.pendingTimers, 0);
  });
});
