import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { FLAG_NAMES } from '../../../src/config/flags.ts';

const read = (path: string): string => readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8');

/** What stands in the second column of the guide's tables. */
function ourColumn(guide: string): string {
  return read(`docs/${guide}.md`)
    .split('\n')
    .filter((line) => line.startsWith('| '))
    .map((line) => line.split(' | ')[1] ?? '')
    .join('\n');
}

describe('the guides for those who come from another tool', () => {
  it('name flags that exist', () => {
    const known = new Set<string>(FLAG_NAMES);
    const named = [...ourColumn('migrating').matchAll(/--([a-z][a-z-]+)/g)].map((match) => match[1] ?? '');
    assert.ok(named.length > 20);
    assert.deepEqual(
      named.filter((name) => !known.has(name)),
      [],
    );
  });

  for (const [guide, least] of [
    ['migrating', 40],
    ['istio', 30],
  ] as const) {
    it(`name keys that exist: ${guide}`, () => {
      const keys = read('docs/configuration.md');
      const named = [...ourColumn(guide).matchAll(/`([a-z][A-Za-z0-9.[\]]*)[`:]/g)].flatMap((match) =>
        (match[1] ?? '').split(/[.[\]]+/),
      );
      const unknown = named.filter((name) => name !== '' && !keys.includes(`\`${name}\``) && !keys.includes(name));
      assert.ok(named.length > least, `${named.length} names`);
      assert.deepEqual(unknown, []);
    });
  }
});
