import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MAX_RESPONSE_FIELDS } from '../../../src/http1/options.ts';
import { hasNoContent, toResponseFields } from '../../../src/http1/response-fields.ts';

describe('fields of a response', () => {
  it('lose what concerns the connection, and get a date', () => {
    assert.deepEqual(toResponseFields(['A', 'b', 'Connection', 'close, x', 'X', 'y', 'Content-Length', '3'], 0), {
      kind: 'fields',
      fields: ['A', 'b', 'Content-Length', '3', 'date', 'Thu, 01 Jan 1970 00:00:00 GMT'],
    });
    assert.deepEqual(toResponseFields(['Date', 'whenever'], 0), { kind: 'fields', fields: ['Date', 'whenever'] });
  });

  it('have no length next to chunks, and no other coding', () => {
    assert.deepEqual(toResponseFields(['Transfer-Encoding', 'Chunked', 'Content-Length', '3', 'date', 'x'], 0), {
      kind: 'fields',
      fields: ['date', 'x'],
    });
    for (const coding of ['gzip', 'gzip, chunked', 'chunked, chunked', 'identity']) {
      assert.deepEqual(toResponseFields(['Transfer-Encoding', coding], 0), { kind: 'refused', reason: 'upstream_protocol' });
    }
  });

  it('are so many at most', () => {
    const most = Array.from({ length: MAX_RESPONSE_FIELDS }, () => ['x', 'y']).flat();
    assert.equal(toResponseFields(most, 0).kind, 'fields');
    assert.deepEqual(toResponseFields([...most, 'x', 'y'], 0), { kind: 'refused', reason: 'upstream_headers_too_large' });
  });

  it('tell whether content follows', () => {
    const rows: readonly (readonly [string, number, readonly string[], boolean])[] = [
      ['GET', 200, [], false],
      ['HEAD', 200, ['content-length', '5'], true],
      ['GET', 204, [], true],
      ['GET', 304, ['content-length', '5'], true],
      ['GET', 200, ['Content-Length', '0'], true],
      ['GET', 200, ['content-length', '1'], false],
    ];
    for (const [method, status, fields, isNone] of rows) {
      assert.equal(hasNoContent(method, status, fields), isNone);
    }
  });
});
