import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { AbuseBench, callBlock, echo, goawayOf, hang, odd, times } from '../support/abuse-bench.ts';
import { H2_START, open, sections, story, untilEnd } from '../support/forward-client.ts';
import { bomb } from '../support/http2/flood.ts';
import { data, frame, headers, ping, settings, windowUpdate } from '../support/http2/wire.ts';
import { untilMetric } from '../support/metrics-page.ts';
import { FrameType, H2_PREFACE, RawClient } from '../support/raw-client.ts';

const END_BOTH = 5;
const ACK = 1;

const bench = await AbuseBench.start();
after(() => bench[Symbol.asyncDispose]());

describe('a client of a bridge', { concurrency: true }, () => {
  it('that sends a header section above the limit is answered 431, and goes on', async () => {
    using client = await open({ port: bench.port() });
    client.write(headers(1, Buffer.concat([callBlock('/test.Echo/Once'), bomb(4000, 17)]), END_BOTH));
    await untilEnd(client);
    assert.match(sections(client)[0] ?? '', /^:status: 431\n/);
    client.write(echo(3, 5));
    assert.deepEqual(await untilEnd(client, 3), ['HEADERS', 'DATA 10', 'HEADERS END']);
  });

  it('that keeps its windows shut gets nothing, and loses its calls when their time is over', async () => {
    using client = await open({ port: bench.port() });
    client.write(Buffer.concat([settings([[4, 0]]), times(100, (index) => echo(odd(index), 1000))]));
    for (let index = 0; index < 100; index++) {
      assert.deepEqual(await untilEnd(client, odd(index)), ['HEADERS', 'RST_STREAM 8']);
    }
    await bench.checkHonest();
  });

  it('that opens its window octet by octet gets its answer so', async () => {
    using client = await open({ port: bench.port() });
    client.write(Buffer.concat([settings([[4, 1]]), echo(1, 15)]));
    for (let octets = 1; octets < 20; octets++) {
      await client.until(() => story(client).length > octets);
      client.write(windowUpdate(1, 1));
    }
    assert.equal((await untilEnd(client)).filter((word) => word === 'DATA 1').length, 20);
  });

  for (const [name, octets, ends] of [
    ['no SETTINGS', H2_PREFACE, /^1 preface_timeout/],
    ['no acknowledgement of SETTINGS', Buffer.concat([H2_PREFACE, settings(), hang(1)]), /^4 /],
    ['a header section without end', Buffer.concat([H2_START, headers(1, Buffer.alloc(10), 0)]), /^11 /],
    ['half a frame', Buffer.concat([H2_START, hang(1), ping().subarray(0, 12)]), /^11 /],
  ] as const) {
    it(`that sends ${name} is not waited for`, async () => {
      using client = await RawClient.tcp(bench.port('hasty'));
      client.write(octets);
      await client.untilOver();
      assert.match(goawayOf(client), ends);
      await bench.checkHonest();
    });
  }

  it('that asks nothing is asked to leave', async () => {
    using client = await RawClient.tcp(bench.port('hasty'));
    client.write(H2_START);
    const { payload } = await client.untilFrame(FrameType.PING);
    client.write(frame(FrameType.PING, ACK, 0, payload));
    await client.untilOver();
    assert.match(goawayOf(client), /^0 /);
  });

  it('that sends content drop by drop is bounded by the timeout of its route', async () => {
    using client = await open({ port: bench.port() });
    client.write(Buffer.concat([hang(1, [['x-short', '1']]), data(1, Buffer.from([0, 0, 0, 9, 9]))]));
    const drops = setInterval(() => client.write(data(1, 'x')), 20);
    try {
      await untilEnd(client);
    } finally {
      clearInterval(drops);
    }
    assert.match(sections(client)[0] ?? '', /grpc-status: 4\n/);
  });

  it('that opens many connections has no more of them than there may be', async () => {
    const port = bench.port('small');
    using one = await open({ port });
    using two = await open({ port });
    using three = await open({ port });
    await Promise.all([one, two, three].map((client) => client.untilFrame(FrameType.SETTINGS)));
    using four = await RawClient.tcp(port);
    await four.untilOver();
    one.write(echo(1, 5));
    await untilEnd(one);
  });
});

describe('clients that were slow or greedy', () => {
  it('leave nothing behind', async () => {
    await untilMetric(bench.bridge, 'downstream_connections{listener="plain",protocol="http2"} 1');
    await untilMetric(bench.bridge, 'downstream_connections{listener="hasty",protocol="http2"} 0');
    await untilMetric(bench.bridge, 'upstream_requests_active{cluster="a"} 0');
  });
});
