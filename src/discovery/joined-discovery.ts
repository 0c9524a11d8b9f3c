import type { DiscoveryUpdate } from '../model/discovery-update.ts';
import { diffEndpoints, type Endpoint, uniqueEndpoints } from '../model/endpoint.ts';
import type { Discovery } from './discovery.ts';

/** What one source said last. */
interface SourceState {
  endpoints: readonly Endpoint[];
  /** Null before the first word; empty while it works. */
  failure: string | null;
}

/**
 * Several sources of one cluster as one. Nothing is reported until each has had its first word, so that a slow one does not look like
 * endpoints that come later; from then on a source that fails keeps its last endpoints, and the failure is reported.
 */
export class JoinedDiscovery implements Discovery {
  readonly #sources: readonly Discovery[];

  constructor(sources: readonly Discovery[]) {
    this.#sources = sources;
  }

  async watch(onUpdate: (update: DiscoveryUpdate) => void, signal: AbortSignal): Promise<void> {
    const join = new Join(this.#sources.length, onUpdate);
    await Promise.all(this.#sources.map((source, index) => source.watch((update) => join.take(index, update), signal)));
  }
}

class Join {
  readonly #states: readonly SourceState[];
  readonly #onUpdate: (update: DiscoveryUpdate) => void;
  /** What was reported last; null before. */
  #reported: readonly Endpoint[] | null = null;

  constructor(sources: number, onUpdate: (update: DiscoveryUpdate) => void) {
    this.#states = Array.from({ length: sources }, () => ({ endpoints: [], failure: null }));
    this.#onUpdate = onUpdate;
  }

  take(index: number, update: DiscoveryUpdate): void {
    const state = this.#states[index];
    if (state === undefined) {
      return;
    }
    if (update.kind === 'endpoints') {
      state.endpoints = update.endpoints;
      state.failure = '';
    } else {
      state.endpoints = update.endpoints ?? state.endpoints;
      state.failure = update.reason;
    }
    if (this.#states.every(({ failure }) => failure !== null)) {
      this.#report();
    }
  }

  #report(): void {
    const endpoints = uniqueEndpoints(this.#states.flatMap((state) => state.endpoints));
    const failures = this.#states.flatMap(({ failure }) => (failure === null || failure === '' ? [] : [failure]));
    if (failures.length > 0 && endpoints.some(({ reported }) => reported !== undefined)) {
      // What each source says of health goes on beside the failure of another, and counts in it what failed.
      this.#reported = endpoints;
      this.#onUpdate({ kind: 'failed', reason: failures.join('; '), endpoints });
      return;
    }
    const isNothingKnown = endpoints.length === 0 && this.#reported === null;
    // An unchanged set would say that the failure is over.
    if (failures.length === 0 || (!isNothingKnown && isChange(this.#reported, endpoints))) {
      this.#reported = endpoints;
      this.#onUpdate({ kind: 'endpoints', endpoints });
    }
    if (failures.length > 0) {
      this.#onUpdate({ kind: 'failed', reason: failures.join('; ') });
    }
  }
}

function isChange(before: readonly Endpoint[] | null, after: readonly Endpoint[]): boolean {
  if (before === null) {
    return true;
  }
  const { added, removed } = diffEndpoints(before, after);
  return added.length > 0 || removed.length > 0;
}
