/** The limits that chi-square passes once in a thousand times by chance, for 1, 2, … degrees of freedom: any table of statistics has them. */
const LIMITS_AT_ONE_IN_A_THOUSAND: readonly number[] = [10.828, 13.816, 16.266, 18.467, 20.515, 22.458, 24.322, 26.124, 27.877];

/** Whether counts may well have come about by chance from these shares, which may add up to anything: chi-square, p > 0.001. */
export function fitsShares(counts: readonly number[], shares: readonly number[]): boolean {
  const total = counts.reduce((sum, count) => sum + count, 0);
  const whole = shares.reduce((sum, share) => sum + share, 0);
  const limit = LIMITS_AT_ONE_IN_A_THOUSAND[counts.length - 2];
  if (counts.length !== shares.length || limit === undefined) {
    throw new RangeError(`${counts.length} counts for ${shares.length} shares, of which there must be 2 to 10`);
  }
  const chiSquare = counts.reduce((sum, count, index) => {
    const expected = (total * (shares[index] ?? 0)) / whole;
    return sum + (count - expected) ** 2 / expected;
  }, 0);
  return chiSquare < limit;
}
