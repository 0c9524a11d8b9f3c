import type { DiscoveryUpdate } from '../model/discovery-update.ts';

/** A source of endpoint sets. */
export interface Discovery {
  /**
   * Reports until `signal` aborts, then resolves; it never rejects. Every change is reported, and every failure too:
   * the receiver keeps the last endpoints then. An unchanged answer is reported as well, as it ends a failure.
   */
  watch(onUpdate: (update: DiscoveryUpdate) => void, signal: AbortSignal): Promise<void>;
}
