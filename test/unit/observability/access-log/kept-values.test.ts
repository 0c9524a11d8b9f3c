import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createField, FieldList, knownName, NameId } from '../../../../src/http2/index.ts';
import { createEndpoint } from '../../../../src/model/endpoint.ts';
import { LineFormat } from '../../../../src/observability/access-log/line-format.ts';
import { LineMemory, LineWriter } from '../../../../src/observability/access-log/line-writer.ts';
import { PartFrame } from '../../../../src/observability/access-log/part-frame.ts';
import { MAX_KEPT_TEXTS, TextPart, TextValue } from '../../../../src/observability/access-log/text-part.ts';
import { CallRecord } from '../../../../src/proxy/call-record.ts';
import { callWith, lineOf, styleOf } from '../../../support/logged-lines.ts';

describe('values that lines have kept', () => {
  it('are those of the very field, though others have its place', () => {
    const format = new LineFormat(styleOf('%REQ(USER-AGENT)%'));
    // More than there are places, so that ids meet in them.
    const fields = Array.from({ length: 600 }, (_, index) =>
      createField(knownName(NameId.USER_AGENT), Buffer.from(`agent "${index}"`)),
    );
    const calls = fields.map((field) => {
      const list = new FieldList();
      list.push(field);
      const call = new CallRecord(list);
      call.begin({ name: 'r', cluster: { name: 'c' } }, '', 0);
      return call;
    });
    const written = (index: number): string => lineOf(format, calls[index] ?? callWith([]));
    for (let index = 0; index < fields.length; index++) {
      for (const other of [index, index, index, (index + 256) % fields.length, index]) {
        assert.equal(written(other), String.raw`agent \"${other}\"` + '\n');
      }
    }
  });

  it('are whole, though the field was met first where the line ended', () => {
    const format = new LineFormat(styleOf('%REQ(USER-AGENT)%'));
    const list = new FieldList();
    list.push(createField(knownName(NameId.USER_AGENT), Buffer.from('a long name')));
    const call = new CallRecord(list);
    call.begin({ name: 'r', cluster: { name: 'c' } }, '', 0);
    for (const [room, shown] of [
      [5, 'a lo'],
      [5, 'a lo'],
      [5, 'a lo'],
      [64, 'a long name'],
    ] as const) {
      assert.equal(lineOf(format, call, 0, room), `${shown}\n`);
    }
  });

  it('of time are those of their millisecond', () => {
    const format = new LineFormat(styleOf('%START_TIME(%S.%3f)%'));
    for (const [ms, shown] of [
      [1001, '01.001'],
      [1001, '01.001'],
      [1999, '01.999'],
      [2000, '02.000'],
      [1020, '01.020'],
    ] as const) {
      assert.equal(lineOf(format, callWith([]), ms), `${shown}\n`);
    }
  });

  it('are right for more texts than are kept, and for numbers on both sides of those that are', () => {
    const format = new LineFormat(styleOf('%UPSTREAM_HOST% %BYTES_SENT%'));
    const call = callWith([]);
    for (let round = 0; round < 2; round++) {
      for (let port = 1; port <= MAX_KEPT_TEXTS + 2; port++) {
        call.endpoint = createEndpoint({ kind: 'tcp', host: '127.0.0.1', port }, null);
        call.responseOctets = port;
        assert.equal(lineOf(format, call), `127.0.0.1:${port} ${port}\n`);
      }
    }
  });

  it('are no more texts than the limit', () => {
    const part = new TextPart(TextValue.ROUTE_NAME, new PartFrame('text', '', true));
    const call = callWith([]);
    const line = new LineWriter('text');
    let most = 0;
    for (let index = 0; index < 2 * MAX_KEPT_TEXTS; index++) {
      call.route = `route-${index}`;
      line.begin(new LineMemory(64), 0, 64);
      part.write(call, line);
      most = Math.max(most, part.kept);
    }
    assert.equal(most, MAX_KEPT_TEXTS);
  });

  it('of numbers are never cut in two', () => {
    const call = callWith([]);
    call.requestOctets = 123;
    assert.equal(lineOf('%BYTES_RECEIVED%', call, 0, 3), '\n');
    assert.equal(lineOf('%BYTES_RECEIVED%', call, 0, 4), '123\n');
  });
});
