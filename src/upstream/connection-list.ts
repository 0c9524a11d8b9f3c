import type { UpstreamConnection } from './upstream-connection.ts';

/** The connections to one endpoint whose sockets are not gone, those included that are not ready yet or already leaving. */
export class ConnectionList {
  readonly #all: UpstreamConnection[] = [];

  get size(): number {
    return this.#all.length;
  }

  /** Streams of all of them. A policy may read it at each pick: no garbage. */
  get liveStreams(): number {
    let sum = 0;
    for (let index = 0; index < this.#all.length; index++) {
      sum += this.#all[index]?.liveStreams ?? 0;
    }
    return sum;
  }

  /** Those that are not leaving, ready or not. One that has had all the streams it may have leaves with the last of them. */
  get staying(): number {
    return this.#all.reduce((sum, connection) => sum + (connection.isRetiring ? 0 : 1), 0);
  }

  /** Those that are ready and not leaving. */
  get usable(): number {
    return this.#all.reduce((sum, connection) => sum + (connection.isUsable ? 1 : 0), 0);
  }

  /** Whether one of them is ready and not leaving. */
  get hasUsable(): boolean {
    return this.#all.some(({ isUsable }) => isUsable);
  }

  /** How many streams the widest of them carries at most: what another one may be expected to carry. 0 while none is usable. */
  get width(): number {
    return this.#all.reduce(
      (most, { isUsable, liveStreams, openCapacity }) => (isUsable ? Math.max(most, liveStreams + openCapacity) : most),
      0,
    );
  }

  add(connection: UpstreamConnection): void {
    this.#all.push(connection);
  }

  remove(connection: UpstreamConnection): void {
    const index = this.#all.indexOf(connection);
    if (index >= 0) {
      this.#all.splice(index, 1);
    }
  }

  /** A copy, for loops in which connections may go. */
  list(): readonly UpstreamConnection[] {
    return this.#all.slice();
  }

  /** The one with the fewest streams of those that have a place; null for none. The data path: no garbage. */
  best(): UpstreamConnection | null {
    let best: UpstreamConnection | null = null;
    let fewest = Number.MAX_SAFE_INTEGER;
    for (let index = 0; index < this.#all.length; index++) {
      const connection = this.#all[index];
      if (connection !== undefined && connection.liveStreams < fewest && connection.isUsable && connection.openCapacity > 0) {
        best = connection;
        fewest = connection.liveStreams;
      }
    }
    return best;
  }
}
