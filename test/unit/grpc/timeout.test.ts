import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { MAX_TIMEOUT_MS, parseGrpcTimeout } from '../../../src/grpc/timeout.ts';
import { fuzzRuns } from '../../support/fuzz-runs.ts';

const UNITS = [
  ['H', 3_600_000],
  ['M', 60_000],
  ['S', 1000],
  ['m', 1],
  ['u', 1e-3],
  ['n', 1e-6],
] as const;

function parse(text: string): number | null {
  const octets = Buffer.from(`${text}S`);
  return parseGrpcTimeout(octets, octets.length - 1);
}

describe('parseGrpcTimeout', () => {
  for (const [text, ms] of [
    ['1H', 3_600_000],
    ['2M', 120_000],
    ['30S', 30_000],
    ['250m', 250],
    ['1500u', 2],
    ['1n', 1],
    ['0n', 0],
    ['00000001S', 1000],
    ['99999999m', 99_999_999],
    ['99999999u', 100_000],
    ['99999999H', MAX_TIMEOUT_MS],
    ['99999999S', MAX_TIMEOUT_MS],
  ] as const) {
    it(`takes ${text} for ${ms} ms`, () => {
      assert.equal(parse(text), ms);
    });
  }

  for (const text of ['', 'S', '1', '123456789S', '1s', '1h', '-1S', '+1S', ' 1S', '1 S', '1.5S', '1S ', '٣S', '1SS', '0x1S']) {
    it(`refuses ${JSON.stringify(text)}`, () => {
      assert.equal(parse(text), null);
    });
  }

  it('agrees with arithmetic for everything that is well formed', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 99_999_999 }), fc.constantFrom(...UNITS), (value, [name, ms]) => {
        const parsed = parse(`${value}${name}`);
        const exact = Math.min(MAX_TIMEOUT_MS, value * ms);
        assert.ok(parsed !== null && Number.isInteger(parsed) && parsed >= exact && parsed - exact < 1.000_001, `${parsed}`);
      }),
      fuzzRuns(300),
    );
  });
});
