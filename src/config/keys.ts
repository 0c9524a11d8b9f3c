import { Type } from 'typebox';
import { isHostName, isIpLiteral } from '../model/address.ts';
import { DURATION_PATTERN, parseDuration } from './duration.ts';
import { MAX_FILE_PATH_LENGTH } from './limits.ts';
import type { KeyNotes } from './notes.ts';
import { withTest } from './rules.ts';
import { parseSize, SIZE_PATTERN } from './size.ts';

interface KeyOptions {
  /** Effect, twin in Envoy or gRPC. Shown in the documentation and the JSON Schema. */
  readonly description: string;
  /** Shown where the default is computed rather than fixed. */
  readonly defaultText?: string;
}

/** A length of time: `250ms`, `5s`, `1m`, `1h`. The limits are written the same way and are inclusive. */
export function durationKey(
  options: KeyOptions & { readonly default?: string; readonly minimum: string; readonly maximum: string },
): Type.TString {
  const { minimum, maximum, ...rest } = options;
  const range = `${minimum} to ${maximum}`;
  const [low, high] = [toMs(minimum), toMs(maximum)];
  const notes: KeyNotes = { expects: 'a whole number and a unit, such as 250ms, 5s, 1m or 1h', kind: 'duration', range };
  return withTest(Type.String({ pattern: DURATION_PATTERN, ...rest, ...notes }), `must be from ${range}`, (text) => {
    const ms = parseDuration(text);
    return ms !== null && ms >= low && ms <= high;
  });
}

/** Milliseconds of a duration that the schema has accepted. */
export function toMs(text: string): number {
  const ms = parseDuration(text);
  if (ms === null) {
    throw new RangeError(`${text} passed as a duration`);
  }
  return ms;
}

/** A number of octets: `512B`, `64KiB`, `1MiB`, `1GiB`. The limits are written the same way and are inclusive. */
export function sizeKey(
  options: KeyOptions & { readonly default?: string; readonly minimum: string; readonly maximum: string },
): Type.TString {
  const { minimum, maximum, ...rest } = options;
  const range = `${minimum} to ${maximum}`;
  const [low, high] = [toBytes(minimum), toBytes(maximum)];
  const notes: KeyNotes = { expects: 'a whole number and a unit, such as 512B, 64KiB or 1MiB', kind: 'size', range };
  return withTest(Type.String({ pattern: SIZE_PATTERN, ...rest, ...notes }), `must be from ${range}`, (text) => {
    const octets = parseSize(text);
    return octets !== null && octets >= low && octets <= high;
  });
}

/** Octets of a size that the schema has accepted. */
export function toBytes(text: string): number {
  const octets = parseSize(text);
  if (octets === null) {
    throw new RangeError(`${text} passed as a size`);
  }
  return octets;
}

/** A whole number; both limits are inclusive. */
export function wholeKey(
  options: KeyOptions & { readonly default?: number; readonly minimum: number; readonly maximum: number },
): Type.TInteger {
  const range = `${options.minimum} to ${options.maximum}`;
  const notes: KeyNotes = { expects: `a whole number from ${range}`, kind: 'whole number', range };
  return Type.Integer({ ...options, ...notes });
}

/** A number with or without a fraction; both limits are inclusive. */
export function numberKey(
  options: KeyOptions & { readonly default?: number; readonly minimum: number; readonly maximum: number },
): Type.TNumber {
  const range = `${options.minimum} to ${options.maximum}`;
  const notes: KeyNotes = { expects: `a number from ${range}`, kind: 'number', range };
  return Type.Number({ ...options, ...notes });
}

/** True or false. */
export function switchKey(options: KeyOptions & { readonly default?: boolean }): Type.TBoolean {
  const notes: KeyNotes = { expects: 'true or false', kind: 'true or false' };
  return Type.Boolean({ ...options, ...notes });
}

/** One of a few words. */
export function wordKey<const Words extends string[]>(
  words: readonly [...Words],
  options: KeyOptions & { readonly default?: Words[number] },
): Type.TEnum<Words> {
  const notes: KeyNotes = {
    expects: words.length === 1 ? words[0] : `one of ${words.join(', ')}`,
    kind: words.join(' | '),
  };
  return Type.Enum(words, { ...options, ...notes });
}

/** Any text of a shape. `pattern` holds for the whole text; `accepts` refines it, and `expects` words both. */
export function textKey(
  options: KeyOptions &
    KeyNotes & {
      readonly expects: string;
      readonly pattern?: string;
      readonly maxLength?: number;
      readonly minLength?: number;
      readonly default?: string;
    },
  accepts: (text: string) => boolean = () => true,
): Type.TString {
  return withTest(Type.String({ kind: 'text', ...options }), `must be ${options.expects}`, accepts);
}

/** The pattern of names of clusters, groups and listeners: they are parts of URLs and labels of metrics. */
export const NAME_PATTERN = '^[A-Za-z0-9._-]{1,63}$';

/** A name of a cluster, group or listener. `.` and `..` are refused: clients remove them from URLs. */
export function nameKey(options: KeyOptions): Type.TString {
  const notes = { expects: 'a name of 1 to 63 letters, digits, dots, dashes and underscores, not . or ..', kind: 'name' };
  return textKey({ ...options, ...notes, pattern: NAME_PATTERN }, (name) => name !== '.' && name !== '..');
}

/** The path of a file, relative ones to the working directory. Existence is looked at when the file is read. */
export function fileKey(options: KeyOptions & { readonly default?: string }): Type.TString {
  return textKey({
    ...options,
    expects: `the path of a file, of 1 to ${MAX_FILE_PATH_LENGTH} characters`,
    kind: 'file',
    minLength: 1,
    maxLength: MAX_FILE_PATH_LENGTH,
    pattern: '^[^\\u0000]*$',
  });
}

/** A name in DNS or the hosts file, never an IP literal. */
export function hostNameKey(options: KeyOptions): Type.TString {
  return textKey(
    { ...options, expects: 'a host name without a port, not an IP address', kind: 'host name', minLength: 1, maxLength: 254 },
    (text) => isHostName(text) && !isIpLiteral(text) && !/^[\d.]+$/.test(text),
  );
}

/** A host with a port if need be, as it stands in `:authority` and `host`: RFC 3986, section 3.2, without user information. */
export function authorityKey(options: KeyOptions): Type.TString {
  return textKey({
    ...options,
    expects: 'a host, with a port if need be, of at most 255 characters',
    kind: 'host[:port]',
    pattern: "^[A-Za-z0-9._~!$&'()*+,;=:%\\[\\]-]{1,255}$",
  });
}

/** The options of an object that refuses keys it does not know. */
export function closed(options: { readonly description: string; readonly default?: object }): Type.TObjectOptions {
  return { ...options, additionalProperties: false };
}
