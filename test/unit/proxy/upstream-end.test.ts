import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ErrorCode, ResetCause } from '../../../src/http2/index.ts';
import { LocalReason } from '../../../src/proxy/local-reason.ts';
import { judgeUpstreamEnd, reasonOfUpstreamEnd, toDownstreamCode } from '../../../src/proxy/upstream-end.ts';

const { NO_ERROR, REFUSED_STREAM, INTERNAL_ERROR, CANCEL, HTTP_1_1_REQUIRED, INADEQUATE_SECURITY } = ErrorCode;
const { PEER, ENGINE, UNPROCESSED, CONNECTION } = ResetCause;

describe('judgeUpstreamEnd', () => {
  const rows: readonly (readonly [code: number, cause: ResetCause, fresh: string, spent: string, inResponse: string])[] = [
    [REFUSED_STREAM, PEER, 'retry', 'answer', 'reset'],
    [REFUSED_STREAM, UNPROCESSED, 'retry', 'answer', 'answer'],
    [NO_ERROR, PEER, 'reset', 'reset', 'reset'],
    [CANCEL, PEER, 'reset', 'reset', 'reset'],
    [0x1234, PEER, 'reset', 'reset', 'reset'],
    [HTTP_1_1_REQUIRED, PEER, 'answer', 'answer', 'answer'],
    [INADEQUATE_SECURITY, PEER, 'answer', 'answer', 'answer'],
    [CANCEL, ENGINE, 'answer', 'answer', 'answer'],
    // What the engine calls refused has been sent all the same.
    [REFUSED_STREAM, ENGINE, 'answer', 'answer', 'answer'],
    [CANCEL, CONNECTION, 'answer', 'answer', 'answer'],
    [REFUSED_STREAM, CONNECTION, 'answer', 'answer', 'answer'],
  ];
  for (const [code, cause, fresh, spent, inResponse] of rows) {
    it(`of code ${code} by ${cause}: ${fresh}; without another attempt ${spent}; in the response ${inResponse}`, () => {
      assert.equal(judgeUpstreamEnd(code, cause, { hasResponse: false, isRetryable: true }), fresh);
      assert.equal(judgeUpstreamEnd(code, cause, { hasResponse: false, isRetryable: false }), spent);
      for (const isRetryable of [true, false]) {
        assert.equal(judgeUpstreamEnd(code, cause, { hasResponse: true, isRetryable }), inResponse);
      }
    });
  }
});

describe('reasonOfUpstreamEnd', () => {
  for (const [code, cause, reason] of [
    [REFUSED_STREAM, PEER, LocalReason.REFUSED],
    [REFUSED_STREAM, UNPROCESSED, LocalReason.REFUSED],
    [CANCEL, CONNECTION, LocalReason.CONNECTION_LOST],
    [CANCEL, ENGINE, LocalReason.UPSTREAM_PROTOCOL],
    [INADEQUATE_SECURITY, PEER, LocalReason.UPSTREAM_PROTOCOL],
  ] as const) {
    it(`is ${reason} for code ${code} by ${cause}`, () => {
      assert.equal(reasonOfUpstreamEnd(code, cause), reason);
    });
  }
});

describe('toDownstreamCode', () => {
  it('never says that nothing was done, nor that nothing is wrong', () => {
    for (let code = 0; code <= 0x20; code++) {
      const expected = code === NO_ERROR || code === REFUSED_STREAM ? INTERNAL_ERROR : code;
      assert.equal(toDownstreamCode(code), expected);
    }
  });
});
