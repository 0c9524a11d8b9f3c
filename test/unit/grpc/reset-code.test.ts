import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { grpcStatusOfReset } from '../../../src/grpc/reset-code.ts';
import { ErrorCode } from '../../../src/http2/index.ts';

describe('grpcStatusOfReset', () => {
  const { CANCEL, ENHANCE_YOUR_CALM, INADEQUATE_SECURITY, HTTP_1_1_REQUIRED, REFUSED_STREAM, ...internal } = ErrorCode;
  for (const [code, status] of [
    [CANCEL, 1],
    [ENHANCE_YOUR_CALM, 8],
    [INADEQUATE_SECURITY, 7],
    [REFUSED_STREAM, 14],
    [HTTP_1_1_REQUIRED, 2],
    [0xffff_ffff, 2],
    ...Object.values(internal).map((code) => [code, 13] as const),
  ] as const) {
    it(`is ${status} for code ${code}`, () => {
      assert.equal(grpcStatusOfReset(code), status);
    });
  }
});
