import type { EndpointStateChange, HealthObserver } from '../../../src/health/observer.ts';
import type { OutcomeWord } from '../../../src/health/outcome.ts';
import type { DiscoveryUpdate } from '../../../src/model/discovery-update.ts';

/** Keeps what it is told. */
export class RecordingObserver implements HealthObserver {
  readonly checks: { readonly endpoint: string; readonly outcome: OutcomeWord; readonly durationMs: number }[] = [];
  /** Endpoints of which a check has passed that leaves them healthy or degraded. */
  readonly passed: string[] = [];
  readonly changes: EndpointStateChange[] = [];
  readonly discoveries: DiscoveryUpdate[] = [];
  readonly removed: string[] = [];

  onCheck(_cluster: string, endpoint: string, outcome: OutcomeWord, durationMs: number): void {
    this.checks.push({ endpoint, outcome, durationMs });
  }

  onPassed(_cluster: string, endpoint: string): void {
    this.passed.push(endpoint);
  }

  onStateChange(change: EndpointStateChange): void {
    this.changes.push(change);
  }

  onDiscovery(_cluster: string, update: DiscoveryUpdate): void {
    this.discoveries.push(update);
  }

  onEndpointRemoved(_cluster: string, endpoint: string): void {
    this.removed.push(endpoint);
  }
}
