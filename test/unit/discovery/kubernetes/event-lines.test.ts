import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { EventLines, MAX_EVENT_BYTES } from '../../../../src/discovery/kubernetes/event-lines.ts';

describe('EventLines', () => {
  it('gives the same lines however their octets are cut', () => {
    const line = fc.string({ unit: 'grapheme' }).map((text) => text.replaceAll('\n', ' ').trim());
    fc.assert(
      fc.property(fc.array(line), fc.array(fc.nat({ max: 40 })), (lines, sizes) => {
        const octets = Buffer.from(lines.map((text) => `${text}\n`).join(''));
        const events = new EventLines();
        const got: string[] = [];
        let at = 0;
        for (const size of sizes) {
          got.push(...events.push(octets.subarray(at, at + size)));
          at += size;
        }
        got.push(...events.push(octets.subarray(at)));
        assert.deepEqual(
          got,
          lines.filter((text) => text !== ''),
        );
      }),
    );
  });

  it('keeps what has no end yet, and drops nothing of it after a long line', () => {
    const events = new EventLines();
    assert.deepEqual(events.push(Buffer.from('a')), []);
    assert.deepEqual(events.push(Buffer.from(`\n${'x'.repeat(100_000)}\nbc`)), ['a', 'x'.repeat(100_000)]);
    assert.deepEqual(events.push(Buffer.from('d\r\n\n')), ['bcd']);
  });

  it('takes a line of the limit, and none above it, in one piece or many', () => {
    const longest = 'x'.repeat(MAX_EVENT_BYTES);
    assert.equal(new EventLines().push(Buffer.from(`${longest}\n`))[0]?.length, MAX_EVENT_BYTES);
    assert.throws(() => new EventLines().push(Buffer.from(`${longest}x\n`)), RangeError);
    const events = new EventLines();
    const piece = Buffer.from('x'.repeat(1_000));
    assert.throws(() => {
      for (let sent = 0; sent <= MAX_EVENT_BYTES; sent += piece.byteLength) {
        events.push(piece);
      }
    }, RangeError);
  });
});
