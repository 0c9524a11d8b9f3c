import { encodeHuffman } from './huffman.ts';
import { MAX_INTEGER_OCTETS, Prefix, writeInteger } from './integer.ts';
import { LAST_NAME_ID, NAME_TEXTS, NameId } from './name-id.ts';
import { isName } from './octet-classes.ts';
import { STATIC_ENTRIES } from './static-entries.ts';
import { Trait } from './trait.ts';

const COLON = 0x3a;

const UNSTABLE_NAMES: readonly NameId[] = [
  NameId.AGE,
  NameId.CONTENT_LENGTH,
  NameId.CONTENT_RANGE,
  NameId.DATE,
  NameId.ETAG,
  NameId.EXPIRES,
  NameId.IF_MATCH,
  NameId.IF_MODIFIED_SINCE,
  NameId.IF_NONE_MATCH,
  NameId.IF_RANGE,
  NameId.IF_UNMODIFIED_SINCE,
  NameId.LAST_MODIFIED,
  NameId.LOCATION,
  NameId.RANGE,
  NameId.FORWARDED,
  NameId.X_FORWARDED_FOR,
  NameId.X_REAL_IP,
  NameId.X_REQUEST_ID,
  NameId.X_CORRELATION_ID,
  NameId.TRACEPARENT,
  NameId.TRACESTATE,
  NameId.BAGGAGE,
  NameId.B3,
  NameId.X_B3_TRACEID,
  NameId.X_B3_SPANID,
  NameId.X_B3_PARENTSPANID,
  NameId.X_AMZN_TRACE_ID,
  NameId.X_CLOUD_TRACE_CONTEXT,
  NameId.X_DATADOG_TRACE_ID,
  NameId.X_DATADOG_PARENT_ID,
  NameId.X_ENVOY_UPSTREAM_SERVICE_TIME,
  NameId.X_ENVOY_EXPECTED_RQ_TIMEOUT_MS,
  NameId.GRPC_TIMEOUT,
  NameId.GRPC_MESSAGE,
  NameId.GRPC_STATUS_DETAILS_BIN,
  NameId.GRPC_TRACE_BIN,
  NameId.GRPC_TAGS_BIN,
  NameId.GRPC_RETRY_PUSHBACK_MS,
  NameId.ENDPOINT_LOAD_METRICS_BIN,
];

const SENSITIVE_NAMES: readonly NameId[] = [
  NameId.AUTHORIZATION,
  NameId.PROXY_AUTHORIZATION,
  NameId.COOKIE,
  NameId.SET_COOKIE,
  NameId.X_API_KEY,
  NameId.X_GOOG_API_KEY,
];

/** RFC 9113, section 8.2.2. */
const CONNECTION_SPECIFIC_NAMES: readonly NameId[] = [
  NameId.CONNECTION,
  NameId.PROXY_CONNECTION,
  NameId.KEEP_ALIVE,
  NameId.TRANSFER_ENCODING,
  NameId.UPGRADE,
];

/** Names whose values have a form of their own (forms.ts). */
const FORMED_NAMES: readonly NameId[] = [
  NameId.METHOD,
  NameId.SCHEME,
  NameId.PATH,
  NameId.AUTHORITY,
  NameId.STATUS,
  NameId.HOST,
  NameId.TE,
  NameId.CONTENT_LENGTH,
];

/** A field name. Those with a NameId are one object each, made once; others may have several, as the cache that they come from is bounded. */
export class FieldName {
  /** A NameId; or above LAST_NAME_ID for names that a cache holds; or 0. */
  readonly id: number;
  readonly text: string;
  /** Octets. */
  readonly length: number;
  /** The name as a string of RFC 7541, section 5.2, in the shorter of its two forms. */
  readonly literal: Buffer;
  /** The first index of the static table with this name, or 0. */
  readonly staticIndex: number;
  readonly traits: number;
  /** Whether values have a form that is to be checked. */
  readonly isFormed: boolean;

  /** `octets` is not kept. */
  constructor(id: number, octets: Buffer) {
    this.id = id;
    this.text = octets.toString('latin1');
    this.length = octets.length;
    this.literal = encodeString(octets);
    this.staticIndex = STATIC_ENTRIES.findIndex(([name]) => name === id) + 1;
    this.traits = traitsOf(id, octets);
    this.isFormed = FORMED_NAMES.some((name) => name === id);
  }
}

function encodeString(octets: Buffer): Buffer {
  const coded = encodeHuffman(octets);
  const isShorter = coded.length < octets.length;
  const content = isShorter ? coded : octets;
  const to = { target: Buffer.alloc(MAX_INTEGER_OCTETS + content.length), at: 0 };
  writeInteger(to, isShorter ? Prefix.HUFFMAN_STRING : Prefix.PLAIN_STRING, content.length);
  content.copy(to.target, to.at);
  return to.target.subarray(0, to.at + content.length);
}

function traitsOf(id: number, octets: Buffer): number {
  const isPseudo = octets[0] === COLON;
  let traits = isName(octets, isPseudo ? 1 : 0, octets.length) ? 0 : Trait.INVALID_NAME;
  traits |= isPseudo ? Trait.PSEUDO : 0;
  traits |= UNSTABLE_NAMES.some((name) => name === id) ? Trait.UNSTABLE : 0;
  traits |= SENSITIVE_NAMES.some((name) => name === id) ? Trait.SENSITIVE : 0;
  traits |= CONNECTION_SPECIFIC_NAMES.some((name) => name === id) ? Trait.CONNECTION_SPECIFIC : 0;
  return traits | ruleOf(id);
}

function ruleOf(id: number): number {
  switch (id) {
    case NameId.METHOD:
      return Trait.METHOD;
    case NameId.SCHEME:
      return Trait.SCHEME;
    case NameId.PATH:
      return Trait.PATH;
    case NameId.AUTHORITY:
      return Trait.AUTHORITY;
    case NameId.STATUS:
      return Trait.STATUS;
    case NameId.HOST:
      return Trait.HOST;
    case NameId.CONTENT_LENGTH:
      return Trait.CONTENT_LENGTH;
    default:
      return 0;
  }
}

/** No name: what fields have before they have one. */
export const NO_NAME: FieldName = new FieldName(0, Buffer.alloc(0));

const KNOWN_NAMES: readonly FieldName[] = NAME_TEXTS.map((text, id) =>
  id === 0 ? NO_NAME : new FieldName(id, Buffer.from(text)),
);

/** The one object for a NameId. */
export function knownName(id: NameId): FieldName {
  return KNOWN_NAMES[id] ?? NO_NAME;
}

/** All names with a NameId. */
export function knownNames(): readonly FieldName[] {
  return KNOWN_NAMES.slice(1, LAST_NAME_ID + 1);
}
