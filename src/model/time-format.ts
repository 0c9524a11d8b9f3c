/** One part of a time: text as it stands, or a directive of strftime by its letter; `f` with the number of its digits. */
export type TimePart =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'directive'; readonly letter: TimeDirective; readonly digits: number };

/** A format of times, or what is wrong with it. */
export type TimeFormatResult =
  | { readonly kind: 'format'; readonly parts: readonly TimePart[] }
  | { readonly kind: 'invalid'; readonly message: string };

const TIME_DIRECTIVES = [
  'Y',
  'y',
  'm',
  'd',
  'e',
  'j',
  'H',
  'I',
  'M',
  'S',
  'p',
  'a',
  'A',
  'b',
  'h',
  'B',
  'F',
  'D',
  'T',
  'R',
  'Z',
  'z',
  's',
  'f',
] as const;
/** The directives that there are. */
export type TimeDirective = (typeof TIME_DIRECTIVES)[number];

const DIRECTIVE = /%([1-9](?=f))?(.?)/gs;
const ESCAPED_TEXT: Readonly<Record<string, string>> = { '%': '%', n: '\n', t: '\t' };
/** Of `%f` without a number: nanoseconds, as Envoy has it. */
const DEFAULT_FRACTION_DIGITS = 9;

/** Parses a format of Envoy's `%START_TIME(…)%`: that of strftime with `%f` and `%1f` to `%9f` for fractions of a second. Times are UTC. */
export function parseTimeFormat(text: string): TimeFormatResult {
  const parts: TimePart[] = [];
  let from = 0;
  for (const { 0: all, 1: digits, 2: letter = '', index } of text.matchAll(DIRECTIVE)) {
    parts.push({ kind: 'text', text: text.slice(from, index) });
    from = index + all.length;
    const plain = ESCAPED_TEXT[letter];
    const directive = TIME_DIRECTIVES.find((each) => each === letter);
    if (directive !== undefined) {
      parts.push({ kind: 'directive', letter: directive, digits: Number(digits ?? DEFAULT_FRACTION_DIGITS) });
    } else if (plain === undefined) {
      return { kind: 'invalid', message: `must not have ${all} in a time: there are ${TIME_DIRECTIVES.join(', ')} and 1f to 9f` };
    } else {
      parts.push({ kind: 'text', text: plain });
    }
  }
  parts.push({ kind: 'text', text: text.slice(from) });
  return { kind: 'format', parts: parts.filter((part) => part.kind === 'directive' || part.text !== '') };
}
