import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { MAX_FILE_ENDPOINTS, parseEndpointList } from '../../../src/discovery/file-document.ts';
import { formatAddress } from '../../../src/model/address.ts';
import { MAX_LABELS } from '../../../src/model/endpoint.ts';

function read(text: string): readonly string[] | string {
  const result = parseEndpointList(Buffer.from(text));
  return result.kind === 'endpoints' ? result.endpoints.map(({ address }) => formatAddress(address)) : result.reason;
}

function withLabels(count: number): string {
  const labels = Object.fromEntries(Array.from({ length: count }, (_, at) => [`l${at}`, '']));
  return JSON.stringify([{ address: 'a:1', labels }]);
}

describe('parseEndpointList', () => {
  for (const [text, ...keys] of [
    ['[]'],
    ['- 10.0.0.1:1\n- app:2 # a name\n- { address: "[::1]:3" }\n- unix:/a\n', '10.0.0.1:1', 'app:2', '[::1]:3', 'unix:/a'],
    ['["10.0.0.1:1", {"address": "app:2"}]', '10.0.0.1:1', 'app:2'],
    ['\uFEFF- 10.0.0.1:1', '10.0.0.1:1'],
  ] as const) {
    it(`takes ${JSON.stringify(text)}`, () => {
      assert.deepEqual(read(text), keys);
    });
  }

  for (const [text, reason] of [
    ['', 'is empty: a list without endpoints is []'],
    ['# nothing', 'is empty: a list without endpoints is []'],
    ['null', 'is empty: a list without endpoints is []'],
    ['endpoints: []', 'line 1: is no list of endpoints'],
    ['app:1', 'line 1: is no list of endpoints'],
    ['- 10.0.0.1:1\n- 7', 'line 2: must be ip:port, name:port, unix:/path or { address, labels, weight }'],
    ['- [a]', 'line 1: must be ip:port, name:port, unix:/path or { address, labels, weight }'],
    ['-', 'line 1: must be ip:port, name:port, unix:/path or { address, labels, weight }'],
    ['- 10.0.0.1:1\n\n- 10.0.0.1', 'line 3: 10.0.0.1 has no port: write host:port'],
    ['- 10.0.0.1:1\n- address: 10.0.0.1:1', 'line 2: 10.0.0.1:1 stands here a second time'],
    ['- { address: a:1, wieght: 2 }', 'line 1: wieght is not a known key'],
    ['- address: a:1\n  weight: 0', 'line 2: weight must be a whole number from 1 to 1000000'],
    ['- { address: a:1, weight: 1.5 }', 'line 1: weight must be a whole number from 1 to 1000000'],
    ['- { address: a:1, labels: v1 }', 'line 1: labels must be names with texts, 64 at most'],
    ['- { address: a:1, labels: { version: 1 } }', 'line 1: labels must be names with texts, 64 at most'],
    ['- { address: a:1, labels: { version: { a: b } } }', 'line 1: labels must be names with texts, 64 at most'],
    ['- { address: a:1, labels: {}, labels: {} }', 'line 1: the key labels stands here a second time'],
    ['- { address: a:1, address: b:1 }', 'line 1: the key address stands here a second time'],
    ['- {}', 'line 1: address is required'],
    ['- &a b:1\n- *a', 'line 2: must be ip:port, name:port, unix:/path or { address, labels, weight }'],
  ] as const) {
    it(`refuses ${JSON.stringify(text)}`, () => {
      assert.equal(read(text), reason);
    });
  }

  it('takes labels and weights', () => {
    assert.deepEqual(
      parseEndpointList(Buffer.from('- { address: "10.0.0.1:1", labels: { version: v1, "a/b": "" }, weight: 3 }')),
      {
        kind: 'endpoints',
        endpoints: [{ address: { kind: 'tcp', host: '10.0.0.1', port: 1 }, labels: { version: 'v1', 'a/b': '' }, weight: 3 }],
      },
    );
  });

  it('takes as many labels as an endpoint may have, and no more', () => {
    assert.deepEqual(read(withLabels(MAX_LABELS)), ['a:1']);
    assert.equal(read(withLabels(MAX_LABELS + 1)), 'line 1: labels must be names with texts, 64 at most');
  });

  it('names the line of what is no YAML', () => {
    assert.match(String(read('- 10.0.0.1:1\n- [')), /^line 2: /);
  });

  it('refuses what is no UTF-8', () => {
    assert.deepEqual(parseEndpointList(Uint8Array.of(0x2d, 0x20, 0xff)), { kind: 'invalid', reason: 'is not UTF-8' });
  });

  it('takes as many endpoints as a static list may have, and no more', () => {
    const list = Array.from({ length: MAX_FILE_ENDPOINTS }, (_, index) => `10.0.${index >> 8}.${index & 255}:1`);
    assert.equal(read(JSON.stringify(list)).length, MAX_FILE_ENDPOINTS);
    assert.equal(read(JSON.stringify([...list, '11.0.0.1:1'])), `lists more than ${MAX_FILE_ENDPOINTS} endpoints`);
  });

  it('gives a state for any octets and any cut, and never throws', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array(),
          fc.string({ unit: 'binary' }).map((text) => Buffer.from(text)),
        ),
        (octets) => {
          parseEndpointList(octets);
        },
      ),
      { numRuns: 300 },
    );
    assert.match(String(read('['.repeat(5_000))), /./);
  });
});
