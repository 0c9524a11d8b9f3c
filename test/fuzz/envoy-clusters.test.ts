import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { ClustersJson } from '../../src/discovery/envoy/clusters-json.ts';
import { ClustersText } from '../../src/discovery/envoy/clusters-text.ts';
import { classifyFlags } from '../../src/discovery/envoy/health-flags.ts';
import { ListingReader, type ListingResult } from '../../src/discovery/envoy/listing.ts';
import { fuzzRuns } from '../support/fuzz-runs.ts';
import { readCapture, readCaptures } from '../support/peers/envoy-admin.ts';

type Format = 'json' | 'text';
const format = fc.constantFrom<Format>('json', 'text');
/** Reading a body at each of its lengths takes the square of them. */
const LONG_OCTETS = 4_000;
const captures = readCaptures();
/** Every host of it has failed. */
const failed = readCapture('all-failed');

function read(kind: Format, octets: Buffer): ListingResult {
  const reader = new ListingReader(kind === 'json' ? new ClustersJson(() => true) : new ClustersText(() => true));
  reader.push(octets);
  return reader.end();
}

/** Hosts that count as healthy although nobody knows every word. */
function healthyHosts(result: ListingResult): readonly string[] {
  return result.kind === 'invalid'
    ? []
    : result.clusters.flatMap(({ hosts }) =>
        hosts.filter(({ flags }) => classifyFlags(flags, 'unhealthy') === 'healthy').map(({ key }) => key),
      );
}

function mutate(octets: Buffer, changes: readonly (readonly [number, number])[]): Buffer {
  const copy = Buffer.from(octets);
  for (const [at, value] of changes) {
    copy[at % copy.length] = value;
  }
  return copy;
}

/** Every length up to the end in short bodies, and every fifth from another start in each long one. */
function lengthsUpTo(end: number): readonly number[] {
  const step = end > LONG_OCTETS ? 5 : 1;
  return Array.from({ length: Math.floor((end - (end % step)) / step) + 1 }, (_, index) => (end % step) + index * step);
}

describe('lists of clusters that are not as they were sent', () => {
  it('are refused at each length that is cut off in JSON', () => {
    for (const { name, json } of captures) {
      const end = json.lastIndexOf('}');
      for (const length of lengthsUpTo(end)) {
        assert.equal(read('json', json.subarray(0, length)).kind, 'invalid', `${name} at ${length}`);
      }
    }
  });

  it('are refused in text, or tell a part of the truth, at each length', () => {
    for (const { name, text, clusters } of captures) {
      for (const length of lengthsUpTo(text.length)) {
        const result = read('text', text.subarray(0, length));
        for (const cluster of result.kind === 'clusters' ? result.clusters : []) {
          for (const { key, flags } of cluster.hosts) {
            const truth = clusters[cluster.name]?.find(({ address }) => address === key);
            assert.deepEqual(flags, truth?.flags, `${name} at ${length}`);
          }
        }
      }
    }
  });

  it('never make a host healthy that has failed, by one octet that was changed', () => {
    fc.assert(
      fc.property(format, fc.nat({ max: 20_000 }), fc.nat({ max: 255 }), (kind, at, value) => {
        assert.deepEqual(healthyHosts(read(kind, mutate(failed[kind], [[at, value]]))), []);
      }),
      fuzzRuns(4_000),
    );
  });

  it('give a state whatever octets were changed, moved or added', () => {
    const change = fc.array(fc.tuple(fc.nat({ max: 20_000 }), fc.nat({ max: 255 })), { maxLength: 8 });
    fc.assert(
      fc.property(format, fc.constantFrom(...captures), change, fc.nat({ max: 9_000 }), (kind, capture, changes, from) => {
        const octets = capture[kind].length === 0 ? Buffer.alloc(0) : mutate(capture[kind], changes);
        read(kind, octets);
        read(kind, Buffer.concat([octets.subarray(from), octets.subarray(0, from)]));
      }),
      fuzzRuns(2_000),
    );
  });

  it('give a state whatever they are', () => {
    fc.assert(
      fc.property(
        format,
        fc.oneof(
          fc.uint8Array({ maxLength: 200 }),
          fc.json().map((text) => Buffer.from(text)),
        ),
        (kind, octets) => {
          assert.deepEqual(healthyHosts(read(kind, Buffer.from(octets))), []);
        },
      ),
      fuzzRuns(2_000),
    );
  });
});
