import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { frameMessage } from '../../src/grpc/message.ts';
import { MAX_REQUEST_OCTETS, REQUEST_TIMEOUT_MS } from '../../src/grpc-health/health-call.ts';
import { MAX_WATCHES_PER_CONNECTION } from '../../src/grpc-health/watch-list.ts';
import { END_STREAM, sections, story, untilEnd } from '../support/forward-client.ts';
import { data, headers, hex, PREFACE, rstStream, settings, settingsAck, windowUpdate } from '../support/http2/wire.ts';
import { callBlock, OwnHealthBench, requestOf, servingState } from '../support/own-health-bench.ts';
import { FrameType, type RawClient } from '../support/raw-client.ts';

const UP = servingState(true);
const DOWN = servingState(false);
const SERVING = '0801';
const NOT_SERVING = '0802';

/** A whole call. */
const call = (streamId: number, method: string, content: Buffer = requestOf('')): Buffer =>
  Buffer.concat([headers(streamId, callBlock(method)), data(streamId, content, END_STREAM)]);

/** The messages that came on a stream, as hexadecimal digits without their prefix. */
function messages(client: RawClient, streamId = 1): string[] {
  const content = client.frames().filter((one) => one.type === FrameType.DATA && one.streamId === streamId);
  const octets = Buffer.concat(content.map(({ payload }) => payload)).toString('hex');
  return octets.split(/0{6}000[02]/).slice(1);
}

const untilMessages = (client: RawClient, count: number, streamId = 1): Promise<string> =>
  client.until(() => messages(client, streamId).length >= count);

/** Long names. */
const services = (count: number): string[] => Array.from({ length: count }, (_, index) => `${'s'.repeat(250)}${index}`);

/** Status and text of the last header section. */
function statusOf(client: RawClient): string {
  const last = sections(client).at(-1) ?? '';
  return `${/grpc-status: (\d+)/.exec(last)?.[1]} ${/grpc-message: (.*)/.exec(last)?.[1] ?? ''}`.trimEnd();
}

describe('a request of the health service', () => {
  const malformed = '13 the request is no HealthCheckRequest';
  for (const [what, content, expected] of [
    ['the longest name', requestOf('x'.repeat(MAX_REQUEST_OCTETS - 3)), '5 unknown service'],
    ['too long a message', requestOf('x'.repeat(MAX_REQUEST_OCTETS - 2)), '8 the request is too large'],
    ['a compressed message', hex('01 00000000'), '12 compressed requests are not supported'],
    ['a flag that does not exist', hex('02 00000000'), '13 malformed message prefix'],
    ['no message', Buffer.alloc(0), '13 the request has no message'],
    ['half a message', hex('00 00000002 0a'), '13 the request ended within its message'],
    ['two messages', Buffer.concat([requestOf(''), requestOf('')]), '13 the request has more than one message'],
    ['a message of something else', frameMessage(hex('0f')), malformed],
    ['a name that is no text', frameMessage(hex('0a 01 ff')), malformed],
  ] as const) {
    for (const method of ['Check', 'Watch']) {
      it(`with ${what} ends with its status: ${method}`, async () => {
        await using bench = await OwnHealthBench.start();
        using client = await bench.open();
        client.write(call(1, method, content));
        if (method === 'Watch' && expected.startsWith('5')) {
          // Its name may become known.
          await untilMessages(client, 1);
          assert.deepEqual(messages(client), ['0803']);
          return;
        }
        assert.deepEqual((await untilEnd(client)).slice(0, 1), ['HEADERS END']);
        assert.equal(statusOf(client), expected);
        assert.match(sections(client).at(-1) ?? '', /grpc-accept-encoding: identity/);
      });
    }
  }

  it('is answered from whatever pieces it comes in', async () => {
    await using bench = await OwnHealthBench.start();
    using client = await bench.open();
    client.write(headers(1, callBlock('Check')));
    for (const octet of requestOf('app')) {
      client.write(data(1, Buffer.of(octet)));
    }
    client.write(data(1, '', END_STREAM));
    assert.deepEqual(await untilEnd(client), ['HEADERS', 'DATA 7', 'HEADERS END']);
    assert.deepEqual([messages(client), statusOf(client)], [[SERVING], '0']);
  });

  it('is refused as soon as that is clear, and told to stop', async () => {
    await using bench = await OwnHealthBench.start();
    using client = await bench.open();
    client.write(headers(1, callBlock('Check'))).write(data(1, hex('00 7fffffff')));
    await client.untilFrame(FrameType.RST_STREAM, 1);
    assert.deepEqual(story(client), ['HEADERS END', 'RST_STREAM 0']);
    assert.deepEqual(bench.answers, ['/grpc.health.v1.Health/Check 400']);
  });

  it('may end in trailers', async () => {
    await using bench = await OwnHealthBench.start();
    using client = await bench.open();
    client.write(headers(1, callBlock('Check'))).write(data(1, requestOf('')));
    client.write(headers(1, Buffer.alloc(0), 5));
    await untilEnd(client);
    assert.equal(statusOf(client), '0');
  });

  it('has a grpc-timeout that is one, and ends by it', async () => {
    await using bench = await OwnHealthBench.start();
    using client = await bench.open();
    client.write(headers(1, callBlock('Check', [['grpc-timeout', '1x']])));
    await untilEnd(client, 1);
    assert.equal(statusOf(client), '13 malformed grpc-timeout');
    client.write(headers(3, callBlock('Check', [['grpc-timeout', '100m']])));
    await bench.listener.untilRequests(1);
    await bench.clock.advance(200);
    await untilEnd(client, 3);
    assert.equal(statusOf(client), '4 deadline exceeded');
  });

  it(`comes within ${REQUEST_TIMEOUT_MS} ms`, async () => {
    await using bench = await OwnHealthBench.start();
    using client = await bench.open();
    client.write(headers(1, callBlock('Check')));
    await bench.listener.untilRequests(1);
    await bench.clock.advance(REQUEST_TIMEOUT_MS + 100);
    await untilEnd(client);
    assert.equal(statusOf(client), '4 the request took too long');
  });

  it('is a POST of gRPC: others are for whoever else is there', async () => {
    await using bench = await OwnHealthBench.start();
    using client = await bench.open();
    client.write(headers(1, callBlock('Check', [[':method', 'GET']]), 5));
    await untilEnd(client, 1);
    assert.equal(statusOf(client), '12 unknown method');
    client.write(headers(3, callBlock('Check', [['content-type', 'application/grpc-web+proto']]), 5));
    await untilEnd(client, 3);
    assert.match(sections(client).at(-1) ?? '', /^:status: 404/);
    client.write(headers(5, callBlock('Check', [['content-type', 'application/json']]), 5));
    await untilEnd(client, 5);
    assert.match(client.text, /2\.0 POST \/grpc\.health\.v1\.Health\/Check/, 'the handler of everything else');
  });

  it('of the status path may have any small content, or none', async () => {
    await using bench = await OwnHealthBench.start();
    using client = await bench.open();
    client.write(headers(1, callBlock('/health.Probe/Check'), 5));
    await untilEnd(client, 1);
    client.write(call(3, '/health.Probe/Check', Buffer.alloc(MAX_REQUEST_OCTETS + 5, 7)));
    await untilEnd(client, 3);
    assert.deepEqual([messages(client, 1), messages(client, 3), statusOf(client)], [[''], [''], '0']);
    client.write(call(5, '/health.Probe/Check', Buffer.alloc(MAX_REQUEST_OCTETS + 6, 7)));
    await untilEnd(client, 5);
    assert.equal(statusOf(client), '8 the request is too large');
    bench.become(DOWN);
    client.write(call(7, '/health.Probe/Check'));
    await untilEnd(client, 7);
    assert.equal(statusOf(client), '14 unavailable');
    assert.deepEqual(
      bench.answers.map((answer) => answer.split(' ')[1]),
      ['200', '200', '400', '503'],
    );
  });
});

describe('a Watch', () => {
  it('tells a slow client the last word alone', async () => {
    await using bench = await OwnHealthBench.start();
    // SETTINGS_INITIAL_WINDOW_SIZE: nothing may be sent.
    using client = await bench.open(Buffer.concat([PREFACE, settings([[4, 0]]), settingsAck()]));
    client.write(call(1, 'Watch'));
    await client.untilFrame(FrameType.HEADERS, 1);
    for (let round = 0; round < 1000; round++) {
      bench.become(round % 2 === 0 ? DOWN : UP);
    }
    bench.become(DOWN);
    client.write(windowUpdate(1, 1000));
    await untilMessages(client, 2);
    assert.deepEqual(messages(client), [SERVING, NOT_SERVING]);
    bench.become(UP);
    await untilMessages(client, 3);
    assert.deepEqual(messages(client), [SERVING, NOT_SERVING, SERVING]);
    assert.deepEqual(bench.answers, ['/grpc.health.v1.Health/Watch 200'], 'counted once');
  });

  it('tells nothing when its own name stays as it is, and of maintenance where the whole is watched', async () => {
    await using bench = await OwnHealthBench.start();
    using client = await bench.open();
    client.write(call(1, 'Watch')).write(call(3, 'Watch', requestOf('app')));
    await untilMessages(client, 1, 3);
    bench.become(servingState(true, { isHeldDown: true }));
    await untilMessages(client, 2, 1);
    bench.become(UP);
    await untilMessages(client, 3, 1);
    assert.deepEqual([messages(client, 1), messages(client, 3)], [[SERVING, NOT_SERVING, SERVING], [SERVING]]);
  });

  it('learns of a name that becomes known', async () => {
    await using bench = await OwnHealthBench.start();
    using client = await bench.open();
    client.write(call(1, 'Watch', requestOf('shop.Orders')));
    await untilMessages(client, 1);
    bench.become(servingState(true, { services: ['shop.Orders'] }));
    await untilMessages(client, 2);
    assert.deepEqual(messages(client), ['0803', SERVING]);
  });

  it(`is one of ${MAX_WATCHES_PER_CONNECTION} of its connection`, async () => {
    await using bench = await OwnHealthBench.start();
    using client = await bench.open();
    using other = await bench.open();
    const last = MAX_WATCHES_PER_CONNECTION * 2 + 1;
    for (let streamId = 1; streamId < last; streamId += 2) {
      client.write(call(streamId, 'Watch'));
    }
    client.write(call(last, 'Watch'));
    await untilEnd(client, last);
    assert.equal(statusOf(client), '8 too many watches');
    other.write(call(1, 'Watch'));
    await untilMessages(other, 1);
    assert.equal(bench.service.watches, MAX_WATCHES_PER_CONNECTION + 1);
    client.write(rstStream(1, 8)).write(call(last + 2, 'Watch'));
    await untilMessages(client, 1, last + 2);
    other.reset();
    client.reset();
    await bench.listener.untilConnections({});
    assert.equal(bench.service.watches, 0);
  });

  it('ends by its deadline, and by a drain behind what still waits', async () => {
    await using bench = await OwnHealthBench.start();
    using client = await bench.open(Buffer.concat([PREFACE, settings([[4, 0]]), settingsAck()]));
    client.write(headers(1, callBlock('Watch', [['grpc-timeout', '1S']]))).write(data(1, requestOf(''), END_STREAM));
    client.write(call(3, 'Watch'));
    await client.untilFrame(FrameType.HEADERS, 3);
    await bench.clock.advance(1_100);
    client.write(windowUpdate(1, 100));
    assert.deepEqual(await untilEnd(client, 1), ['HEADERS', 'DATA 7', 'HEADERS END']);
    assert.equal(statusOf(client), '4 deadline exceeded');
    bench.service.startDrain();
    client.write(windowUpdate(3, 100));
    assert.deepEqual(await untilEnd(client, 3), ['HEADERS', 'DATA 7', 'HEADERS END']);
    assert.equal(statusOf(client), '14 the proxy is shutting down');
    client.write(call(5, 'Watch')).write(windowUpdate(5, 100));
    assert.deepEqual(await untilEnd(client, 5), ['HEADERS', 'DATA 7', 'HEADERS END']);
  });
});

describe('a List', () => {
  it('is refused where it would be too large', async () => {
    await using bench = await OwnHealthBench.start();
    using client = await bench.open();
    bench.become(servingState(true, { services: services(200) }));
    client.write(call(1, 'List', frameMessage(Buffer.alloc(0))));
    client.write(windowUpdate(0, 1 << 20));
    await untilEnd(client, 1);
    assert.equal(statusOf(client), '0');
    bench.become(servingState(true, { services: services(300) }));
    client.write(call(3, 'List', frameMessage(Buffer.alloc(0))));
    await untilEnd(client, 3);
    assert.equal(statusOf(client), '8 too many names to list');
  });
});
