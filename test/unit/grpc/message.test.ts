import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { frameMessage, MessageReader, type MessageResult } from '../../../src/grpc/message.ts';
import { fuzzRuns } from '../../support/fuzz-runs.ts';

const LIMIT = 16;

/** Reads content that comes in pieces of these sizes, the last one repeated. */
function read(content: Buffer, sizes: readonly number[] = [content.length]): MessageResult {
  const reader = new MessageReader(LIMIT);
  let at = 0;
  for (let index = 0; at < content.length; index++) {
    const size = Math.max(1, sizes[Math.min(index, sizes.length - 1)] ?? 1);
    // In the middle of something else, as octets of a connection are.
    const piece = Buffer.concat([Buffer.from('<<'), content.subarray(at, at + size), Buffer.from('>>')]);
    reader.add(piece, 2, piece.length - 2);
    at += size;
  }
  return reader.finish();
}

const problem = (name: string): object => ({ kind: 'problem', problem: name });
const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');

describe('a message of gRPC', () => {
  it('has a flag and its length before it', () => {
    assert.deepEqual(frameMessage(Buffer.from('abc')), hex('00 00000003 616263'));
    assert.deepEqual(frameMessage(Buffer.alloc(0)), hex('00 00000000'));
  });

  it('is read from whatever pieces it comes in', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: LIMIT }), fc.array(fc.nat(7), { minLength: 1 }), (octets, sizes) => {
        const message = Buffer.from(octets);
        assert.deepEqual(read(frameMessage(message), sizes), { kind: 'message', octets: message });
      }),
      fuzzRuns(300),
    );
  });

  it('is refused by its prefix, before anything is kept', () => {
    const reader = new MessageReader(LIMIT);
    assert.equal(reader.add(hex('00 00000011'), 0, 5), 'tooLarge');
    assert.equal(new MessageReader(LIMIT).add(hex('00 ffffffff'), 0, 5), 'tooLarge');
    assert.equal(new MessageReader(LIMIT).add(hex('01 00000001'), 0, 5), 'compressed');
    assert.equal(new MessageReader(LIMIT).add(hex('02 00000001'), 0, 5), 'badFlag');
    assert.equal(new MessageReader(LIMIT).add(hex('00 00000010'), 0, 5), null);
    assert.deepEqual(reader.finish(), problem('tooLarge'));
  });

  it('keeps to what was wrong first', () => {
    const reader = new MessageReader(LIMIT);
    reader.add(hex('02 00000001 00'), 0, 6);
    assert.equal(reader.add(hex('00 00000000'), 0, 5), 'badFlag');
    assert.deepEqual(reader.finish(), problem('badFlag'));
  });

  it('has to be there, whole and alone', () => {
    assert.deepEqual(read(Buffer.alloc(0)), problem('none'));
    const whole = hex('00 00000002 0801');
    for (let length = 1; length < whole.length; length++) {
      assert.deepEqual(read(whole.subarray(0, length)), problem('cut'), String(length));
      assert.deepEqual(read(whole.subarray(0, length), [1]), problem('cut'), String(length));
    }
    assert.deepEqual(read(hex('00 00000002 0801 00')), problem('tooMany'));
    assert.deepEqual(read(hex('00 00000002 0801 00'), [1]), problem('tooMany'));
    assert.deepEqual(read(hex('00 00000000 00'), [5, 1]), problem('tooMany'));
  });
});
