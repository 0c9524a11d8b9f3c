import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect as connectHttp2 } from 'node:http2';
import { describe, it } from 'node:test';
import { DEFAULT_HTTP1_TIMEOUTS } from '../../src/http1/options.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { Http1Bench, until } from '../support/http1-bench.ts';
import { Http1Endpoint } from '../support/peers/http1-endpoint.ts';
import { RawClient } from '../support/raw-client.ts';

const { contentMs } = DEFAULT_HTTP1_TIMEOUTS;
const HEAD = 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n';

/** A bench whose time stands still, and how much content its endpoint has got. */
async function start(onEnd: 'answer' | 'ignore' = 'answer'): Promise<{
  clock: FakeClock;
  endpoint: Http1Endpoint;
  bench: Http1Bench;
  taken: () => number;
}> {
  const clock = new FakeClock();
  let taken = 0;
  const endpoint = await Http1Endpoint.serve((request, response) => {
    request.on('data', (chunk: Buffer) => {
      taken += chunk.length;
    });
    request.on('error', () => undefined);
    if (onEnd === 'answer') {
      request.on('end', () => response.end('done'));
    }
  });
  // Also the listener's own times stand still.
  const bench = await Http1Bench.start([endpoint.endpoint], { clock, listener: { clock } });
  return { clock, endpoint, bench, taken: () => taken };
}

describe('content on its way to an endpoint', () => {
  it('may take any time while it moves', async () => {
    const { clock, endpoint, bench, taken } = await start();
    await using _ = endpoint;
    await using __ = bench;
    using client = await RawClient.tcp(bench.port);
    client.write(HEAD);
    for (let sent = 1; sent <= 100; sent++) {
      client.write('x');
      await until(
        () => taken() === sent,
        () => `${taken()} of ${sent} taken`,
      );
      await clock.advance(contentMs - 1);
    }
    await client.until((text) => text.endsWith('done'));
    assert.match(client.text, /^HTTP\/1\.1 200 OK\r\n/);
    assert.deepEqual(bench.log.localReplies, []);
  });

  it('ends with 408 when the client of HTTP/1.1 sends no more, and so does the connection', async () => {
    const { clock, endpoint, bench, taken } = await start();
    await using _ = endpoint;
    await using __ = bench;
    using client = await RawClient.tcp(bench.port);
    client.write(`${HEAD}half`);
    await until(
      () => taken() === 4,
      () => `${taken()} taken`,
    );
    await clock.advance(contentMs);
    const text = await client.untilOver();
    assert.match(text, /^HTTP\/1\.1 408 Request Timeout\r\n/);
    assert.match(text, /\r\nconnection: close\r\n/i);
    assert.match(text, /\r\nx-health-bridge-error: request_timeout\r\n/i);
    await bench.untilQuiet();
    assert.equal(endpoint.sockets.size, 0);
    assert.equal(clock.pendingTimers, 0);
  });

  it('ends with 408 when the client of HTTP/2 sends no more', async () => {
    const { clock, endpoint, bench, taken } = await start();
    await using _ = endpoint;
    await using __ = bench;
    const session = connectHttp2(`http://127.0.0.1:${bench.port}`);
    const stream = session.request({ ':method': 'POST', ':path': '/' });
    stream.write('half');
    await until(
      () => taken() === 4,
      () => `${taken()} taken`,
    );
    const answered = once(stream, 'response');
    await clock.advance(contentMs);
    const [headers] = await answered;
    assert.deepEqual([headers[':status'], headers['x-health-bridge-error']], [408, 'request_timeout']);
    stream.resume();
    await once(stream, 'close');
    session.close();
  });

  it('ends with 502 when the endpoint takes no more', async () => {
    const clock = new FakeClock();
    await using endpoint = await Http1Endpoint.script((socket) => socket.pause());
    await using bench = await Http1Bench.start([endpoint.endpoint], { clock });
    const session = connectHttp2(`http://127.0.0.1:${bench.port}`);
    const stream = session.request({ ':method': 'POST', ':path': '/' });
    const answered = once(stream, 'response');
    stream.on('error', () => undefined);
    let written = 0;
    const write = (): void => {
      while (!stream.destroyed && stream.write(Buffer.alloc(65_536))) {
        written++;
      }
    };
    stream.on('drain', write);
    write();
    // Until nothing moves any more.
    let at = -1;
    let turns = 0;
    await until(
      () => {
        turns = written === at ? turns + 1 : 0;
        at = written;
        return turns > 2000;
      },
      () => `${at} parts, still moving`,
    );
    await clock.advance(contentMs);
    const [headers] = await answered;
    assert.deepEqual([headers[':status'], headers['x-health-bridge-error']], [502, 'upstream_protocol']);
    session.destroy();
    await bench.untilQuiet();
  });

  it('has 30 s more when it has been answered before its end', async () => {
    const clock = new FakeClock();
    await using endpoint = await Http1Endpoint.serve((_request, response) => response.writeHead(403).end('no'));
    await using bench = await Http1Bench.start([endpoint.endpoint], { clock, listener: { clock } });
    using client = await RawClient.tcp(bench.port);
    client.write(`${HEAD}half`);
    await client.until((text) => text.endsWith('no\r\n0\r\n\r\n'));
    await bench.untilQuiet();
    await clock.advance(29_999);
    client.write('x');
    assert.equal(client.ended, false);
    await clock.advance(1);
    await client.untilOver();
    assert.deepEqual(bench.log.refusals, ['timeout: the content of a request does not end']);
  });
});
