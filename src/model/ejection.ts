/**
 * Why outlier detection takes an endpoint out, as a label of metrics: Envoy's `OutlierEjectionType` in small letters, of which those of local
 * origin are not told apart here.
 */
export const EJECTION_KINDS = ['consecutive_5xx', 'consecutive_gateway_failure', 'success_rate', 'failure_percentage'] as const;
/** One of them. */
export type EjectionKind = (typeof EJECTION_KINDS)[number];

/** An endpoint that gets no calls for a while, because of what became of those that it had. */
export interface Ejection {
  readonly kind: EjectionKind;
  /** Words for an operator, such as `5 consecutive 5xx`. */
  readonly words: string;
  /** Since when, in milliseconds since 1970. */
  readonly sinceMs: number;
  /** Its time is over then, in milliseconds since 1970; it returns with the next sweep. */
  readonly untilMs: number;
}

/** What outlier detection knows of one cluster at this moment. Rates are of the interval before the last sweep. */
export interface OutlierView {
  /** By endpoint key; replaced with every change, never changed. */
  readonly ejections: ReadonlyMap<string, Ejection>;
  /** Mean of the endpoints' success rates, in per cent; -1 while there were too few calls or endpoints. Envoy: `success_rate_average`. */
  readonly successRateAverage: number;
  /** The rate below which endpoints are ejected, in per cent; -1 as above. Envoy: `success_rate_ejection_threshold`. */
  readonly successRateThreshold: number;
  /** Of one endpoint, in per cent; -1 while it had too few calls. Envoy: `success_rate`. */
  successRateOf(key: string): number;
}
