import type { DiscoveryUpdate } from '../model/discovery-update.ts';
import type { HealthState } from '../model/health-view.ts';
import type { OutcomeWord } from './outcome.ts';

/** An endpoint that went from one state to another. */
export interface EndpointStateChange {
  readonly cluster: string;
  /** The endpoint's key. */
  readonly endpoint: string;
  readonly from: HealthState;
  readonly to: HealthState;
  /** Why, for an operator; empty when it went to healthy. */
  readonly reason: string;
}

/** What metrics and logs learn from the health table. Called at once, on the control path; must not throw. */
export interface HealthObserver {
  /** One check of one endpoint has ended, all services and the retry included. */
  onCheck(cluster: string, endpoint: string, outcome: OutcomeWord, durationMs: number): void;
  /** A check has passed after which the endpoint is healthy or degraded. Checks of type `none` and reports of an Envoy are none. */
  onPassed?(cluster: string, endpoint: string): void;
  onStateChange(change: EndpointStateChange): void;
  onDiscovery(cluster: string, update: DiscoveryUpdate): void;
  /** Discovery no longer reports the endpoint: its series and checks are over. */
  onEndpointRemoved(cluster: string, endpoint: string): void;
}
