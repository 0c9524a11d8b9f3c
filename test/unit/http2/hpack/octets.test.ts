import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { OctetRing } from '../../../../src/http2/hpack/octet-ring.ts';
import { copyOctets, copyRange, equalOctets, hashOctets } from '../../../../src/http2/hpack/octets.ts';
import { seededRandom } from '../../../support/seeded-random.ts';

describe('octets', () => {
  it('are hashed by their range alone, to 31 bits', () => {
    const octets = Buffer.from('xxabcabcxx');
    assert.equal(hashOctets(octets, 2, 5, 1), hashOctets(octets, 5, 8, 1));
    assert.notEqual(hashOctets(octets, 2, 5, 1), hashOctets(octets, 5, 8, 2));
    assert.notEqual(hashOctets(octets, 2, 5, 1), hashOctets(octets, 2, 6, 1));
    for (let seed = 0; seed < 1000; seed++) {
      const hash = hashOctets(octets, 0, 10, seed);
      assert.ok(Number.isInteger(hash) && hash >= 0 && hash <= 0x7fff_ffff);
    }
  });

  it('are compared to a range', () => {
    const octets = Buffer.from('xabcx');
    assert.ok(equalOctets(Buffer.from('abc'), octets, 1, 4));
    assert.ok(!equalOctets(Buffer.from('abd'), octets, 1, 4));
    assert.ok(!equalOctets(Buffer.from('abc'), octets, 1, 5));
    assert.ok(equalOctets(Buffer.alloc(0), octets, 2, 2));
  });

  for (const length of [0, 1, 47, 48, 200]) {
    it(`are copied, ${length} of them`, () => {
      const octets = Buffer.from(Array.from({ length: length + 2 }, (_, index) => index));
      const to = { target: Buffer.alloc(length + 5, 0xee), at: 3 };
      copyOctets(octets, 1, length + 1, to);
      assert.equal(to.at, length + 3);
      assert.deepEqual(to.target.subarray(3, length + 3), octets.subarray(1, length + 1));
      assert.deepEqual(to.target.subarray(length + 3), Buffer.from('eeee', 'hex'));
    });
  }

  it('are copied into memory of their own', () => {
    const copy = copyRange(Buffer.from('xabcx'), 1, 4);
    assert.equal(copy.toString(), 'abc');
    assert.equal(copy.buffer.byteLength, 3);
  });
});

describe('octet ring', () => {
  it('gives back what it was given, through any sequence of storing and releasing', () => {
    const random = seededRandom(3);
    const ring = new OctetRing();
    const queue: { at: number; octets: Buffer }[] = [];
    for (let step = 0; step < 20_000; step++) {
      const octets = Buffer.alloc(Math.floor(random() * 90), Math.floor(random() * 256));
      let at = ring.store(octets, 0, octets.length);
      if (at < 0) {
        const before = ring.octets;
        ring.grow(before.length > 2000 ? before.length : before.length + octets.length);
        for (const piece of queue) {
          piece.at = ring.store(before, piece.at, piece.at + piece.octets.length);
          assert.ok(piece.at >= 0);
        }
        at = ring.store(octets, 0, octets.length);
      }
      assert.ok(at >= 0);
      queue.push({ at, octets });
      while (queue.length > 20 || (queue.length > 0 && random() < 0.48)) {
        const piece = queue.shift();
        assert.ok(piece);
        ring.release(piece.at + piece.octets.length);
      }
      if (queue.length === 0) {
        ring.clear();
      }
      for (const { at: from, octets: wanted } of queue) {
        assert.deepEqual(ring.octets.subarray(from, from + wanted.length), wanted);
      }
    }
    // 20 pieces of 89 octets: the ring has grown to what they need, and not with every turn.
    assert.ok(ring.octets.length <= 8192, `${ring.octets.length} octets`);
  });

  it('does not fill up to its oldest piece, as it would then look empty', () => {
    const ring = new OctetRing();
    const octets = Buffer.alloc(256);
    ring.grow(256);
    ring.store(octets, 0, 100);
    ring.store(octets, 0, 156);
    ring.release(100);
    assert.equal(ring.store(octets, 0, 100), -1);
    assert.equal(ring.store(octets, 0, 99), 0);
    assert.equal(ring.store(octets, 0, 1), -1);
  });

  it('has no room until it is grown', () => {
    const ring = new OctetRing();
    assert.equal(ring.store(Buffer.alloc(1), 0, 1), -1);
    ring.grow(0);
    assert.equal(ring.octets.length, 256);
    assert.equal(ring.store(Buffer.alloc(256), 0, 256), 0);
    assert.equal(ring.store(Buffer.alloc(1), 0, 1), -1);
    ring.grow(5000);
    assert.equal(ring.octets.length, 8192);
  });
});
