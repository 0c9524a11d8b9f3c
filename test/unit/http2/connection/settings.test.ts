import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { EngineBench } from '../../../support/http2/engine-bench.ts';
import { request } from '../../../support/http2/fields.ts';
import { frame, headers, hex, ping, requestBlock, settings, settingsAck } from '../../../support/http2/wire.ts';

describe('settings of the peer', () => {
  const cases: readonly (readonly [string, Buffer, string])[] = [
    ['H2-1.2-settings-enable-push: ENABLE_PUSH 2', settings([[2, 2]]), 'PROTOCOL_ERROR'],
    ['ENABLE_PUSH 0', settings([[2, 0]]), 'open'],
    ['H2-1.2-settings-window: INITIAL_WINDOW_SIZE 2^31', settings([[4, 0x8000_0000]]), 'FLOW_CONTROL_ERROR'],
    ['INITIAL_WINDOW_SIZE 2^31-1', settings([[4, 0x7fff_ffff]]), 'open'],
    ['H2-1.2-settings-max-frame-size: MAX_FRAME_SIZE 16 383', settings([[5, 16_383]]), 'PROTOCOL_ERROR'],
    ['MAX_FRAME_SIZE 2^24', settings([[5, 16_777_216]]), 'PROTOCOL_ERROR'],
    ['MAX_FRAME_SIZE 2^24-1', settings([[5, 16_777_215]]), 'open'],
    ['NO_RFC7540_PRIORITIES 2', settings([[9, 2]]), 'PROTOCOL_ERROR'],
    ['H2-1.2-settings-unknown: identifier 0x1234', settings([[0x1234, 0xffff_ffff]]), 'open'],
    ['H2-1.2-settings-stream: a frame on stream 1', frame(4, 0, 1), 'PROTOCOL_ERROR'],
    ['H2-1.2-settings-length: five octets', frame(4, 0, 0, '0001000010'), 'FRAME_SIZE_ERROR'],
    ['an acknowledgement with a payload', frame(4, 1, 0, '000100001000'), 'FRAME_SIZE_ERROR'],
    ['an empty frame', settings(), 'open'],
  ];
  for (const [name, octets, ending] of cases) {
    it(`${name} gives ${ending}, on both sides`, () => {
      for (const bench of [EngineBench.server(), EngineBench.client()]) {
        bench.recv(octets);
        assert.equal(bench.ending(), ending);
      }
    });
  }

  it('H2-1.1-settings-ack-prompt: apply in their order and are acknowledged at once', () => {
    const bench = EngineBench.client();
    assert.deepEqual(
      bench.recv(
        settings([
          [3, 0],
          [3, 7],
        ]),
      ),
      ['SETTINGS ACK'],
    );
    assert.equal(bench.connection.openCapacity, 7);
  });

  it('tell the size of field sections that the peer wants', () => {
    const bench = EngineBench.client();
    assert.equal(bench.connection.peerMaxHeaderListBytes, Number.POSITIVE_INFINITY);
    bench.recv(settings([[6, 4000]]));
    assert.equal(bench.connection.peerMaxHeaderListBytes, 4000);
  });

  it('wake a client that waits for capacity', () => {
    const bench = EngineBench.client({}, {}, 0);
    assert.equal(bench.connection.openStream(request(), true), null);
    bench.recv(settings([[3, 1]]));
    assert.ok(bench.events.includes('capacity'));
  });

  it('H2-1.8-encoder-table: switch our use of the table off', () => {
    const bench = EngineBench.client();
    bench.open();
    bench.open();
    const indexed = bench.sent.at(-1)?.payload.length ?? 0;
    bench.recv(settings([[1, 0]]));
    bench.open();
    const block = bench.sent.at(-1)?.payload;
    assert.equal(block?.[0], 0x20, 'a size update to 0: RFC 7541, section 6.3');
    assert.ok((block?.length ?? 0) > indexed);
  });
});

describe('settings of ours', () => {
  it('H2-1.8-size-update: bind the table of the peer after its acknowledgement, and not before', () => {
    const bench = EngineBench.fresh('server', { headerTableBytes: 0 });
    bench.connection.receive(hex('505249202a20485454502f322e300d0a0d0a534d0d0a0d0a'));
    bench.recv(settings(), headers(1, Buffer.concat([hex('3fe11f'), requestBlock()])));
    assert.equal(bench.ending(), 'open', 'a table of 4 096, before SETTINGS were known');
    bench.recv(settingsAck(), headers(3, requestBlock()));
    assert.equal(bench.ending(), 'COMPRESSION_ERROR', 'a size update is due');
    const other = EngineBench.server({ headerTableBytes: 0 });
    other.recv(headers(1, Buffer.concat([hex('20'), requestBlock()])));
    assert.equal(other.ending(), 'open');
  });

  it('may be acknowledged once too often', () => {
    const bench = EngineBench.server();
    bench.recv(settingsAck(), ping());
    assert.equal(bench.ending(), 'open');
  });
});
