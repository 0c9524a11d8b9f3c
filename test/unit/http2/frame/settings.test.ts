import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ConnectionError, ErrorCode } from '../../../../src/http2/errors.ts';
import { parseGoaway } from '../../../../src/http2/frame/goaway.ts';
import { parseSettings } from '../../../../src/http2/frame/settings.ts';
import { goaway, settings } from '../../../support/http2/wire.ts';

function parse(id: number, value: number): unknown {
  return parseSettings(settings([[id, value]]), 9, 15);
}

describe('settings', () => {
  it('keep their order, and unknown ones', () => {
    const octets = settings([
      [0xff, 0xffffffff],
      [4, 1],
      [4, 2],
    ]);
    assert.deepEqual(parseSettings(octets, 9, octets.length), [
      { id: 0xff, value: 0xffffffff },
      { id: 4, value: 1 },
      { id: 4, value: 2 },
    ]);
  });

  for (const [id, value] of [
    [2, 0],
    [2, 1],
    [4, 0],
    [4, 0x7fffffff],
    [5, 16_384],
    [5, 16_777_215],
    [9, 1],
  ] as const) {
    it(`allow ${id}=${value}`, () => assert.deepEqual(parse(id, value), [{ id, value }]));
  }

  for (const [id, value, code] of [
    [2, 2, ErrorCode.PROTOCOL_ERROR],
    [4, 0x8000_0000, ErrorCode.FLOW_CONTROL_ERROR],
    [5, 16_383, ErrorCode.PROTOCOL_ERROR],
    [5, 16_777_216, ErrorCode.PROTOCOL_ERROR],
    [9, 2, ErrorCode.PROTOCOL_ERROR],
  ] as const) {
    it(`refuse ${id}=${value}`, () => {
      assert.throws(
        () => parse(id, value),
        (error) => error instanceof ConnectionError && error.code === code,
      );
    });
  }
});

describe('GOAWAY', () => {
  it('keeps 128 octets of debug data at most', () => {
    const octets = goaway(7, 0xffffffff, 'd'.repeat(200));
    assert.deepEqual(parseGoaway(octets, 9, octets.length), { lastStreamId: 7, code: 0xffffffff, debug: 'd'.repeat(128) });
    const bare = goaway(0, 0);
    assert.equal(parseGoaway(bare, 9, bare.length).debug, '');
  });
});
