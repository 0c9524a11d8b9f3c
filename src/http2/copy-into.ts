/** From here on a native copy costs less than a loop: on the data path, with all that surrounds it there, 120 ns. Octets. */
const NATIVE_COPY_OCTETS = 128;

/** Copies a range to `target`, from `at` on, where there is room for it; the two do not overlap. */
// oxlint-disable-next-line eslint/max-params -- an object made for each copy would be garbage
export function copyInto(target: Buffer, at: number, octets: Buffer, start: number, end: number): void {
  if (end - start >= NATIVE_COPY_OCTETS) {
    octets.copy(target, at, start, end);
    return;
  }
  for (let from = start, into = at; from < end; from++, into++) {
    target[into] = octets[from] ?? 0;
  }
}
