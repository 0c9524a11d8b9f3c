import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { markForwarded } from '../../../src/http1/forwarded-fields.ts';
import { FieldList } from '../../../src/http2/index.ts';
import {
  ForwardedHeaders,
  type ForwardedHeadersOptions,
  type ForwardedPeer,
  type ForwardedPolicy,
  type MarkedTrace,
} from '../../../src/proxy/forwarded-headers.ts';

const PEERS: readonly ForwardedPeer[] = [
  { remoteAddress: '10.0.0.1', isTls: true },
  { remoteAddress: '', isTls: false },
];
const POLICIES: readonly ForwardedPolicy[] = ['append', 'replace', 'keep'];
const REQUESTS: readonly (readonly string[])[] = [
  [],
  ['x-forwarded-for', '1.1.1.1', 'x-forwarded-proto', 'ftp', 'x-request-id', 'mine'],
  ['x-forwarded-for', '1.1.1.1', 'x-a', 'b', 'x-forwarded-for', '2.2.2.2', 'x-forwarded-for', ''],
  ['x-a', 'b', 'x-forwarded-client-cert', 'Hash=c', 'x-forwarded-client-cert', 'Hash=d'],
];

/** What HTTP/2 requests get for the same. */
function viaFieldList(request: readonly string[], options: ForwardedHeadersOptions, peer: ForwardedPeer): string[] {
  const list = new FieldList();
  for (let index = 0; index < request.length; index += 2) {
    list.pushText(request[index] ?? '', request[index + 1] ?? '');
  }
  new ForwardedHeaders(options, peer).apply(list);
  return Array.from({ length: list.length }, (_, index) => `${list.at(index).name.text}: ${list.at(index).valueText()}`);
}

const withoutIds = (lines: readonly string[]): string[] => lines.map((line) => line.replace(/[0-9a-f-]{36}$/, 'made')).sort();

describe('marks of requests to http1 clusters', () => {
  for (const forwardedFor of POLICIES) {
    for (const requestId of ['keep', 'create', 'replace'] as const) {
      it(`are those of HTTP/2: ${forwardedFor}, ${requestId}`, () => {
        for (const peer of PEERS) {
          for (const request of REQUESTS) {
            const options = { forwardedFor, requestId };
            const marked = markForwarded(request, options, peer);
            const lines = marked.flatMap((name, index) => (index % 2 === 0 ? [`${name}: ${marked[index + 1]}`] : []));
            assert.deepEqual(withoutIds(lines), withoutIds(viaFieldList(request, options, peer)));
          }
        }
      });
    }
  }

  it('leave no trace context where it is not propagated', () => {
    const peer: ForwardedPeer = { remoteAddress: '', isTls: false };
    const keep = { forwardedFor: 'keep', requestId: 'keep' } as const;
    const request = ['Traceparent', '00-1-2-01', 'x-a', 'b', 'tracestate', 'c=d', 'tracestate', 'e=f'];
    assert.deepEqual(markForwarded(request, { ...keep, propagateTrace: false }, peer), ['x-a', 'b']);
    assert.deepEqual(markForwarded(request, { ...keep, propagateTrace: true }, peer), request);
    assert.deepEqual(markForwarded(request, keep, peer), request);
  });

  it('name a span of ours as the parent, as those of HTTP/2 do', () => {
    const peer: ForwardedPeer = { remoteAddress: '', isTls: false };
    const asked: (string | null)[] = [];
    const marked = (request: readonly string[], isRoot: boolean): string[] => {
      const begin = (traceparent: string | null): MarkedTrace => {
        asked.push(traceparent);
        return { traceparent: 'ours', isRoot };
      };
      return markForwarded(request, { forwardedFor: 'keep', requestId: 'keep', traces: { begin } }, peer);
    };
    const request = ['Traceparent', 'theirs', 'x-a', 'b', 'tracestate', 'c=d'];
    assert.deepEqual(marked(request, false), ['x-a', 'b', 'tracestate', 'c=d', 'traceparent', 'ours']);
    assert.deepEqual(marked([...request, 'traceparent', 'again'], true), ['x-a', 'b', 'traceparent', 'ours']);
    assert.deepEqual(marked([], true), ['traceparent', 'ours']);
    assert.deepEqual(asked, ['theirs', null, null]);
    const none = { forwardedFor: 'keep', requestId: 'keep', traces: { begin: () => null } } as const;
    assert.deepEqual(markForwarded(request, none, peer), request);
  });

  it('take the place of the same in other letters', () => {
    const marked = markForwarded(
      ['X-Forwarded-For', '1.1.1.1', 'X-Request-Id', 'a'],
      { forwardedFor: 'append', requestId: 'create' },
      {
        remoteAddress: '2.2.2.2',
        isTls: false,
      },
    );
    assert.deepEqual(marked, ['X-Request-Id', 'a', 'x-forwarded-proto', 'http', 'x-forwarded-for', '1.1.1.1, 2.2.2.2']);
  });
});
