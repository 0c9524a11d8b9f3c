/** The shape of a size: a whole number of octets, or of a unit of them. */
export const SIZE_PATTERN = '^\\d{1,10}(B|KiB|MiB|GiB)$';

const UNITS: ReadonlyMap<string, number> = new Map([
  ['GiB', 1_073_741_824],
  ['MiB', 1_048_576],
  ['KiB', 1024],
  ['B', 1],
]);

/** The octets of `64KiB`, `1MiB`, `512B`; null for any other text. */
export function parseSize(text: string): number | null {
  const match = /^(\d{1,10})(B|KiB|MiB|GiB)$/.exec(text);
  const unit = UNITS.get(match?.[2] ?? '');
  return match === null || unit === undefined ? null : Number(match[1]) * unit;
}

/** The inverse of `parseSize`, in the largest unit that divides the number. */
export function formatSize(octets: number): string {
  for (const [unit, size] of UNITS) {
    if (octets >= size && octets % size === 0) {
      return `${octets / size}${unit}`;
    }
  }
  return `${octets}B`;
}
