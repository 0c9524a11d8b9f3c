import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { grpcStatusOfHttp } from '../../../src/grpc/http-status.ts';

describe('grpcStatusOfHttp', () => {
  // grpc.io, "HTTP to gRPC Status Code Mapping".
  const table: Readonly<Record<number, number>> = {
    400: 13,
    401: 16,
    403: 7,
    404: 12,
    429: 14,
    431: 13,
    502: 14,
    503: 14,
    504: 14,
  };
  it('is that of the table, and UNKNOWN for all else', () => {
    for (let status = 0; status < 1000; status++) {
      assert.equal(grpcStatusOfHttp(status), table[status] ?? 2, String(status));
    }
  });
});
