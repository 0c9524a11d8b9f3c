import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createStatic } from '../../../src/discovery/create-discovery.ts';
import { DnsDiscovery } from '../../../src/discovery/dns.ts';
import { JoinedDiscovery } from '../../../src/discovery/joined-discovery.ts';
import type { DiscoveryUpdate } from '../../../src/model/discovery-update.ts';
import { FakeClock } from '../../support/fake-clock.ts';

const ADDRESSES: Readonly<Record<string, readonly string[]>> = {
  'a.example.': ['10.0.0.1', '10.0.0.2'],
  'b.example.': ['10.0.0.3'],
};

describe('a static list', () => {
  it('gives labels and weight of a host name to all its addresses, and to no others', async () => {
    const lookup = {
      lookup: (host: string) =>
        Promise.resolve({ kind: 'records', records: (ADDRESSES[host] ?? []).map((address) => ({ address, ttl: 5 })) } as const),
    };
    const sources = createStatic(
      [
        { address: { kind: 'tcp', host: 'a.example.', port: 1 }, labels: { version: 'v2' }, weight: 3 },
        { address: { kind: 'tcp', host: 'b.example.', port: 1 } },
        { address: { kind: 'tcp', host: '10.0.0.4', port: 1 }, labels: { version: 'v1' }, weight: 2 },
      ],
      (host, port) =>
        new DnsDiscovery(
          { host, port, refreshIntervalMs: 5000, family: 'auto' },
          { clock: new FakeClock(), random: () => 0, lookup },
        ),
    );
    const stop = new AbortController();
    const complete = Promise.withResolvers<DiscoveryUpdate>();
    const done = new JoinedDiscovery(sources).watch((update) => {
      if (update.endpoints?.length === 4) {
        complete.resolve(update);
      }
    }, stop.signal);
    const { endpoints } = await complete.promise;
    stop.abort();
    await done;
    assert.deepEqual(
      endpoints?.map(({ key, labels, weight }) => [key, labels, weight]),
      [
        ['10.0.0.4:1', { version: 'v1' }, 2],
        ['10.0.0.1:1', { version: 'v2' }, 3],
        ['10.0.0.2:1', { version: 'v2' }, 3],
        ['10.0.0.3:1', undefined, undefined],
      ],
    );
  });
});
