import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type DocumentResult, parseConfigDocument } from '../../../src/config/document.ts';
import { MAX_CONFIG_BYTES, MAX_YAML_ALIASES } from '../../../src/config/limits.ts';

function parse(content: string | Uint8Array): DocumentResult {
  return parseConfigDocument(typeof content === 'string' ? Buffer.from(content) : content, 'bridge.yaml');
}

function valueOf(content: string | Uint8Array): unknown {
  const result = parse(content);
  assert.ok(result.kind === 'document', JSON.stringify(result));
  return result.value;
}

function messagesOf(content: string | Uint8Array): readonly string[] {
  const result = parse(content);
  assert.ok(result.kind === 'invalid');
  assert.ok(result.problems.every(({ path }) => path === 'bridge.yaml'));
  return result.problems.map(({ message }) => message);
}

function comment(length: number): string {
  return `#${' '.repeat(length - 1)}`;
}

function uses(count: number): string {
  return `a: &a [x]\nb: [${Array.from({ length: count }, () => '*a').join(', ')}]`;
}

describe('parseConfigDocument', () => {
  it('reads YAML and JSON alike', () => {
    const value = { a: [1, true, 'x'], b: { c: null } };
    assert.deepEqual(valueOf('a: [1, true, x]\nb: { c: }\n'), value);
    assert.deepEqual(valueOf(JSON.stringify(value)), value);
    assert.deepEqual(valueOf(JSON.stringify(value, null, '\t')), value);
  });

  it('takes words for text that only older YAML takes for switches', () => {
    assert.deepEqual(valueOf('[yes, no, on, off, 5s, 0.0.0.0:80, 12:30:45]'), [
      'yes',
      'no',
      'on',
      'off',
      '5s',
      '0.0.0.0:80',
      '12:30:45',
    ]);
  });

  it('skips a byte order mark', () => {
    assert.deepEqual(valueOf('\uFEFFa: 1'), { a: 1 });
  });

  it('reads nothing as null', () => {
    assert.equal(valueOf(''), null);
    assert.equal(valueOf('# only a comment\n'), null);
  });

  it('follows anchors', () => {
    assert.deepEqual(valueOf('a: &check { interval: 5s }\nb: *check\n'), { a: { interval: '5s' }, b: { interval: '5s' } });
  });

  it('keeps __proto__ a key like any other', () => {
    const value = valueOf('__proto__: { x: 1 }');
    assert.deepEqual(Object.keys(Object(value)), ['__proto__']);
    assert.equal(Object(value).x, undefined);
  });

  const refused: readonly (readonly [name: string, text: string, messages: readonly string[]])[] = [
    ['a key twice', 'a: 1\nb: 2\na: 3\n', ['line 3, column 1: the key a stands here a second time']],
    ['a key twice in JSON', '{"a": {"b": 1, "b": 2}}', ['line 1, column 16: the key b stands here a second time']],
    [
      'every key that stands twice',
      'a: 1\na: 2\na: 3\nb: { c: 1, c: 2 }',
      [
        'line 2, column 1: the key a stands here a second time',
        'line 3, column 1: the key a stands here a second time',
        'line 4, column 12: the key c stands here a second time',
      ],
    ],
    ['a tab', 'a:\n\tb: 1', ['line 2, column 1: Tabs are not allowed as indentation']],
    ['an open quote', 'a: "b\n', ['line 2, column 1: Missing closing "quote']],
    ['an alias of nothing', 'a: *b', ['line 1, column 4: an alias has no anchor before it']],
    ['an alias before its anchor', 'a: *b\nb: &b 1', ['line 1, column 4: an alias has no anchor before it']],
    ['a tag', 'a: !other b', ['line 1, column 4: Unresolved tag: !other']],
    ['a binary', 'a: !!binary aGk=', ['line 1, column 4: Unresolved tag: tag:yaml.org,2002:binary']],
    [
      'a list whose end is missing, without cutting off what is to be done',
      'a:\n  b: { c: [d }',
      [
        'line 2, column 14: Flow sequence in block collection must be sufficiently indented and end with a ]',
        'line 2, column 14: Flow map in block collection must be sufficiently indented and end with a }',
      ],
    ],
    ['a list as a key', '? [a]\n: 1', ['line 1, column 3: With stringKeys, all keys must be strings']],
  ];
  for (const [name, text, messages] of refused) {
    it(`refuses ${name}`, () => {
      assert.deepEqual(messagesOf(text), messages);
    });
  }

  it('refuses a second document', () => {
    assert.deepEqual(messagesOf('a: 1\n---\nb: 2\n'), ['line 2, column 1: a second document begins here, and a file holds one']);
  });

  it('never quotes the file, which may hold secrets', () => {
    for (const text of ['token: }s3cret', 'token: "s3cret', 'token: @s3cret', 'token: [s3cret', 'token: "\\s3cret"']) {
      assert.doesNotMatch(messagesOf(text).join('\n'), /s3cret/, text);
    }
  });

  it('refuses what is no UTF-8', () => {
    assert.deepEqual(messagesOf(Buffer.from([0x61, 0x3a, 0x20, 0xff])), ['is not UTF-8']);
    assert.deepEqual(messagesOf(Buffer.from('\uFEFFa: 1', 'utf16le')), ['is not UTF-8']);
  });

  it('refuses one octet more than the limit, and takes the limit', () => {
    assert.equal(valueOf(comment(MAX_CONFIG_BYTES)), null);
    assert.deepEqual(messagesOf(comment(MAX_CONFIG_BYTES + 1)), [`has more than ${MAX_CONFIG_BYTES} octets`]);
  });

  it('refuses aliases that multiply, before they have', () => {
    const bomb = ['a0: &a0 [x, x, x, x, x, x, x, x, x, x]'];
    for (let level = 1; level < 10; level += 1) {
      bomb.push(`a${level}: &a${level} [${Array.from({ length: 10 }, () => `*a${level - 1}`).join(', ')}]`);
    }
    assert.deepEqual(messagesOf(bomb.join('\n')), [`uses aliases more than ${MAX_YAML_ALIASES} times`]);
  });

  it('takes aliases up to the limit', () => {
    assert.ok(valueOf(uses(MAX_YAML_ALIASES - 1)));
    assert.deepEqual(messagesOf(uses(MAX_YAML_ALIASES + 1)), [`uses aliases more than ${MAX_YAML_ALIASES} times`]);
  });

  it('refuses nesting that has no end', () => {
    for (const text of [
      '['.repeat(20_000),
      `${'['.repeat(20_000)}${']'.repeat(20_000)}`,
      '{"a":'.repeat(20_000),
      '- '.repeat(20_000),
    ]) {
      assert.deepEqual(messagesOf(text), ['is nested too deeply']);
    }
  });

  it('gives a value or problems for any text', () => {
    const pieces = fc.constantFrom(
      'a',
      ':',
      ' ',
      '\n',
      '- ',
      '[',
      ']',
      '{',
      '}',
      ',',
      '"',
      "'",
      '&a',
      '*a',
      '!',
      '#',
      '|',
      '>',
      '\t',
      '---',
      '%',
      '? ',
      '<<',
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 30 }), (parts) => {
        assert.match(parse(parts.join('')).kind, /^(document|invalid)$/);
      }),
      { seed: 3, numRuns: 1_000 },
    );
  });
});
