import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isGrpcContentType } from '../../../src/grpc/content-type.ts';

describe('isGrpcContentType', () => {
  for (const [value, expected] of [
    ['application/grpc', true],
    ['application/grpc+proto', true],
    ['application/grpc+', true],
    ['application/grpc;charset=x', true],
    ['application/grpc-web', false],
    ['application/grpc-web+proto', false],
    ['application/grpcx', false],
    ['application/grpc ', false],
    ['application/grp', false],
    ['Application/grpc', false],
    ['text/application/grpc', false],
    ['', false],
  ] as const) {
    it(`is ${expected} for ${JSON.stringify(value)}`, () => {
      assert.equal(isGrpcContentType(value), expected);
    });
  }
});
