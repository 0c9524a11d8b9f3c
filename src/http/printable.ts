/** The longest reason that an answer repeats, in UTF-16 units. A status message may be as long as its sender likes. */
export const MAX_REASON_LENGTH = 256;

/** The longest name that an answer repeats of what a source calls clusters and localities. Such names may be any text. UTF-16 units. */
export const MAX_ORIGIN_NAME_LENGTH = 128;

/** Control and format characters, line and paragraph separators, and halves of surrogate pairs. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

/**
 * Text of foreign origin, such as a backend's status message, made safe to stand on one line of an answer: what would
 * break the line or steer a terminal becomes `?`, and what is longer than `maxLength` UTF-16 units ends in `…`.
 */
export function toPrintable(text: string, maxLength: number): string {
  const cut = text.length > maxLength ? `${text.slice(0, maxLength - 1)}…` : text;
  return cut.replace(UNPRINTABLE, '?');
}
