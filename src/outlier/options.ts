/** When the endpoints of a cluster are ejected for what becomes of their calls. Envoy: `outlier_detection`; gRPC: A50. */
export interface OutlierOptions {
  /** Answers with a 5xx in a row. 0 = off, default 5. Envoy: `consecutive_5xx`. */
  readonly consecutive5xx: number;
  /** Answers with 502, 503 or 504 in a row. Default 0 = off. Envoy: `consecutive_gateway_failure`, enforced. */
  readonly consecutiveGatewayFailure: number;
  /** Pause between two sweeps. Milliseconds, default 10 000. Envoy: `interval`. */
  readonly intervalMs: number;
  /** How long the first ejection lasts; each further one as much longer. Milliseconds, default 30 000. Envoy: `base_ejection_time`. */
  readonly baseEjectionTimeMs: number;
  /** The longest ejection. Milliseconds, not below the base, default 300 000. Envoy: `max_ejection_time`. */
  readonly maxEjectionTimeMs: number;
  /**
   * How many endpoints may be ejected at once, of all; one always may. Per cent, 1 to 100, default 10. Envoy: `max_ejection_percent` with
   * `always_eject_one_host`.
   */
  readonly maxEjectionPercent: number;
  /** Null = off. */
  readonly successRate: SuccessRateOptions | null;
  /** Null = off. */
  readonly failurePercentage: FailurePercentageOptions | null;
}

/** Ejects endpoints that succeed far more rarely than the others. */
export interface SuccessRateOptions {
  /** How many standard deviations below the mean. Above 0, default 1.9. Envoy: `success_rate_stdev_factor`, divided by 1000. */
  readonly stdevFactor: number;
  /** Endpoints with enough calls that there must be. Default 5. Envoy: `success_rate_minimum_hosts`. */
  readonly minHosts: number;
  /** Calls in an interval that are enough. Default 100. Envoy: `success_rate_request_volume`. */
  readonly requestVolume: number;
}

/** Ejects endpoints that fail too often, whatever the others do. */
export interface FailurePercentageOptions {
  /** From so many failures in a hundred on. Per cent, 1 to 100, default 85. Envoy: `failure_percentage_threshold`, enforced. */
  readonly threshold: number;
  /** Endpoints with enough calls that there must be. Default 5. Envoy: `failure_percentage_minimum_hosts`. */
  readonly minHosts: number;
  /** Calls in an interval that are enough. Default 50. Envoy: `failure_percentage_request_volume`. */
  readonly requestVolume: number;
}
