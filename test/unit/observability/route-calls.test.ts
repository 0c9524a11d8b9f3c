import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createField, FieldList, knownName, NameId } from '../../../src/http2/index.ts';
import { CallMetrics } from '../../../src/observability/call-metrics.ts';
import { MAX_KNOWN_FIELDS, MAX_METHODS, RouteCalls } from '../../../src/observability/route-calls.ts';
import { CallRecord } from '../../../src/proxy/call-record.ts';
import { linesOf, startCall } from '../../support/metered-calls.ts';

describe('the calls of a route', () => {
  it('have labels for so many methods, however many are under way before the first has shown that it exists', () => {
    const metrics = new CallMetrics();
    const calls = Array.from({ length: MAX_METHODS + 7 }, (_, count) => startCall(metrics, { path: `/pkg.Echo/M${count}` }));
    for (const call of calls) {
      call.end();
    }
    const lines = linesOf(metrics.read(), 'calls_handled_total');
    assert.equal(lines.length, MAX_METHODS + 1);
    assert.equal(lines.at(-1), 'route,cluster,other,other,OK 7');
  });

  it('are found by so many interned paths and no more, and count on when these are forgotten', () => {
    const calls = new RouteCalls('route', 'cluster');
    const records = Array.from({ length: MAX_KNOWN_FIELDS + 5 }, () => {
      const fields = new FieldList();
      fields.push(createField(knownName(NameId.PATH), Buffer.from('/pkg.Echo/Say')));
      const record = new CallRecord(fields);
      record.begin({ name: 'route', cluster: { name: 'cluster' } }, '192.0.2.1', 1000);
      record.isGrpc = true;
      calls.onStart(record);
      return record;
    });
    assert.equal(calls.knownFields, 5);
    for (const record of records) {
      calls.onEnd(Object.assign(record, { firstByteMs: 1, httpStatus: 200, grpcStatus: 0 }));
      assert.ok(calls.knownFields <= MAX_KNOWN_FIELDS);
    }
    assert.deepEqual(
      [...calls.publish()].map(({ started }) => started).filter((started) => started > 0),
      [records.length],
    );
  });
});
