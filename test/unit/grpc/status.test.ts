import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { status } from '@grpc/grpc-js';
import { formatGrpcStatus, GrpcStatus } from '../../../src/grpc/status.ts';

describe('formatGrpcStatus', () => {
  it('has the names and numbers of grpc-js', () => {
    for (let code = 0; code <= 16; code += 1) {
      assert.equal(formatGrpcStatus(code), status[code]);
    }
    for (const [name, code] of Object.entries(GrpcStatus)) {
      assert.equal(status[code], name);
    }
  });

  for (const code of [-1, 17, 1.5, Number.NaN, 2 ** 31]) {
    it(`shows ${code} as a number`, () => {
      assert.equal(formatGrpcStatus(code), `status ${code}`);
    });
  }
});
