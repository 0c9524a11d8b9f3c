import type { Socket } from 'node:net';

/** Tells when client connections end: with one listener for each, however many requests are in their pipelines. */
export class SocketClosings {
  readonly #watchers = new WeakMap<Socket, Set<() => void>>();

  /** Calls `run` when the socket has closed, unless the returned function has been called before. */
  watch(socket: Socket, run: () => void): () => void {
    const watchers = this.#watchers.get(socket) ?? this.#add(socket);
    watchers.add(run);
    return () => watchers.delete(run);
  }

  #add(socket: Socket): Set<() => void> {
    const watchers = new Set<() => void>();
    this.#watchers.set(socket, watchers);
    socket.once('close', () => {
      for (const run of watchers) {
        run();
      }
    });
    return watchers;
  }
}
