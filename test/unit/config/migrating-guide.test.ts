import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { FLAG_NAMES } from '../../../src/config/flags.ts';

const read = (path: string): string => readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8');

/** What stands in the second column of the guide's tables. */
function ourColumn(): string {
  return read('docs/migrating.md')
    .split('\n')
    .filter((line) => line.startsWith('| '))
    .map((line) => line.split(' | ')[1] ?? '')
    .join('\n');
}

describe('the guide for those who come from another tool', () => {
  it('names flags that exist', () => {
    const known = new Set<string>(FLAG_NAMES);
    const named = [...ourColumn().matchAll(/--([a-z][a-z-]+)/g)].map((match) => match[1] ?? '');
    assert.ok(named.length > 20);
    assert.deepEqual(
      named.filter((name) => !known.has(name)),
      [],
    );
  });

  it('names keys that exist', () => {
    const keys = read('docs/configuration.md');
    const named = [...ourColumn().matchAll(/`([a-z][A-Za-z0-9.[\]]*)[`:]/g)].flatMap((match) =>
      (match[1] ?? '').split(/[.[\]]+/),
    );
    const unknown = named.filter((name) => name !== '' && !keys.includes(`\`${name}\``) && !keys.includes(name));
    assert.ok(named.length > 40);
    assert.deepEqual(unknown, []);
  });
});
