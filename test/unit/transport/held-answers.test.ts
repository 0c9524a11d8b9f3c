import assert from 'node:assert/strict';
import { Socket } from 'node:net';
import { describe, it } from 'node:test';
import type { Http2Stream } from '../../../src/http2/index.ts';
import { Turn } from '../../../src/transport/turn.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import {
  describeFrame,
  headers,
  PREFACE,
  parseFrames,
  ping,
  requestBlock,
  settings,
  settingsAck,
} from '../../support/http2/wire.ts';
import { ok, ServerEnd } from '../../support/transport-bench.ts';

const turnEnds = (): Promise<void> =>
  new Promise((resolve) => {
    setImmediate(resolve);
  });

/** A server whose client has one request under way, and whose socket writes into a list. */
async function serverWithRequest() {
  const clock = new FakeClock();
  const socket = new Socket();
  const writes: string[] = [];
  socket._write = (chunk: Buffer, _encoding, callback) => {
    writes.push(parseFrames(chunk).map(describeFrame).join(', '));
    callback();
  };
  let request: Http2Stream | null = null;
  const turn = new Turn(clock);
  const end = new ServerEnd(socket, turn, {
    onRequest: (stream) => {
      request = stream;
    },
  });
  end.transport.start(null);
  end.transport.receive(Buffer.concat([PREFACE, settings([]), settingsAck(), headers(1, requestBlock(), 0x5)]));
  await turnEnds();
  writes.length = 0;
  return { clock, end, writes, turn, answer: () => request?.sendHeaders(ok(), true) };
}

describe('an acknowledgement of PING while a request is under way', () => {
  it('goes in front of the answer, in one write', async (test) => {
    const { end, writes, turn, answer } = await serverWithRequest();
    test.after(() => turn.close());
    end.transport.receive(ping('0102030405060708'));
    await turnEnds();
    assert.deepEqual(writes, [], 'held');
    answer();
    await turnEnds();
    assert.deepEqual(writes, ['PING ACK, HEADERS 1 END']);
  });

  it('goes alone when nothing follows for 5 ms, as often as that happens', async (test) => {
    const { clock, end, writes, turn } = await serverWithRequest();
    test.after(() => turn.close());
    for (const written of [1, 2]) {
      end.transport.receive(ping('0102030405060708'));
      await turnEnds();
      assert.equal(writes.length, written - 1);
      await clock.advance(5);
      assert.equal(writes.length, written);
      assert.equal(writes.at(-1), 'PING ACK');
    }
  });
});
