import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { PODS } from '../../../../src/discovery/kubernetes/pod.ts';

describe('a pod', () => {
  it('is its name and labels', () => {
    const pod = { metadata: { name: 'a', labels: { version: 'v1' }, annotations: { x: 'y' } }, spec: {} };
    assert.deepEqual(PODS.parse(pod), { kind: 'item', item: { name: 'a', labels: { version: 'v1' } } });
  });

  for (const labels of [undefined, null, 7, [], {}]) {
    it(`has none where they are ${JSON.stringify(labels)}`, () => {
      assert.deepEqual(PODS.parse({ metadata: { name: 'a', labels } }), { kind: 'item', item: { name: 'a', labels: {} } });
    });
  }

  it('is none without a name, and anything gives a result', () => {
    for (const value of [null, 7, {}, { metadata: null }, { metadata: { name: 7 } }]) {
      assert.deepEqual(PODS.parse(value), { kind: 'invalid', reason: 'a pod has no name' });
    }
    fc.assert(fc.property(fc.jsonValue(), (labels) => PODS.parse({ metadata: { name: 'a', labels } }).kind === 'item'));
  });
});
