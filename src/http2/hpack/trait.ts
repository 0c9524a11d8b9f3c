/**
 * What the rules of RFC 9113, section 8, and the encoder have to know of a field: bits, found out once when a name or field is made. An
 * ordinary valid field has none of those in RULES.
 */
export const Trait = {
  INVALID_NAME: 0x1,
  /** Octets that no value may have, or a space first or last. */
  INVALID_VALUE: 0x2,
  /** A value that this very name must not have, such as a path without a slash. */
  MALFORMED: 0x4,
  /** RFC 9113, section 8.2.2. */
  CONNECTION_SPECIFIC: 0x8,
  /** Begins with a colon. */
  PSEUDO: 0x10,
  METHOD: 0x20,
  SCHEME: 0x40,
  PATH: 0x80,
  AUTHORITY: 0x100,
  STATUS: 0x200,
  HOST: 0x400,
  CONTENT_LENGTH: 0x800,
  /** The method is CONNECT. */
  CONNECT: 0x1000,
  /** The method is OPTIONS. */
  OPTIONS: 0x2000,
  /** The method is HEAD. */
  HEAD: 0x4000,
  /** The path is `*`. */
  ASTERISK: 0x8000,
  RULES: 0xffff,
  /** Values of this name rarely come twice: they are in no cache and no table of ours. */
  UNSTABLE: 0x1_0000,
  /** Values of this name are secrets: as UNSTABLE, and never indexed by anybody (RFC 7541, section 7.1.3). */
  SENSITIVE: 0x2_0000,
} as const;
