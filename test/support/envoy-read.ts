import assert from 'node:assert/strict';
import { ClustersJson } from '../../src/discovery/envoy/clusters-json.ts';
import { ClustersText } from '../../src/discovery/envoy/clusters-text.ts';
import { type EnvoyCluster, ListingReader, type ListingResult } from '../../src/discovery/envoy/listing.ts';

/** The two forms of `/clusters`. */
export type ListingFormat = 'json' | 'text';

/** Reads a list of clusters in pieces of so many octets; without, all at once. */
export function readListing(
  format: ListingFormat,
  body: Buffer | string,
  { size, wanted = () => true }: { readonly size?: number; readonly wanted?: (name: string) => boolean } = {},
): ListingResult {
  const octets = Buffer.from(body);
  const reader = new ListingReader(format === 'json' ? new ClustersJson(wanted) : new ClustersText(wanted));
  const step = size ?? Math.max(octets.length, 1);
  for (let at = 0; at < octets.length; at += step) {
    if (!reader.push(octets.subarray(at, at + step))) {
      break;
    }
  }
  return reader.end();
}

/** The clusters of a list that must be valid. */
export function clustersOf(...args: Parameters<typeof readListing>): readonly EnvoyCluster[] {
  const result = readListing(...args);
  assert.ok(result.kind === 'clusters', JSON.stringify(result));
  return result.clusters;
}

/** Why a list is refused, which it must be. */
export function refusalOf(...args: Parameters<typeof readListing>): string {
  const result = readListing(...args);
  assert.ok(result.kind === 'invalid', 'it is taken');
  return result.reason;
}
