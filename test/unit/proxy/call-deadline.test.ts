import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { HpackDecoder } from '../../../src/http2/hpack/hpack-decoder.ts';
import { FieldList } from '../../../src/http2/index.ts';
import { clientTimeoutMs, DEADLINE_SLACK_MS } from '../../../src/proxy/call-deadline.ts';
import { literal } from '../../support/http2/hpack-wire.ts';

/** The time for a field as it comes over the wire, Huffman-coded or not. */
function timeoutMs(value: string | null, isCoded = false): number {
  const fields = new FieldList();
  const octets = value === null ? Buffer.alloc(0) : literal('plain', 'grpc-timeout', value, isCoded);
  decode(octets, fields);
  return clientTimeoutMs(fields);
}

function decode(octets: Buffer, into: FieldList): void {
  new HpackDecoder({ maxTableBytes: 4096, maxListBytes: 65_536, maxFields: 128 }).decode(octets, 0, octets.length, into);
}

describe('clientTimeoutMs', () => {
  for (const isCoded of [false, true]) {
    it(`is what the field says, and the slack, ${isCoded ? 'Huffman-coded' : 'plain'}`, () => {
      for (const [value, ms] of [
        ['10S', 10_000],
        ['0m', 0],
        ['99999999u', 100_000],
      ] as const) {
        assert.equal(timeoutMs(value, isCoded), ms + DEADLINE_SLACK_MS);
      }
    });

    it(`is none for a malformed field of any length, ${isCoded ? 'Huffman-coded' : 'plain'}`, () => {
      for (const value of ['', 'S', '10', '10s', '123456789S', '1'.repeat(40), '1'.repeat(300), '~'.repeat(60)]) {
        assert.equal(timeoutMs(value, isCoded), Number.POSITIVE_INFINITY, value);
      }
    });
  }

  it('is none without a field', () => {
    assert.equal(timeoutMs(null), Number.POSITIVE_INFINITY);
  });
});
