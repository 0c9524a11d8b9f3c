import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MAX_CLUSTER_FIELDS } from '../../../../src/discovery/envoy/clusters-json.ts';
import { MAX_VALUE_BYTES } from '../../../../src/discovery/envoy/json-value.ts';
import { MAX_LISTED_CLUSTERS, MAX_LISTED_HOSTS, MAX_LISTING_ERROR_LENGTH } from '../../../../src/discovery/envoy/listing.ts';
import { MAX_LINE_BYTES } from '../../../../src/discovery/envoy/text-lines.ts';
import { clustersOf, readListing, refusalOf } from '../../../support/envoy-read.ts';
import { type ListedHost, renderListing } from '../../../support/peers/envoy-listing.ts';

function hosts(count: number): readonly ListedHost[] {
  return Array.from({ length: count }, (_, index) => ({ address: `10.0.${index >> 8}.${index & 255}:1` }));
}

/** A list of so many clusters without hosts: c0, c1 … */
function clusters(count: number): ReturnType<typeof renderListing> {
  return renderListing(Array.from({ length: count }, (_, index) => ({ name: `c${index}`, hosts: [] })));
}

/** A list with one host that has so many octets. */
function hostOf(length: number): string {
  return `{"cluster_statuses":[{"name":"a","host_statuses":[{"x":"${'x'.repeat(length - 8)}"}]}]}`;
}

/** A list with one cluster that has so many fields. */
function fieldsOf(count: number): string {
  const others = Array.from({ length: count - 1 }, (_, index) => `,"f${index}":${index}`);
  return `{"cluster_statuses":[{"name":"a"${others.join('')}}]}`;
}

function line(length: number): string {
  return `${'x'.repeat(length)}\n`;
}

describe('the limits of a list of clusters', () => {
  const manyHosts = renderListing([
    { name: 'a', hosts: hosts(MAX_LISTED_HOSTS) },
    { name: 'b', hosts: hosts(1) },
  ]);
  const manyClusters = clusters(MAX_LISTED_CLUSTERS + 1);

  for (const format of ['json', 'text'] as const) {
    it(`keep ${MAX_LISTED_HOSTS} hosts and no more, in ${format}`, () => {
      // What nobody asked for is not kept, and not counted.
      const most = clustersOf(format, manyHosts[format], { wanted: (name) => name === 'a' });
      assert.equal(most[0]?.hosts.length, MAX_LISTED_HOSTS);
      assert.match(refusalOf(format, manyHosts[format]), new RegExp(`more than ${MAX_LISTED_HOSTS} hosts`));
    });

    it(`keep ${MAX_LISTED_CLUSTERS} clusters and no more, in ${format}`, () => {
      const most = clustersOf(format, manyClusters[format], { wanted: (name) => name !== 'c7' });
      assert.equal(most.length, MAX_LISTED_CLUSTERS);
      assert.match(refusalOf(format, manyClusters[format]), new RegExp(`more than ${MAX_LISTED_CLUSTERS} clusters`));
    });
  }

  it(`take values of ${MAX_VALUE_BYTES} octets in JSON, wanted or not, in however small pieces`, () => {
    const known = { wanted: (name: string) => name === 'b' };
    assert.deepEqual(clustersOf('json', hostOf(MAX_VALUE_BYTES), known), []);
    for (const size of [undefined, 1_000]) {
      for (const wanted of [known.wanted, () => true]) {
        const options = { wanted, ...(size === undefined ? {} : { size }) };
        assert.match(refusalOf('json', hostOf(MAX_VALUE_BYTES + 1), options), /a value in the JSON is longer than/);
      }
    }
    assert.match(refusalOf('json', `{"${'k'.repeat(MAX_VALUE_BYTES)}":1}`), /a value in the JSON is longer than/);
    // Until its end one may be anything.
    assert.match(refusalOf('json', `{"a":${'1'.repeat(MAX_VALUE_BYTES + 1)}`), /a value in the JSON is longer than/);
  });

  it('take values in pieces of one octet', () => {
    const { json } = renderListing([{ name: 'ä::"\\', hosts: [{ address: '10.0.0.1:1', hostname: 'é"\\\n' }] }]);
    const [cluster] = clustersOf('json', json, { size: 1 });
    assert.deepEqual([cluster?.name, cluster?.hosts[0]?.hostname], ['ä::"\\', 'é"\\\n']);
  });

  it('take values however deep they are', () => {
    const deep = `{"cluster_statuses":[{"name":"a","x":${'['.repeat(200_000)}${']'.repeat(200_000)}}]}`;
    assert.ok(['clusters', 'invalid'].includes(readListing('json', deep).kind));
    assert.equal(readListing('json', '['.repeat(200_000)).kind, 'invalid');
  });

  it(`take ${MAX_CLUSTER_FIELDS} fields of a cluster`, () => {
    assert.equal(clustersOf('json', fieldsOf(MAX_CLUSTER_FIELDS)).length, 1);
    assert.match(refusalOf('json', fieldsOf(MAX_CLUSTER_FIELDS + 1)), /more than 64 fields/);
  });

  it(`take lines of ${MAX_LINE_BYTES} octets, in however small pieces`, () => {
    const text = renderListing([{ name: 'a', hosts: [] }]).text.toString();
    for (const size of [undefined, 1_000, MAX_LINE_BYTES]) {
      const options = size === undefined ? {} : { size };
      assert.equal(clustersOf('text', `${text}${line(MAX_LINE_BYTES)}`, options).length, 1);
      assert.match(refusalOf('text', `${text}${line(MAX_LINE_BYTES + 1)}`, options), /a line is longer than 65536 octets/);
      assert.match(refusalOf('text', 'x'.repeat(MAX_LINE_BYTES + 1), options), /a line is longer than/);
    }
  });

  it(`say why in ${MAX_LISTING_ERROR_LENGTH} characters`, () => {
    const { text } = renderListing([{ name: 'a', hosts: [{ address: 'x'.repeat(5_000) }] }]);
    const reason = refusalOf('text', text);
    assert.match(reason, /^a host has the address x+…$/);
    assert.equal(reason.length, MAX_LISTING_ERROR_LENGTH);
  });
});
