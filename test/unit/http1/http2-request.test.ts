import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { expectsContinue, fieldsToRelayedRequest } from '../../../src/http1/http2-request.ts';
import type { RelayedRequest } from '../../../src/http1/relayed-request.ts';
import { FieldList } from '../../../src/http2/index.ts';

function list(...fields: readonly (readonly [string, string])[]): FieldList {
  const made = new FieldList();
  for (const [name, value] of [[':method', 'POST'], [':path', '/p?q'], [':authority', 'a.test'], ...fields] as const) {
    made.pushText(name, value);
  }
  return made;
}

function accept(fields: FieldList, isEnded = false): RelayedRequest {
  const result = fieldsToRelayedRequest(fields, isEnded);
  assert.ok(result.kind === 'request');
  return result.request;
}

describe('an HTTP/2 request to an http1 cluster', () => {
  it('keeps method, path, authority and fields, and joins the crumbs of cookies where the first was', () => {
    const request = accept(
      list(['cookie', 'a=1'], ['x-a', '1'], ['cookie', 'b=2'], ['x-a', '2'], ['cookie', 'c=3'], ['te', 'trailers']),
    );
    assert.deepEqual([request.method, request.path, request.authority], ['POST', '/p?q', 'a.test']);
    assert.deepEqual(request.fields, ['cookie', 'a=1; b=2; c=3', 'x-a', '1', 'x-a', '2']);
  });

  it('has content unless it has ended or says that there is none', () => {
    assert.equal(accept(list(), true).body, null);
    assert.equal(accept(list(['content-length', '0'])).body, null);
    const some = accept(list(['content-length', '012']));
    assert.deepEqual([some.contentLength, some.body === null, some.fields], [12, false, []]);
    assert.equal(accept(list()).contentLength, null);
  });

  it('is refused when HTTP/1.1 has no words for it', () => {
    const reasons = [list(['expect', 'other']), list(['content-length', '9007199254740993']), list(), list()].map(
      (fields, index) => {
        if (index >= 2) {
          fields.clear();
          fields.pushText(':method', index === 2 ? 'OPTIONS' : 'CONNECT');
          fields.pushText(':path', '*');
        }
        const result = fieldsToRelayedRequest(fields, true);
        return result.kind === 'refused' ? result.reason : '';
      },
    );
    const fragment = new FieldList();
    fragment.pushText(':method', 'GET');
    fragment.pushText(':path', '/a#b');
    assert.equal(fieldsToRelayedRequest(fragment, true).kind, 'refused');
    assert.deepEqual(reasons, ['bad_request', 'bad_request', 'bad_request', 'not_implemented']);
  });

  it('may name its host in Host, as long as it names one', () => {
    const fields = list();
    fields.clear();
    for (const [name, value] of [
      [':method', 'GET'],
      [':path', '/'],
      ['host', 'b.test'],
    ] as const) {
      fields.pushText(name, value);
    }
    const request = accept(fields);
    assert.deepEqual([request.authority, request.fields], ['b.test', []]);
    assert.equal(accept(list(['host', 'b.test'])).authority, 'a.test');
    assert.equal(fieldsToRelayedRequest(list(['host', 'b.test'], ['host', 'c.test']), true).kind, 'refused');
  });

  it('may wait for 100', () => {
    assert.deepEqual([expectsContinue(list(['expect', '100-Continue'])), expectsContinue(list())], [true, false]);
    assert.deepEqual(accept(list(['expect', '100-continue'])).fields, []);
  });
});
