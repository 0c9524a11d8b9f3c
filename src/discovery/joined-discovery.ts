import type { DiscoveryUpdate } from '../model/discovery-update.ts';
import { type Endpoint, uniqueEndpoints } from '../model/endpoint.ts';
import type { Discovery } from './discovery.ts';

/** What one source said last. */
interface SourceState {
  endpoints: readonly Endpoint[];
  /** Null before the first word; empty while it works. */
  failure: string | null;
}

/**
 * Several sources of one cluster as one. Nothing is reported until each has had its first word, so that a slow one does not look like
 * endpoints that come later. From then on a source that fails keeps its last endpoints, and what is reported is a failure that brings
 * the endpoints of all, for as long as any of them fails: freshness is that of the source that has been away the longest.
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
  /** Whether endpoints were reported, ever. */
  #hasReported = false;

  constructor(sources: number, onUpdate: (update: DiscoveryUpdate) => void) {
    this.#states = Array.from({ length: sources }, () => ({ endpoints: [], failure: null }));
    this.#onUpdate = onUpdate;
  }

  take(index: number, update: DiscoveryUpdate): void {
    const state = this.#states[index];
    if (state === undefined) {
      return;
    }
    state.endpoints = update.endpoints ?? state.endpoints;
    state.failure = update.kind === 'endpoints' ? '' : update.reason;
    if (this.#states.every(({ failure }) => failure !== null)) {
      this.#report();
    }
  }

  #report(): void {
    const endpoints = uniqueEndpoints(this.#states.flatMap((state) => state.endpoints));
    const failures = this.#states.flatMap(({ failure }) => (failure === null || failure === '' ? [] : [failure]));
    if (failures.length === 0) {
      this.#hasReported = true;
      this.#onUpdate({ kind: 'endpoints', endpoints });
      return;
    }
    const reason = failures.join('; ');
    // Before anything was found, an empty set beside a failure is no news.
    this.#hasReported ||= endpoints.length > 0;
    this.#onUpdate(this.#hasReported ? { kind: 'failed', reason, endpoints } : { kind: 'failed', reason });
  }
}
