import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { classifyFlags } from '../../src/discovery/envoy/health-flags.ts';
import type { EnvoyCluster } from '../../src/discovery/envoy/listing.ts';
import { clustersOf, readListing } from '../support/envoy-read.ts';
import { fuzzRuns } from '../support/fuzz-runs.ts';
import { readCapture, readCaptures } from '../support/peers/envoy-admin.ts';
import { type ListedCluster, type ListedHost, renderListing } from '../support/peers/envoy-listing.ts';

/** Pieces that names are made of: what separates, what looks like a line of its own, and what JSON escapes. */
const PIECES = [
  'a',
  'b',
  '::',
  ':',
  '/',
  '|',
  '.',
  ' ',
  '"',
  '\\',
  '{',
  'é',
  'weight',
  'health_flags::healthy',
  '10.0.0.9:1',
  '1',
];
const FLAGS = [
  'failed_active_hc',
  'failed_outlier_check',
  'degraded_active_hc',
  'pending_dynamic_removal',
  'pending_active_hc',
  'excluded_via_immediate_hc_fail',
  'active_hc_timeout',
];

const text = fc.array(fc.constantFrom(...PIECES), { maxLength: 5 }).map((pieces) => pieces.join(''));
const address = fc.oneof(
  fc.tuple(fc.nat({ max: 255 }), fc.integer({ min: 1, max: 65_535 })).map(([last, port]) => `10.0.0.${last}:${port}`),
  fc
    .tuple(fc.integer({ min: 1, max: 0xffff }), fc.integer({ min: 1, max: 65_535 }))
    .map(([last, port]) => `[fd00::${last.toString(16)}]:${port}`),
  text.map((name) => `/run/${name}.sock`),
  text.map((name) => `envoy://inner/${name}`),
);
const host: fc.Arbitrary<ListedHost> = fc.record({
  address,
  flags: fc.oneof(fc.constant([]), fc.subarray(FLAGS), fc.constantFrom(['failed_eds_health'], ['eds_status_draining'])),
  hostname: text,
  weight: fc.integer({ min: 1, max: 128 }),
  priority: fc.nat({ max: 3 }),
  locality: fc.record({ region: text, zone: text, subZone: text }, { noNullPrototype: true }),
});
const clusters: fc.Arbitrary<readonly ListedCluster[]> = fc.uniqueArray(
  fc.record({
    name: fc.tuple(fc.constantFrom('a', 'shop', 'x/y', '::'), text).map(([first, rest]) => first + rest),
    addedViaApi: fc.boolean(),
    hosts: fc.uniqueArray(host, { maxLength: 4, selector: (each) => each.address }),
    edsServiceName: fc
      .option(
        text.map((name) => `e${name}`),
        { nil: undefined },
      )
      .map((name) => name ?? 'e'),
  }),
  { maxLength: 4, selector: ({ name }) => name },
);

/** What was rendered, as it must be read. */
function truth(listed: readonly ListedCluster[]): unknown {
  return listed.map(({ name, addedViaApi, hosts }) => ({
    name,
    addedViaApi,
    hosts: hosts.map(({ flags, hostname, weight, priority, locality }) => ({ flags, hostname, weight, priority, locality })),
  }));
}

function read(found: readonly EnvoyCluster[]): unknown {
  return found.map(({ name, addedViaApi, hosts }) => ({
    name,
    addedViaApi,
    hosts: hosts.map(({ flags, hostname, weight, priority, locality }) => ({ flags, hostname, weight, priority, locality })),
  }));
}

const names = readCaptures().map(({ name }) => name);

/** What is true of each host, by cluster and address. */
function flagsIn(name: string): readonly (readonly [string, readonly string[]])[] {
  return Object.entries(readCapture(name).clusters).flatMap(([cluster, hosts]) =>
    hosts.map(({ address: key, flags }) => [`${cluster} ${key}`, flags] as const),
  );
}

describe('lists of clusters that an Envoy could print', () => {
  it('are read as they were meant, in both forms and however they are cut', () => {
    fc.assert(
      fc.property(clusters, fc.integer({ min: 1, max: 400 }), (listed, size) => {
        const { json, text: lines } = renderListing(listed);
        const fromJson = clustersOf('json', json);
        assert.deepEqual(read(fromJson), truth(listed));
        assert.deepEqual(read(clustersOf('text', lines)), truth(listed));
        for (const [format, body] of [
          ['json', json],
          ['text', lines],
        ] as const) {
          assert.deepEqual(readListing(format, body, { size }), readListing(format, body));
        }
      }),
      fuzzRuns(400),
    );
  });

  it('make no host healthy in text, whatever is missing in between', () => {
    const unwell = names.filter((name) => flagsIn(name).some(([, flags]) => flags.length > 0));
    fc.assert(
      fc.property(fc.constantFrom(...unwell), fc.nat({ max: 9_000 }), fc.nat({ max: 3_000 }), (name, from, length) => {
        const { text: whole } = readCapture(name);
        const truthOf = new Map(flagsIn(name));
        const result = readListing('text', Buffer.concat([whole.subarray(0, from), whole.subarray(from + length)]));
        for (const cluster of result.kind === 'clusters' ? result.clusters : []) {
          for (const { key, flags } of cluster.hosts) {
            // A name or an address of which a part is missing is that of nobody; a word of which one is, is not known.
            const known = truthOf.get(`${cluster.name} ${key}`) ?? flags;
            assert.equal(classifyFlags(flags, 'unhealthy') === 'healthy', classifyFlags(known, 'unhealthy') === 'healthy', key);
          }
        }
      }),
      fuzzRuns(2_000),
    );
  });

  it('give the same refusal or list however they are cut, also when damaged', () => {
    const damage = fc.tuple(
      fc.constantFrom(...names),
      fc.constantFrom('json', 'text'),
      fc.nat({ max: 9_000 }),
      fc.nat({ max: 255 }),
    );
    fc.assert(
      fc.property(damage, fc.integer({ min: 1, max: 300 }), ([name, format, at, value], size) => {
        const body = Buffer.from(readCapture(name)[format]);
        if (body.length > 0) {
          body[at % body.length] = value;
        }
        assert.deepEqual(readListing(format, body, { size }), readListing(format, body));
      }),
      fuzzRuns(500),
    );
  });
});
