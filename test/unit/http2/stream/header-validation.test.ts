import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FieldList } from '../../../../src/http2/hpack/field-list.ts';
import { HpackDecoder } from '../../../../src/http2/hpack/hpack-decoder.ts';
import {
  contentLength,
  type HeaderVerdict,
  isHeadRequest,
  responseStatus,
  validateRequest,
  validateResponse,
  validateTrailers,
} from '../../../../src/http2/stream/header-validation.ts';
import { block } from '../../../support/http2/wire.ts';

type Fields = readonly (readonly [string, string])[];

/** As a peer would send them: names and values that this side could not even make. */
function received(fields: Fields): FieldList {
  const octets = block(fields);
  const list = new FieldList();
  new HpackDecoder({ maxTableBytes: 4096, maxListBytes: 65_536, maxFields: 128 }).decode(octets, 0, octets.length, list);
  return list;
}

const REQUEST: Fields = [
  [':method', 'POST'],
  [':scheme', 'https'],
  [':path', '/pkg.Service/Method'],
  [':authority', 'example.test'],
];
const withField = (name: string, value: string): Fields => [...REQUEST, [name, value]];
const replaced = (name: string, value: string): Fields => REQUEST.map((field) => (field[0] === name ? [name, value] : field));
const without = (name: string): Fields => REQUEST.filter((field) => field[0] !== name);

const CONNECT: Fields = [
  [':method', 'CONNECT'],
  [':authority', 'example.test:443'],
];

const REQUESTS: readonly (readonly [string, Fields, HeaderVerdict])[] = [
  ['a gRPC request', REQUEST, 'ok'],
  ['H2-1.4-names: a capital letter', withField('X-a', '1'), 'invalid field name'],
  ['an empty name', withField('', '1'), 'invalid field name'],
  ['a space in a name', withField('x a', '1'), 'invalid field name'],
  ['a control octet in a name', withField('x\u0001', '1'), 'invalid field name'],
  ['an octet above ASCII in a name', withField('x\u00e4', '1'), 'invalid field name'],
  ['DEL in a name', withField('x\u007f', '1'), 'invalid field name'],
  ['a colon within a name', withField('x:y', '1'), 'invalid field name'],
  ['a separator in a name', withField('x(y)', '1'), 'invalid field name'],
  ['H2-1.4-values: NUL', withField('x', 'a\u0000b'), 'invalid field value'],
  ['CR', withField('x', 'a\rb'), 'invalid field value'],
  ['LF', withField('x', 'a\nb'), 'invalid field value'],
  ['a leading space', withField('x', ' a'), 'invalid field value'],
  ['a trailing tab', withField('x', 'a\t'), 'invalid field value'],
  ['another control octet', withField('x', 'a\u0007b'), 'invalid field value'],
  ['spaces and tabs within, and octets above ASCII', withField('x', 'a \t\u00ff b'), 'ok'],
  ['an empty value', withField('x', ''), 'ok'],
  ...['connection', 'proxy-connection', 'keep-alive', 'transfer-encoding', 'upgrade'].map(
    (name) => [`H2-1.4-connection-specific: ${name}`, withField(name, 'x'), 'connection-specific field'] as const,
  ),
  ['H2-1.4-te: te of trailers', withField('te', 'trailers'), 'ok'],
  ['te of trailers and more', withField('te', 'trailers, deflate'), 'te other than trailers'],
  ['te of Trailers', withField('te', 'Trailers'), 'te other than trailers'],
  ['H2-1.4-request-pseudo: no method', without(':method'), 'pseudo-header field missing'],
  ['no scheme', without(':scheme'), 'pseudo-header field missing'],
  ['no path', without(':path'), 'pseudo-header field missing'],
  ['no authority', without(':authority'), 'ok'],
  ['a path twice', [[':path', '/a'], ...REQUEST], 'field twice'],
  ['an authority twice', [[':authority', 'example.test'], ...REQUEST], 'field twice'],
  ['a pseudo-header behind a field', [['x', '1'], ...REQUEST], 'pseudo-header field behind another field'],
  ['a status', [[':status', '200'], ...REQUEST], 'unknown pseudo-header field'],
  ['an unknown pseudo-header', [[':foo', 'x'], ...REQUEST], 'unknown pseudo-header field'],
  ['a protocol (RFC 8441)', [[':protocol', 'websocket'], ...REQUEST], 'unknown pseudo-header field'],
  ['a method of two words', replaced(':method', 'GET /x'), 'malformed :method'],
  ['an empty method', replaced(':method', ''), 'malformed :method'],
  ['an unknown method', replaced(':method', 'PURGE'), 'ok'],
  ['a scheme with a slash', replaced(':scheme', 'http://x'), 'malformed :scheme'],
  ['H2-1.4-path: an empty path', replaced(':path', ''), 'malformed :path'],
  ['a path without a slash (CVE-2026-33186)', replaced(':path', 'pkg.Service/Method'), 'malformed :path'],
  ['a path with a space', replaced(':path', '/a b'), 'malformed :path'],
  ['the asterisk without OPTIONS', replaced(':path', '*'), 'path * without OPTIONS'],
  [
    'the asterisk with OPTIONS',
    [
      [':method', 'OPTIONS'],
      [':scheme', 'http'],
      [':path', '*'],
    ],
    'ok',
  ],
  ['H2-1.4-authority: userinfo', replaced(':authority', 'user@example.test'), 'malformed :authority'],
  ['a slash in the authority', replaced(':authority', 'example.test/x'), 'malformed :authority'],
  ['a space in the authority', replaced(':authority', 'example.test x'), 'malformed :authority'],
  ['an empty authority', replaced(':authority', ''), 'malformed :authority'],
  ['an address of IPv6', replaced(':authority', '[::1]:8080'), 'ok'],
  ['H2-1.4-host: another host', withField('host', 'other.test'), 'host differs from :authority'],
  ['the same host in capitals', withField('host', 'EXAMPLE.test'), 'ok'],
  ['the same host', withField('host', 'example.test'), 'ok'],
  ['two hosts', [...without(':authority'), ['host', 'a'], ['host', 'a']], 'field twice'],
  ['a host with userinfo', [...without(':authority'), ['host', 'a@b']], 'malformed host'],
  ['a host alone', [...without(':authority'), ['host', 'a']], 'ok'],
  ['H2-1.4-connect: CONNECT', CONNECT, 'ok'],
  ['CONNECT without an authority', [[':method', 'CONNECT']], 'pseudo-header field missing'],
  ['CONNECT with a path', [...CONNECT, [':path', '/']], 'pseudo-header field that CONNECT must not have'],
  ['a length that is no number', withField('content-length', '1x'), 'malformed content-length'],
  ['a negative length', withField('content-length', '-1'), 'malformed content-length'],
  ['two equal lengths', [...REQUEST, ['content-length', '1'], ['content-length', '1']], 'field twice'],
  ['H2-1.4-cookie: cookies in crumbs', [...REQUEST, ['cookie', 'a=1'], ['cookie', 'b=2']], 'ok'],
  ['H2-1.4-priority-field: a priority of RFC 9218', withField('priority', 'u=1, i'), 'ok'],
];

describe('header validation', () => {
  for (const [name, fields, verdict] of REQUESTS) {
    it(`request with ${name}: ${verdict}`, () => {
      assert.equal(validateRequest(received(fields)), verdict);
    });
  }

  for (const [name, fields, verdict] of [
    [
      'a response',
      [
        [':status', '200'],
        ['x', 'y'],
      ],
      'ok',
    ],
    ['no status', [['x', 'y']], 'pseudo-header field missing'],
    [
      'two',
      [
        [':status', '200'],
        [':status', '200'],
      ],
      'field twice',
    ],
    ['101', [[':status', '101']], 'status 101'],
    ['a word', [[':status', 'ok!']], 'malformed :status'],
    [
      'a path',
      [
        [':status', '200'],
        [':path', '/'],
      ],
      'unknown pseudo-header field',
    ],
    [
      'connection',
      [
        [':status', '200'],
        ['connection', 'close'],
      ],
      'connection-specific field',
    ],
  ] as readonly (readonly [string, Fields, HeaderVerdict])[]) {
    it(`response with ${name}: ${verdict}`, () => {
      assert.equal(validateResponse(received(fields)), verdict);
    });
  }

  it('H2-1.4-trailers-pseudo: trailers hold no pseudo-headers', () => {
    assert.equal(validateTrailers(received([['grpc-status', '0']])), 'ok');
    assert.equal(validateTrailers(received([])), 'ok');
    assert.equal(validateTrailers(received([[':status', '200']])), 'pseudo-header field in trailers');
    assert.equal(
      validateTrailers(
        received([
          ['x', 'y'],
          [':path', '/'],
        ]),
      ),
      'pseudo-header field in trailers',
    );
    assert.equal(validateTrailers(received([['upgrade', 'x']])), 'connection-specific field');
  });

  it('reads numbers and the method', () => {
    assert.equal(contentLength(received(withField('content-length', '0123'))), 123);
    assert.equal(contentLength(received(REQUEST)), -1);
    assert.equal(responseStatus(received([[':status', '503']])), 503);
    assert.equal(responseStatus(received([])), 0);
    assert.equal(isHeadRequest(received(replaced(':method', 'HEAD'))), true);
    assert.equal(isHeadRequest(received(REQUEST)), false);
  });
});
