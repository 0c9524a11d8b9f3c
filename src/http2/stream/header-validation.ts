import type { Field } from '../hpack/field.ts';
import type { FieldList } from '../hpack/field-list.ts';
import { NameId } from '../hpack/name-id.ts';
import { Trait } from '../hpack/trait.ts';

/** What is wrong with a field section; or `ok`. The words become the message of a stream error. */
export type HeaderVerdict =
  | 'ok'
  | 'invalid field name'
  | 'invalid field value'
  | 'connection-specific field'
  | 'te other than trailers'
  | 'malformed :method'
  | 'malformed :scheme'
  | 'malformed :path'
  | 'malformed :authority'
  | 'malformed :status'
  | 'malformed host'
  | 'malformed content-length'
  | 'field twice'
  | 'unknown pseudo-header field'
  | 'pseudo-header field behind another field'
  | 'pseudo-header field missing'
  | 'pseudo-header field that CONNECT must not have'
  | 'path * without OPTIONS'
  | 'host differs from :authority'
  | 'pseudo-header field in trailers'
  | 'status 101';

/** Kinds of fields of which a section has one at most. */
const SINGLE = Trait.METHOD | Trait.SCHEME | Trait.PATH | Trait.AUTHORITY | Trait.STATUS | Trait.HOST | Trait.CONTENT_LENGTH;
const FAULTY = Trait.INVALID_NAME | Trait.INVALID_VALUE | Trait.CONNECTION_SPECIFIC | Trait.MALFORMED;
const REQUEST_PSEUDO = Trait.METHOD | Trait.SCHEME | Trait.PATH | Trait.AUTHORITY;
const REQUIRED = Trait.METHOD | Trait.SCHEME | Trait.PATH;
const NOT_FOR_CONNECT = Trait.SCHEME | Trait.PATH;
const BOTH_HOSTS = Trait.AUTHORITY | Trait.HOST;

const SWITCHING_PROTOCOLS = 101;

/** What contentLength gives if there is none. */
const NO_CONTENT_LENGTH = -1;

/** All traits of the section that judgeFields found in order last: its second result, for which no object is made. */
let judgedTraits = 0;

/** A request's header section (RFC 9113, sections 8.2, 8.3.1 and 8.5). CONNECT may be well-formed; whether it is served is not decided here. */
export function validateRequest(fields: FieldList): HeaderVerdict {
  const verdict = judgeFields(fields, REQUEST_PSEUDO);
  if (verdict !== 'ok') {
    return verdict;
  }
  const traits = judgedTraits;
  if ((traits & Trait.CONNECT) !== 0) {
    return judgeConnect(traits);
  }
  if ((traits & REQUIRED) !== REQUIRED) {
    return 'pseudo-header field missing';
  }
  if ((traits & Trait.ASTERISK) !== 0 && (traits & Trait.OPTIONS) === 0) {
    // RFC 9110, section 7.1: the whole server is a target of OPTIONS alone.
    return 'path * without OPTIONS';
  }
  return (traits & BOTH_HOSTS) === BOTH_HOSTS && !hasOneHost(fields) ? 'host differs from :authority' : 'ok';
}

/** A response's header section, interim or final (RFC 9113, sections 8.2 and 8.3.2). */
export function validateResponse(fields: FieldList): HeaderVerdict {
  const verdict = judgeFields(fields, Trait.STATUS);
  if (verdict !== 'ok') {
    return verdict;
  }
  if ((judgedTraits & Trait.STATUS) === 0) {
    return 'pseudo-header field missing';
  }
  // RFC 9113, section 8.6: HTTP/2 has no upgrade.
  return responseStatus(fields) === SWITCHING_PROTOCOLS ? 'status 101' : 'ok';
}

/** A trailer section (RFC 9113, sections 8.1 and 8.2). */
export function validateTrailers(fields: FieldList): HeaderVerdict {
  const verdict = judgeFields(fields, 0);
  return verdict === 'unknown pseudo-header field' ? 'pseudo-header field in trailers' : verdict;
}

/** What the `content-length` of a valid section announces, in octets; -1 if it has none. */
export function contentLength(fields: FieldList): number {
  return fields.get(NameId.CONTENT_LENGTH)?.valueNumber() ?? NO_CONTENT_LENGTH;
}

/** The `:status` of a valid response. */
export function responseStatus(fields: FieldList): number {
  return fields.get(NameId.STATUS)?.status ?? 0;
}

/** Whether the request has no content in its answer (RFC 9110, section 9.3.2). */
export function isHeadRequest(fields: FieldList): boolean {
  return ((fields.get(NameId.METHOD)?.traits ?? 0) & Trait.HEAD) !== 0;
}

/** The rules that concern fields one by one, and their order. `pseudo` are those pseudo-header fields that the section may have. */
function judgeFields(fields: FieldList, pseudo: number): HeaderVerdict {
  let seen = 0;
  let isBehind = false;
  for (let index = 0; index < fields.length; index++) {
    const field = fields.at(index);
    const traits = field.traits & Trait.RULES;
    if ((traits & FAULTY) !== 0) {
      return faultOf(field);
    }
    if ((traits & Trait.PSEUDO) === 0) {
      isBehind = true;
    } else if ((traits & pseudo) === 0) {
      return 'unknown pseudo-header field';
    } else if (isBehind) {
      return 'pseudo-header field behind another field';
    }
    if ((traits & seen & SINGLE) !== 0) {
      return 'field twice';
    }
    seen |= traits;
  }
  judgedTraits = seen;
  return 'ok';
}

function faultOf({ traits, name }: Field): HeaderVerdict {
  if ((traits & Trait.INVALID_NAME) !== 0) {
    return 'invalid field name';
  }
  if ((traits & Trait.CONNECTION_SPECIFIC) !== 0) {
    return 'connection-specific field';
  }
  return (traits & Trait.INVALID_VALUE) === 0 ? malformation(name.id) : 'invalid field value';
}

function malformation(nameId: number): HeaderVerdict {
  switch (nameId) {
    case NameId.METHOD:
      return 'malformed :method';
    case NameId.SCHEME:
      return 'malformed :scheme';
    case NameId.PATH:
      return 'malformed :path';
    case NameId.AUTHORITY:
      return 'malformed :authority';
    case NameId.STATUS:
      return 'malformed :status';
    case NameId.HOST:
      return 'malformed host';
    case NameId.TE:
      return 'te other than trailers';
    default:
      return 'malformed content-length';
  }
}

/** RFC 9113, section 8.5. */
function judgeConnect(traits: number): HeaderVerdict {
  if ((traits & NOT_FOR_CONNECT) !== 0) {
    return 'pseudo-header field that CONNECT must not have';
  }
  return (traits & Trait.AUTHORITY) === 0 ? 'pseudo-header field missing' : 'ok';
}

/** RFC 9113, section 8.3.1: one field must not name another host than the other. */
function hasOneHost(fields: FieldList): boolean {
  const authority = fields.get(NameId.AUTHORITY)?.valueText() ?? '';
  const host = fields.get(NameId.HOST)?.valueText() ?? '';
  // Hosts are case-insensitive: RFC 9110, section 4.2.3.
  return authority === host || authority.toLowerCase() === host.toLowerCase();
}
