const MS_PER_UNIT = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 } as const;
type DurationUnit = keyof typeof MS_PER_UNIT;

/** A whole number and a unit, as JSON Schema can say it. Nine digits keep every length an exact number of milliseconds. */
export const DURATION_PATTERN = '^(0|[1-9][0-9]{0,8})(ms|s|m|h)$';
const DURATION = new RegExp(DURATION_PATTERN);

/** Parses `250ms`, `5s`, `1m`, `1h` to milliseconds; null for any other text, fractions and sums such as `1m30s` included. */
export function parseDuration(text: string): number | null {
  const match = DURATION.exec(text);
  if (match === null) {
    return null;
  }
  const [, amount = '', unit = ''] = match;
  return isUnit(unit) ? Number(amount) * MS_PER_UNIT[unit] : null;
}

/** The inverse of `parseDuration` in the largest unit that is exact: 620000 is `620s`, 180000 is `3m`, 0 is `0s`. */
export function formatDuration(ms: number): string {
  if (ms === 0) {
    return '0s';
  }
  const unit = (['h', 'm', 's'] as const).find((candidate) => ms % MS_PER_UNIT[candidate] === 0) ?? 'ms';
  return `${ms / MS_PER_UNIT[unit]}${unit}`;
}

function isUnit(text: string): text is DurationUnit {
  return Object.hasOwn(MS_PER_UNIT, text);
}
