import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { HpackEncoder } from '../../../../src/http2/hpack/hpack-encoder.ts';
import { createDecoder, decode, encode, fieldList, indexed, literal, string } from '../../../support/http2/hpack-wire.ts';
import { NaiveDecoder } from '../../../support/http2/naive-hpack.ts';
import { hex } from '../../../support/http2/wire.ts';

type Fields = Parameters<typeof fieldList>[0];

/** One encoder of ours and the naive decoder of its peer. */
class Way {
  readonly encoder = new HpackEncoder();
  readonly decoder = new NaiveDecoder();
  last: Buffer = Buffer.alloc(0);

  /** Sends a list, and gives what the peer saw: form, name and value. */
  send(fields: Fields): string[] {
    this.last = encode(this.encoder, fieldList(fields));
    return this.decoder.decode(this.last).map(({ form, name, value }) => `${form} ${name}: ${value}`);
  }

  /** Sends a list twice before that, so that its values are ones that come again. */
  sendKnown(fields: Fields): string[] {
    fieldList(fields);
    fieldList(fields);
    return this.send(fields);
  }
}

describe('HPACK encoder', () => {
  it('uses the static table', () => {
    const way = new Way();
    way.sendKnown([
      [':method', 'POST'],
      [':scheme', 'http'],
      [':status', '200'],
    ]);
    assert.deepEqual(way.last, hex('838688'));
  });

  it('inserts a value that comes again, and then refers to it', () => {
    const way = new Way();
    assert.deepEqual(way.sendKnown([['x-enc-1', 'again']]), ['inserted x-enc-1: again']);
    assert.deepEqual(way.send([['x-enc-1', 'again']]), ['indexed x-enc-1: again']);
    assert.equal(way.last.length, 1);
  });

  it('refers to the name alone for another value', () => {
    const way = new Way();
    way.sendKnown([['x-enc-2', 'one']]);
    assert.deepEqual(way.send([['x-enc-2', 'two, never seen before']]), ['plain x-enc-2: two, never seen before']);
    assert.ok(way.last.subarray(0, 2).equals(hex('0f2f')), 'index 62');
  });

  it('inserts nothing of a name unknown to all, with a value seen for the first time', () => {
    const way = new Way();
    assert.deepEqual(way.send([['x-enc-3', 'first sight']]), ['plain x-enc-3: first sight']);
    assert.equal(way.decoder.entries.length, 0);
  });

  for (const name of ['traceparent', 'x-request-id', 'grpc-timeout', 'x-b3-spanid', 'grpc-message']) {
    it(`H2-1.8-unindexed: indexes the name ${name} once, and no value of it after that`, () => {
      const way = new Way();
      const sent = Array.from({ length: 20 }, (_, index) => way.sendKnown([[name, `value ${index >> 1}`]])[0]);
      assert.equal(sent[0], `inserted ${name}: value 0`);
      assert.deepEqual(new Set(sent.slice(1).map((text) => text?.split(' ')[0])), new Set(['plain']));
      assert.equal(way.decoder.entries.length, 1);
      assert.equal(way.last.length, 2 + string('value 9').length);
    });
  }

  for (const name of ['content-length', 'etag', 'date', 'age', 'if-none-match']) {
    it(`indexes no value of ${name}, whose name is static`, () => {
      const way = new Way();
      assert.deepEqual(way.sendKnown([[name, '12']]), [`plain ${name}: 12`]);
      assert.equal(way.decoder.entries.length, 0);
    });
  }

  for (const name of ['authorization', 'proxy-authorization', 'cookie', 'set-cookie', 'x-api-key', 'x-goog-api-key']) {
    it(`never indexes ${name} (RFC 7541, 7.1.3)`, () => {
      const way = new Way();
      for (let round = 0; round < 3; round++) {
        assert.deepEqual(way.sendKnown([[name, 'secret']]), [`never ${name}: secret`]);
      }
      assert.equal(way.decoder.entries.length, 0);
    });
  }

  it('H2-1.8-never-indexed: never indexes what may be indexed on no hop, and what came so (RFC 7541, 6.2.3)', () => {
    const way = new Way();
    way.sendKnown([['x-enc-4', 'pin']]);
    assert.deepEqual(way.send([['x-enc-4', 'pin', true]]), ['never x-enc-4: pin']);
    const received = decode(createDecoder(), literal('never', 'x-enc-4', 'pin'), literal('never', ':method', 'GET'));
    const block = encode(way.encoder, received);
    assert.deepEqual(
      way.decoder.decode(block).map(({ form }) => form),
      ['never', 'never'],
    );
  });

  it('sends secrets that a peer has indexed as never-indexed', () => {
    const way = new Way();
    const decoder = createDecoder();
    decode(decoder, literal('inserted', 'authorization', 'bearer 1'));
    const fields = decode(decoder, indexed(62), indexed(62));
    assert.deepEqual(
      way.decoder.decode(encode(way.encoder, fields)).map(({ form, value }) => `${form} ${value}`),
      ['never bearer 1', 'never bearer 1'],
    );
  });

  it('passes Huffman-coded octets on as they came', () => {
    const way = new Way();
    const received = literal('plain', 4, '/coded/once/and/for/all', true);
    assert.deepEqual(encode(way.encoder, decode(createDecoder(), received)), received);
  });

  it('passes on decoded what a peer has made longer by coding it', () => {
    const way = new Way();
    const fields = decode(createDecoder(), literal('plain', 4, '/<<>>\\^{}', true));
    const block = encode(way.encoder, fields);
    assert.deepEqual(block, literal('plain', 4, '/<<>>\\^{}'));
  });

  it('fills its table and then leaves it as it is', () => {
    const way = new Way();
    const all: Fields = Array.from({ length: 100 }, (_, index) => [`x-freeze-${index}`, 'f'.repeat(50)]);
    way.sendKnown(all);
    const { length } = way.decoder.entries;
    assert.ok(length > 30 && way.decoder.bytes <= 4096 && way.decoder.bytes > 4000);
    const again = way.send(all);
    assert.equal(way.decoder.entries.length, length);
    assert.equal(again.filter((text) => text.startsWith('indexed')).length, length);
    const octets = way.last;
    way.send(all);
    assert.deepEqual(way.last, octets, 'every index stands still');
  });
});

describe('HPACK encoder, size updates (RFC 7541, 4.2)', () => {
  it('tells of a smaller table once, and keeps within it', () => {
    const way = new Way();
    way.sendKnown([['x-size-1', 'v']]);
    way.encoder.setPeerTableBytes(100);
    way.decoder.setLimit(100);
    assert.deepEqual(way.send([['x-size-1', 'v']]), ['inserted x-size-1: v']);
    assert.deepEqual(way.last.subarray(0, 3), hex('203f45'));
    assert.deepEqual(way.sendKnown([['x-size-2', 'v'.repeat(30)]]), [`plain x-size-2: ${'v'.repeat(30)}`]);
    assert.deepEqual(way.send([['x-size-1', 'v']]), ['indexed x-size-1: v']);
  });

  it('stops indexing for a peer without a table', () => {
    const way = new Way();
    way.encoder.setPeerTableBytes(0);
    way.decoder.setLimit(0);
    assert.deepEqual(way.sendKnown([['x-size-3', 'v']]), ['plain x-size-3: v']);
    assert.deepEqual(way.last.subarray(0, 1), hex('20'));
    assert.deepEqual(way.send([['x-size-3', 'v']]), ['plain x-size-3: v']);
    assert.equal(way.decoder.maxBytes, 0);
  });

  it('tells of the smallest and of the last table where it changes twice', () => {
    const way = new Way();
    way.sendKnown([['x-size-4', 'v']]);
    for (const bytes of [0, 4096]) {
      way.encoder.setPeerTableBytes(bytes);
      way.decoder.setLimit(bytes);
    }
    assert.deepEqual(way.send([['x-size-4', 'v']]), ['inserted x-size-4: v']);
    assert.deepEqual(way.last.subarray(0, 4), hex('203fe11f'));
  });

  it('uses no more than 4 096 octets, whatever the peer allows', () => {
    const way = new Way();
    way.encoder.setPeerTableBytes(1_000_000);
    way.decoder.setLimit(1_000_000);
    way.sendKnown(Array.from({ length: 100 }, (_, index) => [`x-size-5-${index}`, 'f'.repeat(100)]));
    assert.ok(way.decoder.bytes <= 4096 && way.decoder.maxBytes === 4096);
  });

  it('asks for room that is enough in the worst case', () => {
    const way = new Way();
    way.encoder.setPeerTableBytes(1000);
    way.decoder.setLimit(1000);
    // `encode` fails where more octets are written than were asked for.
    const odd: Fields = Array.from({ length: 50 }, (_, index) => [`x${'~'.repeat(index)}`, '|'.repeat(index * 20)]);
    way.send(odd);
    way.send([]);
    way.send([['a', '']]);
  });
});
