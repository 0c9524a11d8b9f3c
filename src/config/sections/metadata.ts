import { type Static, Type } from 'typebox';
import { closed, fileKey } from '../keys.ts';
import { MAX_METADATA_ENTRIES, MAX_METADATA_VALUE_LENGTH } from '../limits.ts';
import { findRepeats } from '../lists.ts';
import type { KeyNotes } from '../notes.ts';
import { type Finding, withRule } from '../rules.ts';

/** Names that belong to HTTP, to gRPC itself or to another key. gRPC reserves those that begin with `grpc-` too. */
const RESERVED_NAMES: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'content-type',
  'expect',
  'host',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'user-agent',
]);
const BINARY_SUFFIX = '-bin';
/** The gRPC protocol's Header-Name, in either case: HTTP/2 sends it in lower case. */
const NAME_PATTERN = '^[0-9A-Za-z_.-]{1,128}$';
/** The gRPC protocol's ASCII-Value: printable, without spaces at its ends. */
const VALUE_PATTERN = '^([!-~]([ -~]*[!-~])?)?$';
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}(?:==)?|[A-Za-z0-9+/]{3}=?)?$/;

const ValueSchema = Type.Union(
  [
    Type.String({
      description: 'The value itself.',
      pattern: VALUE_PATTERN,
      maxLength: MAX_METADATA_VALUE_LENGTH,
      expects: `printable ASCII without spaces at its ends, of at most ${MAX_METADATA_VALUE_LENGTH} characters`,
      kind: 'text',
      secret: true,
    } satisfies KeyNotes & Type.TStringOptions),
    Type.Object(
      { file: fileKey({ description: 'A file that holds the value; read again when it changes.' }) },
      closed({ description: 'A value from a file.' }),
    ),
  ],
  { description: 'One value.', expects: 'text or { file: path }', secret: true },
);

const MetadataShape = Type.Record(Type.String({ pattern: NAME_PATTERN }), ValueSchema, {
  ...closed({
    description:
      'Request headers of every check, by name: text, or { file: path } to read the value from a file, again when it changes. Text of a name that ends in -bin is base64. Envoy: `initial_metadata`, `request_headers_to_add`.',
    default: {},
  }),
  maxProperties: MAX_METADATA_ENTRIES,
  expects: 'an object of names and values',
  kind: '{ name: text | { file } }',
  secret: true,
});

/** The key `metadata` of a health check. */
export const MetadataSchema = withRule(MetadataShape, findMetadataProblems);

/** One request header of every check. */
export interface MetadataConfig {
  /** In lower case. With a name that ends in `-bin` the text is base64, and a file holds the octets themselves. */
  readonly name: string;
  readonly value: { readonly kind: 'text'; readonly text: string } | { readonly kind: 'file'; readonly path: string };
}

export function toMetadataConfig(section: Static<typeof MetadataShape>): readonly MetadataConfig[] {
  return Object.entries(section).map(([name, value]) => ({
    name: name.toLowerCase(),
    value: typeof value === 'string' ? { kind: 'text', text: value } : { kind: 'file', path: value.file },
  }));
}

function findMetadataProblems(metadata: Static<typeof MetadataShape>): readonly Finding[] {
  const entries = toMetadataConfig(metadata);
  const written = Object.keys(metadata);
  const at = (index: number): readonly string[] => [written[index] ?? ''];
  const findings: Finding[] = findRepeats(entries.map(({ name }) => name)).map(({ index, earlier }) => ({
    at: at(index),
    message: `is the same name as ${written[earlier]}`,
  }));
  for (const [index, { name, value }] of entries.entries()) {
    if (name.startsWith('grpc-') || RESERVED_NAMES.has(name)) {
      findings.push({
        at: at(index),
        message: name === 'host' ? 'is reserved: use authority, or http.host' : 'is reserved by HTTP or gRPC',
      });
    } else if (name.endsWith(BINARY_SUFFIX) && value.kind === 'text' && !BASE64.test(value.text)) {
      findings.push({ at: at(index), message: 'must be base64, as the name ends in -bin' });
    }
  }
  return findings;
}
