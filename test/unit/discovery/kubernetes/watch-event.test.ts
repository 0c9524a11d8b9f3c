import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { Slice } from '../../../../src/discovery/kubernetes/endpoint-slice.ts';
import { slicesOf } from '../../../../src/discovery/kubernetes/slice-set.ts';
import { parseWatchEvent, type WatchEvent } from '../../../../src/discovery/kubernetes/watch-event.ts';

const SLICE = {
  metadata: { name: 's', resourceVersion: '7' },
  addressType: 'IPv4',
  ports: [{ name: 'grpc', port: 80 }],
  endpoints: [{ addresses: ['10.0.0.1'] }],
};

function parse(type: unknown, object: unknown): WatchEvent<Slice> {
  return read(JSON.stringify({ type, object }));
}

function read(line: string): WatchEvent<Slice> {
  return parseWatchEvent(line, slicesOf('app'));
}

describe('parseWatchEvent', () => {
  it('reads slices that come, change and go', () => {
    for (const type of ['ADDED', 'MODIFIED']) {
      const event = parse(type, SLICE);
      assert.deepEqual(event.kind === 'put' && [event.item.name, event.item.endpoints.length, event.resourceVersion], [
        's',
        1,
        '7',
      ]);
    }
    assert.deepEqual(parse('DELETED', SLICE), { kind: 'removed', name: 's', resourceVersion: '7' });
    assert.deepEqual(parse('BOOKMARK', SLICE), { kind: 'bookmark', resourceVersion: '7' });
  });

  it('takes a slice that now holds names as gone', () => {
    assert.deepEqual(parse('MODIFIED', { ...SLICE, addressType: 'FQDN' }), { kind: 'removed', name: 's', resourceVersion: '7' });
  });

  for (const status of [{ code: 410 }, { reason: 'Expired' }, { reason: 'Gone' }]) {
    it(`knows ${JSON.stringify(status)} for a version that is too old`, () => {
      assert.deepEqual(parse('ERROR', { kind: 'Status', ...status }), { kind: 'gone' });
    });
  }

  it('tells why the server ended the watch', () => {
    assert.deepEqual(parse('ERROR', { code: 500, message: 'leader changed' }), {
      kind: 'error',
      reason: 'the API server ended the watch: leader changed',
    });
  });

  it('refuses what is none, or names nothing', () => {
    for (const line of [
      '',
      '{',
      'null',
      '[]',
      '7',
      '{}',
      '{"type":"NEWS"}',
      '{"type":"DELETED"}',
      '{"type":"ADDED","object":{}}',
    ]) {
      assert.equal(read(line).kind, 'error', line);
    }
  });

  it('gives a state for every truncation, and for any JSON', () => {
    const line = JSON.stringify({ type: 'ADDED', object: SLICE });
    for (let length = 0; length < line.length; length += 1) {
      assert.equal(read(line.slice(0, length)).kind, 'error');
    }
    const type = fc.constantFrom('ADDED', 'MODIFIED', 'DELETED', 'BOOKMARK', 'ERROR');
    fc.assert(
      fc.property(type, fc.jsonValue(), fc.jsonValue(), (word, object, metadata) => void parse(word, { object, metadata })),
    );
    fc.assert(fc.property(fc.json(), (text) => void read(text)));
  });
});
