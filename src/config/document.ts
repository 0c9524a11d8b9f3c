import { isAlias, isMap, isScalar, LineCounter, parseDocument, visit, type YAMLMap } from 'yaml';
import type { ConfigProblem } from '../errors.ts';
import { MAX_CONFIG_BYTES, MAX_YAML_ALIASES } from './limits.ts';
import { shorten } from './paths.ts';

/** The content of a file as plain values, or what keeps it from being read. */
export type DocumentResult =
  | { readonly kind: 'document'; readonly value: unknown }
  | { readonly kind: 'invalid'; readonly problems: readonly ConfigProblem[] };

type ParsedDocument = ReturnType<typeof parseDocument>;

/** Puts line and column of an offset before a message. */
type Locate = (offset: number, message: string) => string;

/** Characters that are shown of a message of the parser. Its own words fit; a tag of the file, which some end in, may not. */
const MAX_PARSER_WORDS = 120;

/** Their own words are for programmers. */
const SECOND_DOCUMENT = 'a second document begins here, and a file holds one';

const NESTED_TOO_DEEPLY = 'is nested too deeply';

/**
 * Reads YAML 1.2, of which JSON is a part. Sizes, aliases and nesting have limits, a key that stands twice is an error, and
 * so are tags that are not YAML's own. Messages have line and column and never quote the file, which may hold secrets.
 * @param name what problems call the file.
 */
export function parseConfigDocument(content: Uint8Array, name: string): DocumentResult {
  if (content.byteLength > MAX_CONFIG_BYTES) {
    return invalid(name, [`has more than ${MAX_CONFIG_BYTES} octets`]);
  }
  const text = decode(content);
  if (text === null) {
    return invalid(name, ['is not UTF-8']);
  }
  const lines = new LineCounter();
  // Their own search for equal keys compares every pair: below, each map is passed once.
  const document = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    stringKeys: true,
    uniqueKeys: false,
    resolveKnownTags: false,
    logLevel: 'error',
  });
  const at: Locate = (offset, message) => {
    const { line, col } = lines.linePos(offset);
    return `line ${line}, column ${col}: ${message}`;
  };
  const errors = [...document.errors, ...document.warnings];
  // Their parser catches its own stack overflow, once for each level it had reached.
  if (errors.some(({ code }) => code === 'RESOURCE_EXHAUSTION')) {
    return invalid(name, [NESTED_TOO_DEEPLY]);
  }
  if (errors.length > 0) {
    return invalid(
      name,
      errors.map(({ code, pos, message }) => at(pos[0], code === 'MULTIPLE_DOCS' ? SECOND_DOCUMENT : withoutQuote(message))),
    );
  }
  return readNodes(document, name, at);
}

function readNodes(document: ParsedDocument, name: string, at: Locate): DocumentResult {
  try {
    const messages = findNodeProblems(document, at);
    return messages.length > 0
      ? invalid(name, messages)
      : { kind: 'document', value: document.toJS({ maxAliasCount: MAX_YAML_ALIASES }) };
  } catch (thrown) {
    // Aliases that lead nowhere were found before: what is left is those that grow without end, and depth.
    return invalid(name, [thrown instanceof RangeError ? NESTED_TOO_DEEPLY : `uses aliases more than ${MAX_YAML_ALIASES} times`]);
  }
}

function decode(content: Uint8Array): string | null {
  try {
    // A byte order mark is removed here.
    return new TextDecoder('utf-8', { fatal: true }).decode(content);
  } catch {
    return null;
  }
}

/** What their parser leaves to others: keys that stand twice, and aliases of anchors that do not come before them. */
function findNodeProblems(document: ParsedDocument, at: Locate): readonly string[] {
  const anchors = new Set<string>();
  const messages: string[] = [];
  visit(document, {
    Node: (_key, node) => {
      if (isAlias(node)) {
        messages.push(...(anchors.has(node.source) ? [] : [at(node.range?.[0] ?? 0, 'an alias has no anchor before it')]));
      } else if (node.anchor !== undefined) {
        anchors.add(node.anchor);
      }
      messages.push(...(isMap(node) ? findRepeatedKeys(node, at) : []));
    },
  });
  return messages;
}

function findRepeatedKeys(map: YAMLMap, at: Locate): readonly string[] {
  const seen = new Set<unknown>();
  return map.items.flatMap(({ key }) => {
    if (!isScalar(key)) {
      return [];
    }
    const repeated = seen.has(key.value);
    seen.add(key.value);
    return repeated ? [at(key.range?.[0] ?? 0, `the key ${shorten(String(key.value))} stands here a second time`)] : [];
  });
}

/** Some messages end in a piece of the file after a colon. */
function withoutQuote(message: string): string {
  const plain = message.split('\n')[0] ?? '';
  const quote = plain.indexOf(': "');
  return shorten(quote < 0 ? plain : plain.slice(0, quote), MAX_PARSER_WORDS);
}

function invalid(name: string, messages: readonly string[]): DocumentResult {
  return { kind: 'invalid', problems: messages.map((message) => ({ path: name, message })) };
}
