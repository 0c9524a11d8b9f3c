import type { DiscoveryUpdate } from '../model/discovery-update.ts';
import { type Endpoint, type EndpointTraits, withTraits } from '../model/endpoint.ts';
import type { Discovery } from './discovery.ts';

/** A name with a port: all addresses of the name are endpoints at it. */
export interface NamedTarget {
  readonly host: string;
  readonly port: number;
  /** What each of its endpoints has; absent is nothing. */
  readonly traits?: EndpointTraits;
}

/** Makes the source of the addresses of one name. */
export type CreateNamed = (host: string, port: number) => Discovery;

/** What is known of all names together. */
export interface NamedState {
  readonly endpoints: readonly Endpoint[];
  /** Why names are not looked up as they should be; they keep their last addresses meanwhile. */
  readonly failures: readonly string[];
}

/** One name, which is looked up on while it is wanted. */
interface Part {
  readonly stop: AbortController;
  readonly done: Promise<void>;
  endpoints: readonly Endpoint[];
  traits: EndpointTraits;
  /** Null before the first word; empty while it works. */
  failure: string | null;
}

/** The addresses of a changing list of names. Whoever makes the list bounds it. */
export class NamedEndpoints {
  readonly #create: CreateNamed;
  readonly #onChange: () => void;
  /** By `host:port`. */
  readonly #parts = new Map<string, Part>();
  /** Names that are no longer wanted and whose look-ups have not ended yet. */
  readonly #ending = new Set<Promise<void>>();

  /** @param onChange some name has had a word; not called from within `replace`, nor after `close`. */
  constructor(create: CreateNamed, onChange: () => void) {
    this.#create = create;
    this.#onChange = onChange;
  }

  /** Null while a name has not had its first word: a slow one must not look like endpoints that come later. */
  get state(): NamedState | null {
    const parts = [...this.#parts.values()];
    if (parts.some(({ failure }) => failure === null)) {
      return null;
    }
    return {
      endpoints: parts.flatMap(({ endpoints, traits }) => endpoints.map((endpoint) => withTraits(endpoint, traits))),
      failures: parts.flatMap(({ failure }) => (failure === null || failure === '' ? [] : [failure])),
    };
  }

  /** Names that stay are not looked up anew: they keep their addresses also while DNS is away. */
  replace(targets: readonly NamedTarget[]): void {
    const wanted = new Map(targets.map((target) => [`${target.host}:${target.port}`, target]));
    for (const [key, part] of this.#parts) {
      if (!wanted.has(key)) {
        this.#parts.delete(key);
        this.#end(part);
      }
    }
    for (const [key, { host, port, traits = {} }] of wanted) {
      const part = this.#parts.get(key) ?? this.#start(host, port);
      part.traits = traits;
      this.#parts.set(key, part);
    }
  }

  /** Ends every look-up; resolves when none is under way. */
  async close(): Promise<void> {
    this.replace([]);
    await Promise.all(this.#ending);
  }

  #start(host: string, port: number): Part {
    const stop = new AbortController();
    const { promise: done, resolve } = Promise.withResolvers<void>();
    const part: Part = { stop, done, endpoints: [], traits: {}, failure: null };
    let isStarting = true;
    const take = (update: DiscoveryUpdate): void => {
      part.endpoints = update.endpoints ?? part.endpoints;
      part.failure = update.kind === 'endpoints' ? '' : update.reason;
      if (!isStarting && !stop.signal.aborted) {
        this.#onChange();
      }
    };
    void this.#create(host, port).watch(take, stop.signal).finally(resolve);
    isStarting = false;
    return part;
  }

  #end({ stop, done }: Part): void {
    stop.abort();
    this.#ending.add(done);
    void done.finally(() => this.#ending.delete(done));
  }
}
