import { isScalar, LineCounter, parseDocument, visit, type YAMLMap } from 'yaml';
import type { ConfigProblem } from '../errors.ts';
import { MAX_CONFIG_BYTES, MAX_YAML_ALIASES } from './limits.ts';
import { shorten } from './paths.ts';

/** The content of a file as plain values, or what keeps it from being read. */
export type DocumentResult =
  | { readonly kind: 'document'; readonly value: unknown }
  | { readonly kind: 'invalid'; readonly problems: readonly ConfigProblem[] };

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
  const at = (offset: number, message: string): string => {
    const { line, col } = lines.linePos(offset);
    return `line ${line}, column ${col}: ${message}`;
  };
  const messages = [...document.errors, ...document.warnings].map(({ pos, message }) => at(pos[0], withoutQuote(message)));
  if (messages.length === 0) {
    visit(document, { Map: (_key, map) => void messages.push(...findRepeatedKeys(map, at)) });
  }
  return messages.length > 0 ? invalid(name, messages) : toValue(document, name);
}

function toValue(document: ReturnType<typeof parseDocument>, name: string): DocumentResult {
  try {
    return { kind: 'document', value: document.toJS({ maxAliasCount: MAX_YAML_ALIASES }) };
  } catch {
    // The only thing that can fail here: aliases that grow without end, or that lead nowhere.
    return invalid(name, [`uses aliases more than ${MAX_YAML_ALIASES} times`]);
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

function findRepeatedKeys(map: YAMLMap, at: (offset: number, message: string) => string): string[] {
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
  return shorten(quote < 0 ? plain : plain.slice(0, quote));
}

function invalid(name: string, messages: readonly string[]): DocumentResult {
  return { kind: 'invalid', problems: messages.map((message) => ({ path: name, message })) };
}
