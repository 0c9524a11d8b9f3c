import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CallRecord } from '../../../src/proxy/call-record.ts';
import { joinObservers } from '../../../src/proxy/joined-observer.ts';
import { LocalReason } from '../../../src/proxy/local-reason.ts';
import type { CallObserver } from '../../../src/proxy/observer.ts';
import { request } from '../../support/http2/fields.ts';

function noting(name: string, notes: string[], more: Partial<CallObserver> = {}): CallObserver {
  return {
    onCallStart: ({ route }) => void notes.push(`${name} start ${route}`),
    onCallEnd: ({ route }) => void notes.push(`${name} end ${route}`),
    onRetry: ({ route }) => void notes.push(`${name} retry ${route}`),
    onLocalReply: (reason) => void notes.push(`${name} ${reason}`),
    ...more,
  };
}

describe('several observers of calls', () => {
  it('are told all, in their order', () => {
    const notes: string[] = [];
    const joined = joinObservers([noting('a', notes), noting('b', notes)]);
    const call = new CallRecord(request());
    call.begin({ name: 'r', cluster: { name: 'c' } }, '', 0);
    joined?.onCallStart(call);
    joined?.onRetry(call);
    joined?.onLocalReply(LocalReason.REFUSED);
    joined?.onCallEnd(call);
    assert.deepEqual(notes, ['a start r', 'b start r', 'a retry r', 'b retry r', 'a refused', 'b refused', 'a end r', 'b end r']);
    assert.equal(joined?.onUnroutedEnd, undefined);
    assert.equal(joined?.wantsResponseFields, false);
  });

  it('are told of requests without a route if they want to know', () => {
    const notes: string[] = [];
    const curious = noting('b', notes, {
      onUnroutedEnd: (_call, isProbe) => void notes.push(`b unrouted ${isProbe}`),
      wantsResponseFields: true,
    });
    const joined = joinObservers([noting('a', notes), curious]);
    joined?.onUnroutedEnd?.(new CallRecord(request()), true);
    assert.deepEqual(notes, ['b unrouted true']);
    assert.equal(joined?.wantsResponseFields, true);
  });

  it('cost nothing where there are none, or one', () => {
    const one = noting('a', []);
    assert.equal(joinObservers([]), null);
    assert.equal(joinObservers([one]), one);
  });
});
