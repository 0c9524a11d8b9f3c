import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';

/** Sections all of whose keys somebody may know from Envoy or from gRPC. */
const SECTIONS = [
  'listeners[].tls',
  'clusters[].tls',
  'clusters[].discovery.endpoints[]',
  'clusters[].loadBalancing',
  'clusters[].loadBalancing.hashOn[]',
  'clusters[].subsets',
  'clusters[].outlierDetection',
  'clusters[].outlierDetection.successRate',
  'clusters[].outlierDetection.failurePercentage',
  'clusters[].connectionPool',
  'clusters[].keepalive',
  'routes[].clusters[]',
  'routes[].retry',
  'routes[].retry.backoff',
  'routes[].retry.budget',
];
/** Keys of other sections, wherever they stand. */
const KEYS = new Set(['labels', 'podLabels']);

/** Rows of the documentation by section: the key, and what is said of it. */
function readRows(): ReadonlyMap<string, readonly (readonly [string, string])[]> {
  const rows = new Map<string, [string, string][]>();
  let section = '';
  for (const line of readFileSync(new URL('../../../docs/configuration.md', import.meta.url), 'utf8').split('\n')) {
    section = /^## `([^`]+)`/.exec(line)?.[1] ?? (line.startsWith('## ') ? '' : section);
    const [, key, text] = /^\| (?:\*\*)?`(\w+)`(?:\*\*)? \|.* \| (.*) \|$/.exec(line) ?? [];
    if (section !== '' && key !== undefined && text !== undefined) {
      rows.set(section, [...(rows.get(section) ?? []), [key, text]]);
    }
  }
  return rows;
}

/** A name of Envoy's or gRPC's own, with the gRFC it stands in, or that there is none. */
const hasTwin = (of: 'Envoy' | 'gRPC', text: string): boolean =>
  new RegExp(`${of}(?: A\\d+)?: (?:no twin|the same|\`)`).test(text);

describe('the documentation of balancing, pools, outliers, retries, subsets and certificates', () => {
  const rows = readRows();

  for (const section of SECTIONS) {
    it(`names the twins in Envoy and gRPC of every key of ${section}`, () => {
      const keys = rows.get(section) ?? [];
      assert.ok(keys.length > 0);
      assert.deepEqual(
        keys.flatMap(([key, text]) => (hasTwin('Envoy', text) && hasTwin('gRPC', text) ? [] : [key])),
        [],
      );
    });
  }

  it('names them of labels, whichever source has them', () => {
    const found = [...rows.values()].flat().filter(([key]) => KEYS.has(key));
    assert.ok(found.length >= 7, String(found.length));
    assert.ok(found.every(([, text]) => hasTwin('Envoy', text) && hasTwin('gRPC', text)));
  });
});
