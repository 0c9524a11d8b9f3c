/** What the success rates of several endpoints say together, in per cent. */
export interface SuccessRates {
  readonly average: number;
  /** Below it an endpoint is an outlier; may be below 0. */
  readonly threshold: number;
}

/**
 * The mean, and the mean less `stdevFactor` standard deviations, that of a whole population. So Envoy reckons: of 50, 100, 100, 100 and 100
 * with a factor of 1.9 they are 90 and 52. There is at least one rate.
 */
export function judgeSuccessRates(rates: readonly number[], stdevFactor: number): SuccessRates {
  const average = rates.reduce((sum, rate) => sum + rate, 0) / rates.length;
  const variance = rates.reduce((sum, rate) => sum + (rate - average) ** 2, 0) / rates.length;
  return { average, threshold: average - stdevFactor * Math.sqrt(variance) };
}
