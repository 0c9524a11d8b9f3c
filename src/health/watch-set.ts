import type { Metadata } from '@grpc/grpc-js';
import type { PendingOutcome } from './check-call.ts';
import type { GrpcConnection } from './grpc-connection.ts';
import type { Outcome } from './outcome.ts';
import { explainTimeout } from './reasons.ts';
import { startWatchCall, type WatchCall, type WatchEnd } from './watch-call.ts';

export interface WatchSetHandler {
  onMessage(service: string, outcome: Outcome): void;
  /** The server ended the Watch of one service, and the connection stands; `messages` were seen before. */
  onStreamEnd(service: string, outcome: Outcome, messages: number): void;
}

export interface WatchSetOptions {
  readonly services: readonly string[];
  /** The time of a check that opens a Watch, for the reason. Milliseconds. */
  readonly timeoutMs: number;
  /** Whether a Watch that ended UNIMPLEMENTED is tried again. */
  readonly retryUnimplemented: boolean;
}

interface OpenWatch {
  readonly call: WatchCall;
  messages: number;
}

/** The Watches on one connection, one for each service. */
export class WatchSet {
  readonly #connection: GrpcConnection;
  readonly #options: WatchSetOptions;
  readonly #handler: WatchSetHandler;
  readonly #open = new Map<string, OpenWatch>();
  /** Services whose Watch ended UNIMPLEMENTED. */
  readonly #unimplemented = new Set<string>();

  constructor(connection: GrpcConnection, options: WatchSetOptions, handler: WatchSetHandler) {
    this.#connection = connection;
    this.#options = options;
    this.#handler = handler;
  }

  /** The services of which a Watch has told something. */
  get telling(): readonly string[] {
    return [...this.#open].filter(([, { messages }]) => messages > 0).map(([service]) => service);
  }

  /**
   * Opens each Watch that is not open, and counts anew for those that are.
   *
   * @returns by service, for those just opened: the first message, or how it ended before one.
   */
  open(metadata: Metadata): ReadonlyMap<string, PendingOutcome> {
    const firsts = new Map<string, PendingOutcome>();
    for (const service of this.#options.services) {
      const open = this.#open.get(service);
      if (open !== undefined) {
        open.call.resetCount();
      } else if (this.#options.retryUnimplemented || !this.#unimplemented.has(service)) {
        firsts.set(service, this.#start(service, metadata));
      }
    }
    return firsts;
  }

  /** Ends every Watch in silence. */
  close(): void {
    for (const { call } of this.#open.values()) {
      call.cancel();
    }
    this.#open.clear();
  }

  #start(service: string, metadata: Metadata): PendingOutcome {
    const { promise, resolve } = Promise.withResolvers<Outcome>();
    const call = startWatchCall(
      this.#connection,
      { service, metadata },
      {
        onMessage: (outcome) => {
          watch.messages += 1;
          this.#handler.onMessage(service, outcome);
          resolve(outcome);
        },
        onEnd: ({ kind, outcome }) => {
          this.#open.delete(service);
          this.#ended(service, kind, outcome, watch.messages);
          resolve(outcome);
        },
      },
    );
    const watch: OpenWatch = { call, messages: 0 };
    this.#open.set(service, watch);
    return { outcome: promise, expire: () => resolve(explainTimeout(this.#connection.facts, this.#options.timeoutMs)) };
  }

  #ended(service: string, kind: WatchEnd['kind'], outcome: Outcome, messages: number): void {
    switch (kind) {
      case 'unimplemented':
        this.#unimplemented.add(service);
        return;
      case 'stream':
        this.#handler.onStreamEnd(service, outcome, messages);
        return;
      case 'connection':
    }
  }
}
