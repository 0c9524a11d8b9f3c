/** What an octet may be part of. */
const OctetClass = {
  /** A field value: HTAB, SP, visible ASCII and obs-text. RFC 9110, section 5.5; control octets are refused beyond RFC 9113, section 8.2.1. */
  VALUE: 0x01,
  /** A token, without capital letters: what field names are made of (RFC 9113, section 8.2.1, and RFC 9110, section 5.6.2). */
  NAME: 0x02,
  /** A token: a method. */
  TOKEN: 0x04,
  /** An authority without userinfo: RFC 3986, section 3.2. */
  AUTHORITY: 0x08,
  /** A scheme: RFC 3986, section 3.1. */
  SCHEME: 0x10,
  /** A path and query. More than RFC 3986 has, as clients send more; but nothing that ends a line or a word in HTTP/1. */
  PATH: 0x20,
  DIGIT: 0x40,
} as const;
type OctetClass = (typeof OctetClass)[keyof typeof OctetClass];

const CLASSES: Uint8Array = classify();

function classify(): Uint8Array {
  const digits = '0123456789';
  const lower = 'abcdefghijklmnopqrstuvwxyz';
  const letters = lower + lower.toUpperCase();
  const classes = new Uint8Array(256);
  const add = (octets: Uint8Array, kinds: number): void => {
    for (const octet of octets) {
      classes[octet] = (classes[octet] ?? 0) | kinds;
    }
  };
  const text = (letters: string, kinds: number): void => add(Buffer.from(letters, 'latin1'), kinds);
  const range = (first: number, last: number, kinds: number): void =>
    add(
      Uint8Array.from({ length: last - first + 1 }, (_, index) => first + index),
      kinds,
    );
  range(0x20, 0x7e, OctetClass.VALUE);
  range(0x80, 0xff, OctetClass.VALUE | OctetClass.PATH);
  range(0x21, 0x7e, OctetClass.PATH);
  text('\t', OctetClass.VALUE);
  text(`!#$%&'*+-.^_\`|~${digits}${lower}`, OctetClass.NAME);
  text(`!#$%&'*+-.^_\`|~${digits}${letters}`, OctetClass.TOKEN);
  text(`-._~%!$&'()*+,;=:[]${digits}${letters}`, OctetClass.AUTHORITY);
  text(`+-.${digits}${letters}`, OctetClass.SCHEME);
  text(digits, OctetClass.DIGIT);
  return classes;
}

function isAll(octets: Buffer, start: number, end: number, kind: OctetClass): boolean {
  let common: number = kind;
  for (let at = start; at < end; at++) {
    common &= CLASSES[octets[at] ?? 0] ?? 0;
  }
  return common !== 0;
}

/** Whether a field value may contain the octet. */
export function isValueOctet(octet: number): boolean {
  return ((CLASSES[octet] ?? 0) & OctetClass.VALUE) !== 0;
}

/** SP or HTAB: fine within a field value, but neither first nor last (RFC 9113, section 8.2.1). */
export function isEdgeSpace(octet: number): boolean {
  return octet === 0x20 || octet === 0x09;
}

/** Whether the range is a field value; an empty one is. */
export function isValue(octets: Buffer, start: number, end: number): boolean {
  if (start === end) {
    return true;
  }
  return isAll(octets, start, end, OctetClass.VALUE) && !isEdgeSpace(octets[start] ?? 0) && !isEdgeSpace(octets[end - 1] ?? 0);
}

/** Whether the range is a field name; an empty one is not. */
export function isName(octets: Buffer, start: number, end: number): boolean {
  return start < end && isAll(octets, start, end, OctetClass.NAME);
}

/** Whether the range is a method. */
export function isToken(octets: Buffer, start: number, end: number): boolean {
  return start < end && isAll(octets, start, end, OctetClass.TOKEN);
}

/** Whether all octets may stand in an authority without userinfo; so an empty one passes. */
export function isAuthorityText(octets: Buffer, start: number, end: number): boolean {
  return isAll(octets, start, end, OctetClass.AUTHORITY);
}

/** Whether the range is a scheme, but for the letter that it should begin with. */
export function isScheme(octets: Buffer, start: number, end: number): boolean {
  return start < end && isAll(octets, start, end, OctetClass.SCHEME);
}

/** Whether all octets may stand in a path and query. */
export function isPathText(octets: Buffer, start: number, end: number): boolean {
  return isAll(octets, start, end, OctetClass.PATH);
}

/** Whether the range is one or more digits. */
export function isDigits(octets: Buffer, start: number, end: number): boolean {
  return start < end && isAll(octets, start, end, OctetClass.DIGIT);
}
