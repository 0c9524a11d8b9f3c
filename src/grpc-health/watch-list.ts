import type { DownstreamPeer } from '../proxy/downstream-stream.ts';

/** Watches of one process; one more is refused. Each is a stream with a name, some hundreds of octets. */
export const MAX_WATCHES = 10_000;

/** Watches of one connection: more than a client has names to ask for, and what gRPC servers commonly allow of streams. */
export const MAX_WATCHES_PER_CONNECTION = 100;

/** A Watch that is open. */
export interface OpenWatch {
  /** That of its connection, which has one object for all of its streams. */
  readonly peer: DownstreamPeer;
  /** Something changed: sends the status if it is another one than it sent last. */
  tell(): void;
  /** Ends it with UNAVAILABLE, as the process is leaving, and takes it from the list. */
  end(): void;
}

/** The open Watches of a process, so many of them at most. */
export class WatchList {
  readonly #watches = new Set<OpenWatch>();
  readonly #byPeer = new Map<DownstreamPeer, number>();
  #isDraining = false;

  /** How many are open. */
  get size(): number {
    return this.#watches.size;
  }

  /** Connections that have any. */
  get connections(): number {
    return this.#byPeer.size;
  }

  /** Whether a Watch is told to go elsewhere after its first message. */
  get isDraining(): boolean {
    return this.#isDraining;
  }

  /** Takes one in; false if there are as many as may be, of its connection or at all. */
  add(watch: OpenWatch): boolean {
    const ofPeer = this.#byPeer.get(watch.peer) ?? 0;
    if (this.#watches.size >= MAX_WATCHES || ofPeer >= MAX_WATCHES_PER_CONNECTION) {
      return false;
    }
    this.#watches.add(watch);
    this.#byPeer.set(watch.peer, ofPeer + 1);
    return true;
  }

  /** Nothing happens if it is not in the list. */
  remove(watch: OpenWatch): void {
    if (!this.#watches.delete(watch)) {
      return;
    }
    const left = (this.#byPeer.get(watch.peer) ?? 1) - 1;
    if (left > 0) {
      this.#byPeer.set(watch.peer, left);
    } else {
      this.#byPeer.delete(watch.peer);
    }
  }

  tellAll(): void {
    for (const watch of this.#watches) {
      watch.tell();
    }
  }

  /** Ends them all, and from now on those that come. May be called again. */
  startDrain(): void {
    this.#isDraining = true;
    for (const watch of this.#watches) {
      watch.end();
    }
  }
}
