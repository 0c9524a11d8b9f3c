import type { HealthState } from './health-view.ts';

/** An endpoint that changed its state, as the status page tells it. */
export interface StateChange {
  /** Milliseconds since 1970. */
  readonly atMs: number;
  readonly cluster: string;
  /** The endpoint's key. */
  readonly endpoint: string;
  readonly from: HealthState;
  readonly to: HealthState;
  /** Why; empty when it went to healthy. */
  readonly reason: string;
}
