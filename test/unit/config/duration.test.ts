import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { formatDuration, parseDuration } from '../../../src/config/duration.ts';

describe('parseDuration', () => {
  for (const [text, ms] of [
    ['0s', 0],
    ['0ms', 0],
    ['250ms', 250],
    ['5s', 5_000],
    ['1m', 60_000],
    ['2h', 7_200_000],
    ['999999999h', 3_599_999_996_400_000],
  ] as const) {
    it(`reads ${text}`, () => {
      assert.equal(parseDuration(text), ms);
    });
  }

  for (const text of [
    '',
    '5',
    's',
    '5 s',
    ' 5s',
    '5s ',
    '5S',
    '05s',
    '1.5s',
    '-1s',
    '+1s',
    '1e3s',
    '1m30s',
    '1d',
    '1us',
    '٥s',
    '1234567890s',
    'Infinitys',
    '5s\n',
  ]) {
    it(`refuses ${JSON.stringify(text)}`, () => {
      assert.equal(parseDuration(text), null);
    });
  }
});

describe('formatDuration', () => {
  for (const [ms, text] of [
    [0, '0s'],
    [1, '1ms'],
    [1_500, '1500ms'],
    [60_000, '1m'],
    [620_000, '620s'],
    [86_400_000, '24h'],
  ] as const) {
    it(`writes ${ms} as ${text}`, () => {
      assert.equal(formatDuration(ms), text);
    });
  }

  it('writes what parseDuration reads back', () => {
    fc.assert(
      fc.property(fc.nat(86_400_000), (ms) => {
        assert.equal(parseDuration(formatDuration(ms)), ms);
      }),
      { seed: 4, numRuns: 500 },
    );
  });
});
