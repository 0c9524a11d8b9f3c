import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { errors } from 'undici';
import { reasonOfFailure } from '../../../src/http1/failure.ts';

describe('why an exchange failed', () => {
  const rows: readonly (readonly [error: Error, reason: string])[] = [
    [new errors.HeadersOverflowError(), 'upstream_headers_too_large'],
    [new errors.HeadersTimeoutError(), 'route_timeout'],
    [new errors.BodyTimeoutError(), 'route_timeout'],
    [new errors.ResponseContentLengthMismatchError(), 'upstream_protocol'],
    [new errors.RequestContentLengthMismatchError(), 'bad_request'],
    [new errors.InvalidArgumentError('invalid path'), 'bad_request'],
    [new errors.HTTPParserError('no HTTP'), 'upstream_protocol'],
    [new errors.SocketError('bad response'), 'upstream_protocol'],
    [new errors.SocketError('other side closed'), 'connection_lost'],
    [Object.assign(new Error('reset'), { code: 'ECONNRESET' }), 'connection_lost'],
    [Object.assign(new Error('tls'), { code: 'ERR_SSL_DECRYPTION_FAILED' }), 'connection_lost'],
    [new TypeError('x is not a function'), 'internal'],
    [Object.assign(new TypeError('char'), { code: 'ERR_INVALID_CHAR' }), 'internal'],
  ];
  for (const [error, reason] of rows) {
    it(`is ${reason} for ${error.name} ${error.message}`, () => {
      assert.equal(reasonOfFailure(error), reason);
    });
  }
});
