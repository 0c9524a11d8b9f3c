import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { MAX_FILE_ENDPOINTS, parseEndpointList } from '../../../src/discovery/file-document.ts';
import { formatAddress } from '../../../src/model/address.ts';

function read(text: string): readonly string[] | string {
  const result = parseEndpointList(Buffer.from(text));
  return result.kind === 'addresses' ? result.addresses.map(formatAddress) : result.reason;
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
    ['- 10.0.0.1:1\n- 7', 'line 2: must be ip:port, name:port, unix:/path or { address }'],
    ['- [a]', 'line 1: must be ip:port, name:port, unix:/path or { address }'],
    ['-', 'line 1: must be ip:port, name:port, unix:/path or { address }'],
    ['- 10.0.0.1:1\n\n- 10.0.0.1', 'line 3: 10.0.0.1 has no port: write host:port'],
    ['- 10.0.0.1:1\n- address: 10.0.0.1:1', 'line 2: 10.0.0.1:1 stands here a second time'],
    ['- { address: a:1, weight: 2 }', 'line 1: weight is not a known key'],
    ['- { address: a:1, address: b:1 }', 'line 1: the key address stands here a second time'],
    ['- {}', 'line 1: address is required'],
    ['- &a b:1\n- *a', 'line 2: must be ip:port, name:port, unix:/path or { address }'],
  ] as const) {
    it(`refuses ${JSON.stringify(text)}`, () => {
      assert.equal(read(text), reason);
    });
  }

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
