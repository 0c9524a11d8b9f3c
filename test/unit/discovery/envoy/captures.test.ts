import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { classifyFlags } from '../../../../src/discovery/envoy/health-flags.ts';
import type { EnvoyCluster, EnvoyHost } from '../../../../src/discovery/envoy/listing.ts';
import { clustersOf } from '../../../support/envoy-read.ts';
import { type Capture, type ExpectedHost, type Membership, readCaptures } from '../../../support/peers/envoy-admin.ts';

function byAddress<Host>(hosts: readonly Host[], key: (host: Host) => string): readonly Host[] {
  return hosts.toSorted((a, b) => (key(a) < key(b) ? -1 : 1));
}

/** What of a host a capture tells the truth about. */
function pick(host: EnvoyHost, expected: ExpectedHost | undefined): unknown {
  const { region, zone, subZone } = host.locality;
  return {
    address: host.key,
    flags: host.flags,
    ...(expected?.hostname === undefined ? {} : { hostname: host.hostname }),
    ...(expected?.weight === undefined ? {} : { weight: host.weight }),
    ...(expected?.priority === undefined ? {} : { priority: host.priority }),
    ...(expected?.locality === undefined ? {} : { locality: { region, zone, sub_zone: subZone } }),
  };
}

function truth({ address, flags, hostname, weight, priority, locality }: ExpectedHost): unknown {
  const some = { hostname, weight, priority, locality };
  return { address, flags, ...Object.fromEntries(Object.entries(some).filter(([, value]) => value !== undefined)) };
}

function checkCapture(capture: Capture, format: 'json' | 'text', size: number): void {
  const clusters = clustersOf(format, capture[format], { size });
  assert.deepEqual(clusters.map(({ name }) => name).toSorted(), Object.keys(capture.clusters).toSorted());
  for (const { name, hosts } of clusters) {
    const expected = byAddress(capture.clusters[name] ?? [], ({ address }) => address);
    const found = byAddress(hosts, ({ key }) => key);
    assert.deepEqual(
      found.map((host, index) => pick(host, expected[index])),
      expected.map(truth),
    );
  }
}

/** Envoy's gauges, by what is made of the flags. */
function membershipOf({ hosts }: EnvoyCluster): Membership {
  const states = hosts.map(({ flags }) => classifyFlags(flags, 'byPrefix'));
  const count = (...wanted: readonly string[]): number => states.filter((state) => wanted.includes(state)).length;
  return {
    total: hosts.length,
    healthy: count('healthy'),
    degraded: count('degraded'),
    excluded: count('pending', 'draining', 'excluded'),
  };
}

describe('captures of a real Envoy', () => {
  for (const capture of readCaptures()) {
    for (const format of ['json', 'text'] as const) {
      it(`${capture.name}: the ${format} form gives what is true`, () => {
        checkCapture(capture, format, capture[format].length + 1);
        checkCapture(capture, format, 7);
        checkCapture(capture, format, 1);
      });

      it(`${capture.name}: the ${format} form counts as Envoy counts`, () => {
        const found = clustersOf(format, capture[format]).map((cluster) => [cluster.name, membershipOf(cluster)] as const);
        assert.deepEqual(Object.fromEntries(found), capture.membership);
      });

      it(`${capture.name}: the ${format} form keeps no cluster that nobody asked for`, () => {
        const clusters = clustersOf(format, capture[format], { size: 4_096, wanted: (name) => name === 'payments' });
        assert.deepEqual(
          clusters.map(({ name }) => name),
          'payments' in capture.clusters ? ['payments'] : [],
        );
      });
    }
  }
});
