import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { Stream, type StreamOperations } from '../../../../src/http2/stream/stream.ts';
import { StreamTable } from '../../../../src/http2/stream/stream-table.ts';

const NO_OPERATIONS: StreamOperations = {
  sendInterim: () => {},
  sendHeaders: () => {},
  sendData: () => 0,
  sendEnd: () => {},
  sendTrailers: () => {},
  consume: () => {},
  reset: () => {},
  stopReceiving: () => {},
};

function stream(id: number): Stream {
  const made = new Stream(NO_OPERATIONS);
  made.open(id, 0);
  return made;
}

describe('stream table', () => {
  it('finds nothing when empty', () => {
    const table = new StreamTable();
    assert.equal(table.find(1), null);
    assert.deepEqual(table.list(), []);
    table.remove(stream(1));
    assert.equal(table.size, 0);
  });

  it('keeps streams that outlive a round of it beside new ones', () => {
    const table = new StreamTable();
    const old = stream(1);
    table.add(old);
    for (let id = 3; id < 100_000; id += 2) {
      const young = stream(id);
      table.add(young);
      assert.equal(table.find(1), old);
      assert.equal(table.find(id), young);
      table.remove(young);
      assert.equal(table.find(id), null);
    }
    assert.equal(table.size, 1);
  });

  it('is a map from identifiers to streams', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.boolean(), fc.integer({ min: 0, max: 300 })), { maxLength: 400 }), (steps) => {
        const table = new StreamTable();
        const model = new Map<number, Stream>();
        for (const [isAdd, number] of steps) {
          const id = number * 34 + 1;
          const known = model.get(id);
          if (isAdd && known === undefined) {
            const made = stream(id);
            table.add(made);
            model.set(id, made);
          } else if (!isAdd && known !== undefined) {
            table.remove(known);
            model.delete(id);
          }
          assert.equal(table.find(id), model.get(id) ?? null);
          assert.equal(table.size, model.size);
        }
        assert.deepEqual(new Set(table.list()), new Set(model.values()));
      }),
      { seed: 7, numRuns: 60 },
    );
  });
});
