import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { describe, it } from 'node:test';
import { data, headers, responseBlock } from '../support/http2/wire.ts';
import { NodeHttp2Backend } from '../support/peers/node-http2-backend.ts';
import { FRAME, RawH2Peer } from '../support/peers/raw-h2-peer.ts';
import { UpstreamBench } from '../support/upstream-bench.ts';

const MIB = 1024 * 1024;
const digest = (octets: Uint8Array): string => createHash('sha256').update(octets).digest('hex');

describe('content over upstream connections', () => {
  it('is the same on both ways, however many calls share the connection', async () => {
    await using backend = await NodeHttp2Backend.start();
    await using bench = new UpstreamBench();
    bench.use(backend.endpoint);
    const contents = [0, 1, 100, 16_384, 65_536, MIB + 7, 3 * MIB].map((octets) => randomBytes(octets));
    const calls = contents.map((content) => bench.call({ content }));
    for (const [index, call] of calls.entries()) {
      assert.equal(await call.done, '200');
      assert.equal(call.grpcStatus, '0');
      assert.equal(digest(Buffer.concat(call.content)), digest(contents[index] ?? Buffer.alloc(0)));
      assert.equal(call.sent, contents[index]?.length);
    }
  });

  it('waits without being read while the caller consumes nothing', async () => {
    await using backend = await NodeHttp2Backend.start({
      onStream: (stream) => {
        stream.respond({ ':status': 200 });
        stream.end(Buffer.alloc(4 * MIB));
      },
    });
    await using bench = new UpstreamBench();
    bench.use(backend.endpoint);
    const call = bench.call({ isConsuming: false });
    const received = (): number => call.content.reduce((sum, { length }) => sum + length, 0);
    await bench.until(() => received() >= 65_535, 'a full window');
    assert.equal(bench.call({ excluded: backend.endpoint }).connection?.key, backend.endpoint.key);
    assert.equal(received(), 65_535);
    let consumed = 0;
    while (consumed < 4 * MIB) {
      await bench.until(() => received() > consumed, 'more');
      const more = received() - consumed;
      consumed += more;
      call.stream?.consume(more);
    }
    assert.equal(await call.done, '200');
  });

  it('may come in any pieces', async () => {
    await using peer = await RawH2Peer.start({ onRequest: () => undefined });
    await using bench = new UpstreamBench();
    bench.use(peer.endpoint);
    const call = bench.call();
    const session = await peer.session();
    await session.frame(FRAME.HEADERS);
    const content = randomBytes(3000);
    const octets = Buffer.concat([headers(1, responseBlock()), data(1, content), data(1, '', 1)]);
    for (let at = 0; at < octets.length; at += 7) {
      // Each piece is a read of its own, in the one buffer that all reads share.
      await new Promise<void>((resolve) => {
        session.socket.write(octets.subarray(at, at + 7), () => setImmediate(resolve));
      });
    }
    assert.equal(await call.done, '200');
    assert.equal(digest(Buffer.concat(call.content)), digest(content));
  });

  it('survives hundreds of calls begun in one turn, which the engine takes in turns', async () => {
    await using backend = await NodeHttp2Backend.start({ server: { settings: { maxConcurrentStreams: 1000 } } });
    await using bench = new UpstreamBench();
    bench.use(backend.endpoint);
    const contents = Array.from({ length: 300 }, (_, index) => Buffer.alloc(2000 + index, index));
    const calls = contents.map((content) => bench.call({ content }));
    for (const [index, call] of calls.entries()) {
      assert.equal(await call.done, '200');
      assert.equal(digest(Buffer.concat(call.content)), digest(contents[index] ?? Buffer.alloc(0)));
    }
  });

  it('gives interim responses, and header sections that are too long, to the call', async () => {
    await using peer = await RawH2Peer.start({
      onRequest: (session, streamId) => {
        if (streamId === 1) {
          session.send(headers(1, responseBlock('103')));
          session.answer(1, 'after the hints');
        } else {
          session.send(
            headers(
              streamId,
              responseBlock(
                '200',
                Array.from({ length: 200 }, (_, at) => [`x-${at}`, 'v']),
              ),
              0x5,
            ),
          );
        }
      },
    });
    await using bench = new UpstreamBench();
    bench.use(peer.endpoint);
    const call = bench.call();
    assert.equal(await call.done, '200');
    assert.deepEqual(call.heard, ['connection', 'interim 103']);
    const long = bench.call();
    await long.done;
    assert.deepEqual(long.heard, ['over limit']);
  });
});
