import { NameId } from './name-id.ts';
import { isAuthorityText, isDigits, isPathText, isScheme, isToken } from './octet-classes.ts';
import { Trait } from './trait.ts';

const SLASH = 0x2f;
const ASTERISK = 0x2a;
const ZERO = 0x30;

const CONNECT: Buffer = Buffer.from('CONNECT');
const OPTIONS: Buffer = Buffer.from('OPTIONS');
const HEAD: Buffer = Buffer.from('HEAD');
const TRAILERS: Buffer = Buffer.from('trailers');

const STATUS_DIGITS = 3;
/** 10^15 - 1 is the largest number of as many digits that is exact. */
const MAX_LENGTH_DIGITS = 15;

/** What a value of one of the names with a form says, or MALFORMED (RFC 9113, sections 8.2.2 and 8.3). The octets are decoded. */
export function formTraits(nameId: number, octets: Buffer, start: number, end: number): number {
  switch (nameId) {
    case NameId.METHOD:
      return methodTraits(octets, start, end);
    case NameId.PATH:
      return pathTraits(octets, start, end);
    case NameId.SCHEME:
      return malformedUnless(isScheme(octets, start, end));
    case NameId.AUTHORITY:
      return malformedUnless(start < end && isAuthorityText(octets, start, end));
    case NameId.HOST:
      // RFC 9110, section 7.2: empty where the target has no authority.
      return malformedUnless(isAuthorityText(octets, start, end));
    case NameId.STATUS:
      return malformedUnless(end - start === STATUS_DIGITS && octets[start] !== ZERO && isDigits(octets, start, end));
    case NameId.TE:
      return malformedUnless(isText(TRAILERS, octets, start, end));
    default:
      return malformedUnless(end - start <= MAX_LENGTH_DIGITS && isDigits(octets, start, end));
  }
}

/** The number that digits are: of a field that formTraits has found well-formed. */
export function digitsValue(octets: Buffer, start: number, end: number): number {
  let value = 0;
  for (let at = start; at < end; at++) {
    value = value * 10 + (octets[at] ?? 0) - ZERO;
  }
  return value;
}

function malformedUnless(isFine: boolean): number {
  return isFine ? 0 : Trait.MALFORMED;
}

function methodTraits(octets: Buffer, start: number, end: number): number {
  if (isText(CONNECT, octets, start, end)) {
    return Trait.CONNECT;
  }
  if (isText(OPTIONS, octets, start, end)) {
    return Trait.OPTIONS;
  }
  if (isText(HEAD, octets, start, end)) {
    return Trait.HEAD;
  }
  return malformedUnless(isToken(octets, start, end));
}

/** A path that did not begin with a slash was routed one way and authorised another in CVE-2026-33186. */
function pathTraits(octets: Buffer, start: number, end: number): number {
  if (end - start === 1 && octets[start] === ASTERISK) {
    return Trait.ASTERISK;
  }
  return malformedUnless(start < end && octets[start] === SLASH && isPathText(octets, start, end));
}

function isText(text: Buffer, octets: Buffer, start: number, end: number): boolean {
  return text.length === end - start && text.compare(octets, start, end) === 0;
}
