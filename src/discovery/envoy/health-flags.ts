import type { ReportedHealth } from '../../model/endpoint.ts';

/**
 * What becomes of flags that are not known here. `byPrefix`: `failed_…` and `eds_status_…` are unhealthy, `degraded_…` is degraded,
 * any other has no effect. `unhealthy`: every one is.
 */
export type UnknownFlags = 'byPrefix' | 'unhealthy';

type Effect = 'unhealthy' | 'ejected' | 'degraded' | 'pending' | 'excluded' | 'draining' | 'neutral';

/** The words of `health_flags` with their effect, in the order in which Envoy prints them. */
const EFFECTS: ReadonlyMap<string, Effect> = new Map([
  ['failed_active_hc', 'unhealthy'],
  ['failed_outlier_check', 'ejected'],
  ['failed_eds_health', 'unhealthy'],
  ['degraded_active_hc', 'degraded'],
  ['degraded_eds_health', 'degraded'],
  ['pending_dynamic_removal', 'neutral'],
  ['pending_active_hc', 'pending'],
  ['excluded_via_immediate_hc_fail', 'excluded'],
  ['active_hc_timeout', 'neutral'],
  ['eds_status_draining', 'draining'],
  ['degraded_outlier_detection', 'degraded'],
]);
const WORDS: readonly string[] = [...EFFECTS.keys()];

/** The fields of `HostHealthStatus` that are called otherwise in text. */
const WORDS_OF_FIELDS: ReadonlyMap<string, string> = new Map([
  ['failed_active_health_check', 'failed_active_hc'],
  ['failed_active_degraded_check', 'degraded_active_hc'],
  ['failed_degraded_outlier_detection', 'degraded_outlier_detection'],
]);

/** EDS states by the names in the API; no word for those that count as healthy. */
const WORDS_OF_EDS: ReadonlyMap<string, readonly string[]> = new Map([
  ['UNKNOWN', []],
  ['HEALTHY', []],
  ['UNHEALTHY', ['failed_eds_health']],
  ['TIMEOUT', ['failed_eds_health']],
  ['DEGRADED', ['degraded_eds_health']],
  ['DRAINING', ['eds_status_draining']],
]);

const EDS_FIELD = 'eds_health_status';
const WORD = /^[A-Za-z0-9_.-]{1,64}$/;
/** Of one host; Envoy has eleven. */
export const MAX_FLAGS = 32;

/**
 * The strictest first: what takes a host out of the counting goes before what Envoy makes of its checks, and a check that failed
 * before an ejection, which ends by itself.
 */
const STATES: readonly Exclude<Effect, 'neutral'>[] = ['draining', 'excluded', 'pending', 'unhealthy', 'ejected', 'degraded'];

/**
 * The words of a `health_flags` value of the text form: `healthy`, `/word/word`, or the bare EDS state that hosts have which only
 * the admin interface knows. Null if it is none of these.
 */
export function parseTextFlags(text: string): readonly string[] | null {
  if (!text.startsWith('/')) {
    return text === text.toLowerCase() ? (WORDS_OF_EDS.get(text.toUpperCase()) ?? null) : null;
  }
  const words = text.slice(1).split('/', MAX_FLAGS + 1);
  return words.length <= MAX_FLAGS && words.every((word) => WORD.test(word)) ? words : null;
}

/** The words that a `health_status` object of the JSON form stands for, in the order of the text form; null if it is malformed. */
export function parseJsonFlags(status: unknown): readonly string[] | null {
  if (typeof status !== 'object' || status === null || Array.isArray(status)) {
    return null;
  }
  const words: string[] = [];
  for (const [field, value] of Object.entries(status)) {
    const found = field === EDS_FIELD ? wordsOfEds(value) : wordsOfField(field, value);
    if (found === null) {
      return null;
    }
    words.push(...found);
  }
  // Envoy always writes the EDS state; a field that is not known may be what has become of it.
  const isWhole = Object.hasOwn(status, EDS_FIELD) || words.every((word) => EFFECTS.has(word));
  return isWhole && words.length <= MAX_FLAGS && words.every((word) => WORD.test(word)) ? words.toSorted(compareWords) : null;
}

/** What the words make of a host. Envoy: coarse health, and the hosts that its maths exclude. */
export function classifyFlags(words: readonly string[], unknownFlags: UnknownFlags): ReportedHealth['state'] {
  const effects = new Set(words.map((word) => EFFECTS.get(word) ?? effectOfUnknown(word, unknownFlags)));
  return STATES.find((state) => effects.has(state)) ?? 'healthy';
}

function effectOfUnknown(word: string, unknownFlags: UnknownFlags): Effect {
  if (unknownFlags === 'unhealthy' || word.startsWith('failed_') || word.startsWith('eds_status_')) {
    return 'unhealthy';
  }
  return word.startsWith('degraded_') ? 'degraded' : 'neutral';
}

/** A state that is not known here is a word of its own. Protobuf prints enum values that it does not know as numbers. */
function wordsOfEds(value: unknown): readonly string[] | null {
  if (typeof value !== 'string' && typeof value !== 'number') {
    return value === null ? [] : null;
  }
  return WORDS_OF_EDS.get(String(value)) ?? [`eds_status_${String(value).toLowerCase()}`];
}

/** Fields that are not set may be there as false or null; a field of another kind is a word that is not known. */
function wordsOfField(field: string, value: unknown): readonly string[] | null {
  if (value === false || value === null) {
    return [];
  }
  const word = WORDS_OF_FIELDS.get(field) ?? field;
  return value === true || !EFFECTS.has(word) ? [word] : null;
}

function compareWords(left: string, right: string): number {
  return placeOf(left) - placeOf(right);
}

function placeOf(word: string): number {
  const place = WORDS.indexOf(word);
  return place < 0 ? WORDS.length : place;
}
