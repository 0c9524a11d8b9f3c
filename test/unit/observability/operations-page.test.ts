import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { ErrorCode } from '../../../src/errors.ts';
import { GrpcStatus } from '../../../src/grpc/status.ts';
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

/** The words of a type that is a choice of texts. */
function wordsOf(type: string): readonly string[] {
  const [choice = ''] = collect(new RegExp(`export type ${type} =([^;]+);`, 'g'));
  return [...choice.matchAll(/'(\w+)'/g)].map(([, word = '']) => word);
}

/** Metrics of the sources, without the prefix that all have. */
const metrics = [...collect(/\$\{METRIC_PREFIX\}([a-z_]+)/g), ...collect(/\bfamily\(\s*'([a-z_]+)'/g)];

const overlay = ['dashboard.json', 'prometheus-rule.yaml'].map((file) =>
  readFileSync(new URL(`k8s/overlays/monitoring/${file}`, ROOT), 'utf8'),
);

/** What the pattern's first group finds in the dashboard and the alerts. */
function asked(pattern: RegExp): readonly string[] {
  return overlay.flatMap((text) => [...text.matchAll(pattern)].map(([, word = '']) => word));
}

/** The values of a label that they ask for. */
function askedValues(label: string): readonly string[] {
  return asked(new RegExp(`\\b${label}!?[=~]+\\\\?"([^"\\\\]+)`, 'g')).flatMap((list) => list.split('|'));
}

describe('the dashboard and the alerts', () => {
  it('ask for metrics that there are', () => {
    const names = new Set(asked(/grpc_health_bridge_([a-z_0-9]+)/g).map((name) => name.replace(/_bucket$/, '')));
    assert.ok(names.size > 20);
    assert.deepEqual(
      [...names].filter((name) => !metrics.includes(name)),
      [],
    );
  });

  it('tell reasons, codes and states by words that there are', () => {
    const reasons: ReadonlySet<string> = new Set(Object.values(LocalReason));
    assert.deepEqual([askedValues('reason').length > 5, askedValues('reason').filter((word) => !reasons.has(word))], [true, []]);
    const codes: ReadonlySet<string> = new Set(Object.keys(GrpcStatus));
    assert.deepEqual(
      [askedValues('grpc_code').length > 5, askedValues('grpc_code').filter((word) => !codes.has(word))],
      [true, []],
    );
    assert.deepEqual(askedValues('state'), ['stale']);
  });
});

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
    assertNamed(metrics, section('## Metrics'), 22);
  });

  it('each outcome of checks, and each kind of peers that are turned away', () => {
    assertNamed(wordsOf('OutcomeWord'), section('## Metrics'), 13);
    assertNamed(wordsOf('RefusalReason'), section('### Limits'), 9);
  });

  it('each log line', () => {
    const lines = collect(
      /\b(?:logger|Logger|log)\b(?:\??\.(?:trace|debug|info|warn|error|fatal)|\[[^\]]+\])\((?:[^'`;]|\n)*'([a-z][^']+)'/g,
    );
    assertNamed(lines, section('## Log lines'), 28);
  });
});
