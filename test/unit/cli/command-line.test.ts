import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type Command, parseCommandLine, USAGE } from '../../../src/cli/command-line.ts';
import { FLAG_NAMES, FLAGS } from '../../../src/config/flags.ts';
import { ConfigError } from '../../../src/errors.ts';
import { problemsOf } from '../config/support/base-config.ts';

const ROWS: readonly (readonly [argv: string, command: Command])[] = [
  ['', { kind: 'serve', flags: {} }],
  ['serve', { kind: 'serve', flags: {} }],
  ['--config a.yaml', { kind: 'serve', flags: { config: ['a.yaml'] } }],
  ['serve --config=a.yaml', { kind: 'serve', flags: { config: ['a.yaml'] } }],
  ['--listen :1 --listen :2 --backend a:1', { kind: 'serve', flags: { listen: [':1', ':2'], backend: ['a:1'] } }],
  ['check', { kind: 'check', flags: {}, self: false, json: false, watch: false }],
  ['--backend a:1 check', { kind: 'check', flags: { backend: ['a:1'] }, self: false, json: false, watch: false }],
  ['check --self', { kind: 'check', flags: {}, self: true, json: false, watch: false }],
  ['check --watch --json', { kind: 'check', flags: {}, self: false, json: true, watch: true }],
  ['validate', { kind: 'validate', flags: {}, print: false }],
  ['validate --print --backend-tls', { kind: 'validate', flags: { 'backend-tls': ['true'] }, print: true }],
  ['schema', { kind: 'schema' }],
  ['demo', { kind: 'demo' }],
  ['--version', { kind: 'version' }],
  ['check --help', { kind: 'help' }],
  ['--nonsense --help', { kind: 'help' }],
  ['--rpc-header k=v --rpc-header=-x', { kind: 'serve', flags: { 'rpc-header': ['k=v', '-x'] } }],
];

const REFUSED: readonly (readonly [argv: string, ...problems: readonly string[]])[] = [
  ['serv', 'serv: is not a known command: did you mean serve?'],
  ['doctor', 'doctor: is not a known command: it must be one of serve, check, validate, schema, demo'],
  ['serve now', 'now: is one argument too many'],
  ['--self', '--self: is a flag of check alone'],
  ['check --print', '--print: is a flag of validate alone'],
  ['check --self --json --watch', '--json: has no effect with --self', '--watch: has no effect with --self'],
  ['serve --watch', '--watch: is a flag of check alone'],
  ['check --self=yes', '--self: takes no value'],
  ['--backend-tls=no', '--backend-tls: takes no value'],
  ['--lisen :1', '--lisen: is not a known flag: did you mean --listen?'],
  ['-x', '-x: is not a known flag: see --help'],
  ['schema --listen :1', '--listen: is no flag of schema'],
  ['--config a --config b', '--config: may be given once only'],
  ['--nope a --listen', '--nope: is not a known flag: see --help', '--listen: needs a value: ADDR'],
  ['--listen --backend a:1', '--listen: needs a value: ADDR'],
];

function split(text: string): readonly string[] {
  return text === '' ? [] : text.split(' ');
}

describe('parseCommandLine', () => {
  for (const [argv, command] of ROWS) {
    it(`reads ${JSON.stringify(argv)}`, () => {
      assert.deepEqual(parseCommandLine(split(argv)), command);
    });
  }

  for (const [argv, ...problems] of REFUSED) {
    it(`refuses ${JSON.stringify(argv)}`, () => {
      assert.deepEqual(
        problemsOf(() => parseCommandLine(split(argv))),
        problems,
      );
    });
  }

  it('reads or refuses any arguments', () => {
    const word = fc.oneof(fc.string(), fc.constantFrom('serve', 'check', '--', '-', '--listen', '--self', '--=', '--listen='));
    fc.assert(
      fc.property(fc.array(word, { maxLength: 6 }), (argv) => {
        try {
          assert.ok(parseCommandLine(argv).kind.length > 0);
        } catch (thrown) {
          assert.ok(thrown instanceof ConfigError, String(thrown));
        }
      }),
      { seed: 6, numRuns: 1_000 },
    );
  });
});

describe('the usage', () => {
  it('names every flag with its variable, within the width of a terminal', () => {
    for (const name of FLAG_NAMES) {
      assert.match(USAGE, new RegExp(`--${name}\\b`));
      assert.ok(USAGE.includes(FLAGS[name].variable), name);
    }
    for (const line of USAGE.split('\n')) {
      assert.ok(line.length <= 120, line);
    }
  });
});
