import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createDiscovery } from '../../../src/discovery/create-discovery.ts';
import type { DiscoveryUpdate } from '../../../src/model/discovery-update.ts';
import { FakeClock } from '../../support/fake-clock.ts';

describe('labels of a source', () => {
  it('are on all its endpoints, behind what an endpoint says itself, and on those of no other source', async () => {
    const stop = new AbortController();
    const updates: DiscoveryUpdate[] = [];
    const sources = [
      {
        type: 'static',
        endpoints: [
          { address: { kind: 'tcp', host: '10.0.0.1', port: 1 } },
          { address: { kind: 'unix', path: '/a' }, labels: { version: 'v2' }, weight: 3 },
        ],
        labels: { version: 'v1', track: 'stable' },
      },
      { type: 'static', endpoints: [{ address: { kind: 'tcp', host: '10.0.0.2', port: 1 } }] },
    ] as const;
    const done = createDiscovery(sources, { clock: new FakeClock(), random: () => 0 }).watch((update) => {
      updates.push(update);
    }, stop.signal);
    stop.abort();
    await done;
    assert.deepEqual(
      updates.at(-1)?.endpoints?.map(({ key, labels, weight }) => [key, labels, weight]),
      [
        ['10.0.0.1:1', { version: 'v1', track: 'stable' }, undefined],
        ['unix:/a', { version: 'v2', track: 'stable' }, 3],
        ['10.0.0.2:1', undefined, undefined],
      ],
    );
  });
});
