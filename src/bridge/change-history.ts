import type { StateChange } from '../model/state-change.ts';
import type { Clock } from '../util/clock.ts';

/** Changes that are kept of each cluster: enough to see a flapping endpoint, on one line of a screen. */
export const MAX_CHANGES_PER_CLUSTER = 24;
/** Clusters whose changes are kept, above the limit of a configuration; the one that changed longest ago makes room. */
export const MAX_CLUSTERS_WITH_CHANGES = 1_024;
/** The longest reason that is kept. UTF-16 units. */
const MAX_REASON_LENGTH = 256;

/** The last changes of each cluster, so that a noisy one does not push out those of the others. */
export class ChangeHistory {
  readonly #clock: Pick<Clock, 'wallNow'>;
  /** Oldest first within a cluster; the clusters in the order of their last change. */
  readonly #changes = new Map<string, readonly StateChange[]>();

  constructor(clock: Pick<Clock, 'wallNow'>) {
    this.#clock = clock;
  }

  add(change: Omit<StateChange, 'atMs'>): void {
    const { cluster, endpoint, from, to } = change;
    const kept = { atMs: this.#clock.wallNow(), cluster, endpoint, from, to, reason: change.reason.slice(0, MAX_REASON_LENGTH) };
    const before = this.of(cluster);
    this.#changes.delete(cluster);
    this.#changes.set(cluster, [...before, kept].slice(-MAX_CHANGES_PER_CLUSTER));
    const [first] = this.#changes.keys();
    if (first !== undefined && this.#changes.size > MAX_CLUSTERS_WITH_CHANGES) {
      this.#changes.delete(first);
    }
  }

  /** The oldest first. */
  of(cluster: string): readonly StateChange[] {
    return this.#changes.get(cluster) ?? [];
  }
}
