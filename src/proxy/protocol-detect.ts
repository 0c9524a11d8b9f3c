/**
 * What the first octets of a connection are: `http2` for the preface (RFC 9113, section 3.4), `http1` for what an HTTP/1
 * request can begin with, `tls` for a ClientHello, `garbage` for anything else, `undecided` while more octets are needed.
 */
export type DetectedProtocol = 'http1' | 'http2' | 'tls' | 'garbage' | 'undecided';

/** `PRI * HTTP/2`: the part of the preface that no HTTP/1 request line can have, as its version would be HTTP/1.x. */
const PREFACE_START: readonly number[] = Array.from('PRI * HTTP/2', (character) => character.charCodeAt(0));

/** RFC 8446, section 5.1: a record of type handshake, whose version begins with 3 in every version of TLS. */
const TLS_HANDSHAKE = 0x16;
const TLS_MAJOR_VERSION = 0x03;

const CARRIAGE_RETURN = 0x0d;
const LINE_FEED = 0x0a;
/** The characters of a token that are neither letters nor digits (RFC 9110, section 5.6.2). */
const TOKEN_MARKS: ReadonlySet<number> = new Set(Array.from("!#$%&'*+-.^_`|~", (character) => character.charCodeAt(0)));

/** The most octets that can leave a connection undecided; one more decides. */
export const MAX_UNDECIDED_BYTES: number = PREFACE_START.length - 1;

/**
 * Judges all octets received so far. A verdict other than `undecided` never changes when more octets follow, so callers may
 * feed any split. The rest of the preface is left to the HTTP/2 side, which has to check it anyway.
 */
export function detectProtocol(octets: Uint8Array): DetectedProtocol {
  const first = octets[0];
  if (first === undefined) {
    return 'undecided';
  }
  if (first === TLS_HANDSHAKE) {
    return detectTls(octets);
  }
  if (!startsRequestLine(first)) {
    return 'garbage';
  }
  return detectPreface(octets);
}

function detectTls(octets: Uint8Array): DetectedProtocol {
  if (octets.byteLength === 1) {
    return 'undecided';
  }
  return octets[1] === TLS_MAJOR_VERSION ? 'tls' : 'garbage';
}

function detectPreface(octets: Uint8Array): DetectedProtocol {
  const length = Math.min(octets.byteLength, PREFACE_START.length);
  for (let i = 0; i < length; i++) {
    if (octets[i] !== PREFACE_START[i]) {
      return 'http1';
    }
  }
  return length === PREFACE_START.length ? 'http2' : 'undecided';
}

/** A method is a token; RFC 9112, section 2.2 lets empty lines come before it. */
function startsRequestLine(octet: number): boolean {
  const isDigit = octet >= 0x30 && octet <= 0x39;
  const letter = octet & ~0x20;
  const isLetter = letter >= 0x41 && letter <= 0x5a;
  return isDigit || isLetter || octet === CARRIAGE_RETURN || octet === LINE_FEED || TOKEN_MARKS.has(octet);
}
