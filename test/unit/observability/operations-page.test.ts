import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { ErrorCode } from '../../../src/errors.ts';
import { RESPONSE_FLAGS } from '../../../src/observability/access-log/response-flags.ts';
import { LocalReason } from '../../../src/proxy/local-reason.ts';

const ROOT = new URL('../../../', import.meta.url);
const PAGE = readFileSync(new URL('docs/operations.md', ROOT), 'utf8');

/** Files whose lines are not those of a bridge that serves. */
const ELSEWHERE = /^src\/cli\/demo/;

const sources = globSync('src/**/*.ts', { cwd: fileURLToPath(ROOT) })
  .map((path) => path.replaceAll('\\', '/'))
  .filter((path) => !ELSEWHERE.test(path))
  .map((path) => readFileSync(new URL(path, ROOT), 'utf8'));

/** What the pattern's first group finds in any source, each once. */
function collect(pattern: RegExp): readonly string[] {
  return [...new Set(sources.flatMap((source) => [...source.matchAll(pattern)].map(([, found = '']) => found)))].sort();
}

/** The part of the page below a heading, to the next of the same kind. */
function section(heading: string): string {
  const start = PAGE.indexOf(`\n${heading}\n`);
  assert.ok(start >= 0, heading);
  const [level = ''] = heading.split(' ');
  const end = PAGE.indexOf(`\n${level} `, start + heading.length);
  return PAGE.slice(start, end < 0 ? undefined : end);
}

/** Words in the page's code style, up to a brace or an end. */
function assertNamed(words: readonly string[], text: string, atLeast: number): void {
  assert.ok(words.length >= atLeast, `only ${words.length} were found: ${words.join(', ')}`);
  const missing = words.filter((word) => !text.includes(`\`${word}\``) && !text.includes(`\`${word}{`));
  assert.deepEqual(missing, []);
}

describe('the page for operators names', () => {
  it('each error code', () => {
    assertNamed(Object.values(ErrorCode), section('## Error codes'), 8);
  });

  it('each reason of an answer that was made here', () => {
    assertNamed(Object.values(LocalReason), section('## Errors of forwarding'), 20);
  });

  it('each response flag', () => {
    assertNamed(RESPONSE_FLAGS, section('### Response flags'), 10);
  });

  it('each metric', () => {
    const names = [...collect(/\$\{METRIC_PREFIX\}([a-z_]+)/g), ...collect(/\bfamily\(\s*'([a-z_]+)'/g)];
    assertNamed(names, section('## Metrics'), 22);
  });

  it('each log line', () => {
    const lines = collect(
      /\b(?:logger|Logger|log)\b(?:\??\.(?:trace|debug|info|warn|error|fatal)|\[[^\]]+\])\((?:[^'`;]|\n)*'([a-z][^']+)'/g,
    );
    assertNamed(lines, section('## Log lines'), 28);
  });
});
