import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { resultOfLocalReason, resultOfResponse } from '../../../src/proxy/attempt-result.ts';
import { LocalReason } from '../../../src/proxy/local-reason.ts';
import { list } from '../../support/http2/fields.ts';

describe('what a response counts as', () => {
  // Envoy 1.40, Grpc::Utility::grpcToHttpStatus, in the order of the gRPC codes.
  const statuses = [200, 499, 500, 400, 504, 404, 409, 403, 429, 400, 409, 400, 501, 500, 503, 500, 401];
  for (const [code, expected] of statuses.entries()) {
    it(`is ${expected} for the gRPC status ${code} in the header section`, () => {
      const fields = list([
        [':status', '200'],
        ['grpc-status', String(code)],
      ]);
      assert.equal(resultOfResponse(fields, true), expected);
      assert.equal(resultOfResponse(fields, false), 200, 'the request was not gRPC');
    });
  }

  for (const code of ['17', '99', 'x', '-1', '123']) {
    it(`is 500 for the gRPC status ${code}, which is none`, () => {
      assert.equal(
        resultOfResponse(
          list([
            [':status', '200'],
            ['grpc-status', code],
          ]),
          true,
        ),
        500,
      );
    });
  }

  it('is the HTTP status where no gRPC status stands in the header section', () => {
    for (const status of [200, 404, 503]) {
      assert.equal(resultOfResponse(list([[':status', String(status)]]), true), status);
    }
    assert.equal(
      resultOfResponse(
        list([
          [':status', '502'],
          ['grpc-status', ''],
        ]),
        true,
      ),
      502,
    );
  });
});

describe('what a local answer counts as', () => {
  it('is 503 or 504 where an endpoint was at fault, and nothing otherwise', () => {
    const counted = Object.values(LocalReason).flatMap((reason) => {
      const result = resultOfLocalReason(reason, false);
      return result === 0 ? [] : [`${reason} ${result}`];
    });
    assert.deepEqual(counted, [
      'connect_timeout 503',
      'connection_lost 503',
      'upstream_protocol 503',
      'upstream_headers_too_large 503',
      'route_timeout 504',
    ]);
    assert.equal(resultOfLocalReason(LocalReason.ROUTE_TIMEOUT, true), 0);
  });
});
