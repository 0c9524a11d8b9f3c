import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseAddress } from '../../../src/model/address.ts';
import { createEndpoint, diffEndpoints, type Endpoint, uniqueEndpoints } from '../../../src/model/endpoint.ts';

function endpoint(text: string, hostname: string | null = null): Endpoint {
  const result = parseAddress(text);
  assert.equal(result.kind, 'address');
  return createEndpoint(result.address, hostname);
}

function keys(endpoints: readonly Endpoint[]): string[] {
  return endpoints.map(({ key }) => key);
}

describe('diffEndpoints', () => {
  it('tells what came, what left and what stayed, by key', () => {
    const diff = diffEndpoints(
      [endpoint('10.0.0.1:1'), endpoint('10.0.0.2:1')],
      [endpoint('10.0.0.2:1', 'renamed'), endpoint('10.0.0.3:1')],
    );
    assert.deepEqual(keys(diff.added), ['10.0.0.3:1']);
    assert.deepEqual(keys(diff.removed), ['10.0.0.1:1']);
    assert.deepEqual(diff.kept, [endpoint('10.0.0.2:1', 'renamed')]);
  });

  it('takes one address in two spellings for one endpoint', () => {
    const diff = diffEndpoints([endpoint('[::1]:1')], [endpoint('[0:0:0:0:0:0:0:1]:1')]);
    assert.deepEqual([diff.added, diff.removed, keys(diff.kept)], [[], [], ['[::1]:1']]);
  });
});

describe('uniqueEndpoints', () => {
  it('keeps the first of each key, in order', () => {
    assert.deepEqual(uniqueEndpoints([endpoint('10.0.0.2:1', 'a'), endpoint('10.0.0.1:1'), endpoint('10.0.0.2:1', 'b')]), [
      endpoint('10.0.0.2:1', 'a'),
      endpoint('10.0.0.1:1'),
    ]);
  });
});
