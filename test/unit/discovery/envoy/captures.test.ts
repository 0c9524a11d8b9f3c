import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ClustersJson } from '../../../../src/discovery/envoy/clusters-json.ts';
import { ClustersText } from '../../../../src/discovery/envoy/clusters-text.ts';
import { type EnvoyHost, ListingReader, type ListingResult } from '../../../../src/discovery/envoy/listing.ts';
import { type Capture, type ExpectedHost, readCaptures } from '../../../support/peers/envoy-admin.ts';

const all = (): boolean => true;

function read(format: 'json' | 'text', octets: Buffer, size: number, wanted: (name: string) => boolean = all): ListingResult {
  const reader = new ListingReader(format === 'json' ? new ClustersJson(wanted) : new ClustersText(wanted));
  for (let at = 0; at < octets.length; at += size) {
    reader.push(octets.subarray(at, at + size));
  }
  return reader.end();
}

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
  const result = read(format, capture[format], size);
  assert.ok(result.kind === 'clusters', JSON.stringify(result));
  assert.deepEqual(result.clusters.map(({ name }) => name).toSorted(), Object.keys(capture.clusters).toSorted());
  for (const { name, hosts } of result.clusters) {
    const expected = byAddress(capture.clusters[name] ?? [], ({ address }) => address);
    const found = byAddress(hosts, ({ key }) => key);
    assert.deepEqual(
      found.map((host, index) => pick(host, expected[index])),
      expected.map(truth),
    );
  }
}

describe('captures of a real Envoy', () => {
  for (const capture of readCaptures()) {
    for (const format of ['json', 'text'] as const) {
      it(`${capture.name}: the ${format} form gives what is true`, () => {
        checkCapture(capture, format, capture[format].length + 1);
        checkCapture(capture, format, 7);
        checkCapture(capture, format, 1);
      });

      it(`${capture.name}: the ${format} form keeps no cluster that nobody asked for`, () => {
        const result = read(format, capture[format], 4_096, (name) => name === 'payments');
        assert.ok(result.kind === 'clusters');
        assert.deepEqual(
          result.clusters.map(({ name }) => name),
          'payments' in capture.clusters ? ['payments'] : [],
        );
      });
    }
  }
});
