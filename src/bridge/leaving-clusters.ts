import type { HealthView } from '../model/health-view.ts';
import type { Clock, Timer } from '../util/clock.ts';
import { type AnyCluster, isUnused } from './forwarded-cluster.ts';

/** How often replaced clusters are looked at, whether their last call has ended. Milliseconds. */
const LEAVE_POLL_MS = 100;
/** Replaced clusters whose calls do not end; one more ends those of the oldest. Calls may take hours, and each reload may leave a cluster behind. */
export const MAX_LEAVING_CLUSTERS = 16;

/** Clusters that a reload has replaced: their calls go on, no others come, and with the last call they are closed. */
export class LeavingClusters {
  readonly #clock: Clock;
  /** With their names, the oldest first. */
  readonly #clusters = new Map<AnyCluster, string>();
  readonly #closing = new Set<Promise<void>>();
  #timer: Timer | null = null;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Those whose calls go on. */
  get all(): Iterable<AnyCluster> {
    return this.#clusters.keys();
  }

  /** Takes one that was in force. `endUnused` follows, when all have been taken. */
  add(name: string, cluster: AnyCluster): void {
    this.#clusters.set(cluster, name);
  }

  /** Takes what is known of health now: calls that wait may need another endpoint. */
  update(view: HealthView): void {
    for (const [{ of }, name] of this.#clusters) {
      const health = view.clusters.get(name);
      if (health !== undefined) {
        of.update(health.endpoints);
      }
    }
  }

  /** Ends those that have nothing to do any more, and looks again later if any are left. */
  endUnused(): void {
    this.#timer?.cancel();
    for (const cluster of this.#clusters.keys()) {
      if (isUnused(cluster) || this.#clusters.size > MAX_LEAVING_CLUSTERS) {
        this.#clusters.delete(cluster);
        this.end(cluster);
      }
    }
    this.#timer = this.#clusters.size === 0 ? null : this.#clock.setTimer(LEAVE_POLL_MS, () => this.endUnused());
  }

  /** Ends one now, which need not be among them; `close` waits for it. */
  end({ of }: AnyCluster): void {
    const closed = of.close().finally(() => this.#closing.delete(closed));
    this.#closing.add(closed);
  }

  /** Ends all that are left; resolves when their connections are gone. May be called again. */
  async close(): Promise<void> {
    this.#timer?.cancel();
    await Promise.all([...this.#clusters.keys()].map(({ of }) => of.close()));
    await Promise.all(this.#closing);
  }
}
