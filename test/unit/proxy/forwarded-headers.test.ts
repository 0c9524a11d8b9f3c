import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  DEFAULT_FORWARDED_HEADERS,
  ForwardedHeaders,
  type ForwardedHeadersOptions,
  type MarkedTrace,
} from '../../../src/proxy/forwarded-headers.ts';
import { describeFields } from '../../support/fake-stream.ts';
import { list } from '../../support/http2/fields.ts';

type Fields = readonly (readonly [string, string])[];

function mark(options: ForwardedHeadersOptions, fields: Fields, peer = { remoteAddress: '192.0.2.1', isTls: true }): string {
  const given = list([[':path', '/'], ...fields, ['last', '']]);
  new ForwardedHeaders(options, peer).apply(given);
  return describeFields(given);
}

describe('x-forwarded-for and x-forwarded-proto', () => {
  const append = DEFAULT_FORWARDED_HEADERS;
  const replace: ForwardedHeadersOptions = { forwardedFor: 'replace', requestId: 'keep' };
  const keep: ForwardedHeadersOptions = { forwardedFor: 'keep', requestId: 'keep' };
  const before: Fields = [
    ['x-forwarded-for', '203.0.113.1'],
    ['x-forwarded-proto', 'http'],
    ['x-forwarded-for', '203.0.113.2, 203.0.113.3'],
  ];
  const rows: readonly (readonly [what: string, options: ForwardedHeadersOptions, given: Fields, expected: string])[] = [
    ['are added where there are none', append, [], ':path=/,last=,x-forwarded-proto=https,x-forwarded-for=192.0.2.1'],
    [
      'grow by our word, several fields made one',
      append,
      before,
      ':path=/,x-forwarded-proto=http,last=,x-forwarded-for=203.0.113.1, 203.0.113.2, 203.0.113.3, 192.0.2.1',
    ],
    [
      'pass over an empty one',
      append,
      [['x-forwarded-for', '']],
      ':path=/,last=,x-forwarded-proto=https,x-forwarded-for=192.0.2.1',
    ],
    ['are replaced', replace, before, ':path=/,last=,x-forwarded-proto=https,x-forwarded-for=192.0.2.1'],
    [
      'are kept',
      keep,
      before,
      ':path=/,x-forwarded-for=203.0.113.1,x-forwarded-proto=http,x-forwarded-for=203.0.113.2, 203.0.113.3,last=',
    ],
  ];
  for (const [what, options, given, expected] of rows) {
    it(what, () => {
      assert.equal(mark(options, given), expected);
    });
  }

  it('say nothing of a client without an address, and remove what it says when they replace', () => {
    const peer = { remoteAddress: '', isTls: false };
    assert.equal(mark(append, before.slice(0, 1), peer), ':path=/,x-forwarded-for=203.0.113.1,last=,x-forwarded-proto=http');
    assert.equal(mark(replace, before, peer), ':path=/,last=,x-forwarded-proto=http');
  });

  it('take off what clients say of their certificates, unless all passes as it came', () => {
    const spoof: Fields = [
      ['x-forwarded-client-cert', 'By=spiffe://a;URI=spiffe://b'],
      ['x-forwarded-client-cert', 'Hash=c'],
    ];
    const peer = { remoteAddress: '', isTls: true };
    for (const options of [append, replace]) {
      assert.equal(mark(options, spoof, peer), ':path=/,last=,x-forwarded-proto=https');
    }
    assert.equal(
      mark(keep, spoof, peer),
      ':path=/,x-forwarded-client-cert=By=spiffe://a;URI=spiffe://b,x-forwarded-client-cert=Hash=c,last=',
    );
  });

  it('are the same objects for every request of a connection', () => {
    const headers = new ForwardedHeaders(append, { remoteAddress: '192.0.2.1', isTls: false });
    const [one, other] = [list([]), list([])];
    headers.apply(one);
    headers.apply(other);
    assert.equal(one.length, 2);
    assert.equal(one.at(0), other.at(0));
    assert.equal(one.at(1), other.at(1));
  });
});

describe('x-request-id', () => {
  const UUID = /x-request-id=[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
  const given: Fields = [['x-request-id', 'mine']];

  it('is kept, or made where there is none, or replaced', () => {
    assert.equal(mark({ forwardedFor: 'keep', requestId: 'keep' }, []), ':path=/,last=');
    assert.equal(mark({ forwardedFor: 'keep', requestId: 'create' }, given), ':path=/,x-request-id=mine,last=');
    assert.match(mark({ forwardedFor: 'keep', requestId: 'create' }, []), UUID);
    const replaced = mark({ forwardedFor: 'keep', requestId: 'replace' }, given);
    assert.match(replaced, UUID);
    assert.doesNotMatch(replaced, /mine/);
    assert.notEqual(replaced, mark({ forwardedFor: 'keep', requestId: 'replace' }, given));
  });
});

describe('traceparent and tracestate', () => {
  const given: Fields = [
    ['traceparent', '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'],
    ['tracestate', 'a=1'],
  ];
  const keep: ForwardedHeadersOptions = { forwardedFor: 'keep', requestId: 'keep' };

  it('pass as they came', () => {
    assert.match(mark(keep, given), /traceparent=00-4bf.*,tracestate=a=1/);
  });

  it('are taken off where they shall not be passed on', () => {
    assert.equal(mark({ ...keep, propagateTrace: false }, given), ':path=/,last=');
  });

  const marks = (
    marked: MarkedTrace | null,
  ): { readonly asked: (string | null)[]; readonly options: ForwardedHeadersOptions } => {
    const asked: (string | null)[] = [];
    const begin = (traceparent: string | null): MarkedTrace | null => {
      asked.push(traceparent);
      return marked;
    };
    return { asked, options: { ...keep, traces: { begin } } };
  };

  it('name a span of ours as the parent, in the same place', () => {
    const { asked, options } = marks({ traceparent: 'ours', isRoot: false });
    assert.equal(mark(options, given), ':path=/,traceparent=ours,tracestate=a=1,last=');
    assert.deepEqual(asked, [given[0]?.[1]]);
  });

  it('begin anew, without the state of another trace', () => {
    const { asked, options } = marks({ traceparent: 'ours', isRoot: true });
    const several: Fields = [...given, ['traceparent', 'again']];
    assert.equal(mark(options, several), ':path=/,last=,traceparent=ours');
    assert.equal(mark(options, []), ':path=/,last=,traceparent=ours');
    assert.deepEqual(asked, [null, null]);
  });

  it('pass as they came where no span begins', () => {
    const { options } = marks(null);
    assert.equal(mark(options, given), mark(keep, given));
  });
});
