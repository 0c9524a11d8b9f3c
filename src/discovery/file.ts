import { createHash } from 'node:crypto';
import { type Address, formatAddress, isIpLiteral } from '../model/address.ts';
import type { DiscoveryUpdate } from '../model/discovery-update.ts';
import { createEndpoint, type Endpoint, uniqueEndpoints } from '../model/endpoint.ts';
import type { Clock } from '../util/clock.ts';
import type { Discovery } from './discovery.ts';
import { parseEndpointList } from './file-document.ts';
import type { FileContent, WatchedFiles } from './file-watch.ts';

export interface FileDiscoveryOptions {
  /** YAML or JSON: a list of endpoints, read again when it changes. Envoy: `path_config_source` of an EDS cluster. */
  readonly path: string;
}

export interface FileDiscoveryDeps {
  readonly clock: Clock;
  readonly files: WatchedFiles;
  /** A source for one host name of the list, as static lists have them. */
  readonly createNamed: (host: string, port: number) => Discovery;
}

/** How often the file is read where no change was told. Milliseconds. */
export const FILE_POLL_MS = 5_000;
/** A writer may need several writes; they are read as one change. Milliseconds. */
export const FILE_SETTLE_MS = 50;

/** One host name of the list, which is looked up on while it stands there. */
interface NamedPart {
  readonly stop: AbortController;
  readonly done: Promise<void>;
  endpoints: readonly Endpoint[];
  /** Null before the first word; empty while it works. */
  failure: string | null;
}

/** The endpoints that a file lists. What cannot be read or understood is a failure, and keeps those of before. */
export class FileDiscovery implements Discovery {
  readonly #options: FileDiscoveryOptions;
  readonly #deps: FileDiscoveryDeps;

  constructor(options: FileDiscoveryOptions, deps: FileDiscoveryDeps) {
    this.#options = options;
    this.#deps = deps;
  }

  async watch(onUpdate: (update: DiscoveryUpdate) => void, signal: AbortSignal): Promise<void> {
    if (signal.aborted) {
      return;
    }
    const { clock, files } = this.#deps;
    const list = new FileEndpoints(this.#options.path, this.#deps, onUpdate);
    let wake = new AbortController();
    const watching = files.watch(this.#options.path, () => wake.abort());
    try {
      while (!isOver(signal)) {
        wake = new AbortController();
        const content = await untilAborted(files.read(this.#options.path), signal);
        if (content === null) {
          break;
        }
        list.take(content);
        await clock.sleep(FILE_POLL_MS, AbortSignal.any([signal, wake.signal]));
        if (isOver(wake.signal)) {
          await clock.sleep(FILE_SETTLE_MS, signal);
        } else if (!isOver(signal)) {
          await untilAborted(watching.renew(), signal);
        }
      }
    } finally {
      watching.close();
      await list.close();
    }
  }
}

/** What the file listed last, names resolved. */
class FileEndpoints {
  readonly #path: string;
  readonly #deps: FileDiscoveryDeps;
  readonly #onUpdate: (update: DiscoveryUpdate) => void;
  /** By `name:port`. */
  readonly #named = new Map<string, NamedPart>();
  #known: readonly Endpoint[] | null = null;
  #hash = '';
  /** Why the file as it is now does not count; empty if it does. */
  #failure = '';
  #closed = false;

  constructor(path: string, deps: FileDiscoveryDeps, onUpdate: (update: DiscoveryUpdate) => void) {
    this.#path = path;
    this.#deps = deps;
    this.#onUpdate = onUpdate;
  }

  take(content: FileContent): void {
    if (content.kind === 'failed') {
      this.#hash = '';
      this.#failure = content.reason;
    } else {
      const hash = createHash('sha256').update(content.octets).digest('hex');
      if (hash !== this.#hash) {
        this.#hash = hash;
        const result = parseEndpointList(content.octets);
        this.#failure = result.kind === 'invalid' ? result.reason : '';
        if (result.kind === 'addresses') {
          this.#replace(result.addresses);
        }
      }
    }
    this.#report();
  }

  async close(): Promise<void> {
    this.#closed = true;
    const parts = [...this.#named.values()];
    for (const { stop } of parts) {
      stop.abort();
    }
    await Promise.all(parts.map(({ done }) => done));
  }

  /** Names that stay are not looked up anew: they keep their addresses also while DNS is away. */
  #replace(addresses: readonly Address[]): void {
    this.#known = addresses.filter(isKnown).map((address) => createEndpoint(address, null));
    const wanted = new Map(addresses.filter((address) => !isKnown(address)).map((address) => [formatAddress(address), address]));
    for (const [key, part] of this.#named) {
      if (!wanted.has(key)) {
        part.stop.abort();
        this.#named.delete(key);
      }
    }
    for (const [key, address] of wanted) {
      if (!this.#named.has(key) && address.kind === 'tcp') {
        this.#named.set(key, this.#start(address.host, address.port));
      }
    }
  }

  #start(host: string, port: number): NamedPart {
    const stop = new AbortController();
    const { promise: done, resolve } = Promise.withResolvers<void>();
    const part: NamedPart = { stop, done, endpoints: [], failure: null };
    const take = (update: DiscoveryUpdate): void => {
      part.endpoints = update.kind === 'endpoints' ? update.endpoints : part.endpoints;
      part.failure = update.kind === 'endpoints' ? '' : update.reason;
      if (!stop.signal.aborted) {
        this.#report();
      }
    };
    void this.#deps.createNamed(host, port).watch(take, stop.signal).finally(resolve);
    return part;
  }

  /** Endpoints first, as they may have changed beside a failure; a failure without any endpoints ever is told alone. */
  #report(): void {
    const parts = [...this.#named.values()];
    if (this.#closed || parts.some(({ failure }) => failure === null)) {
      return;
    }
    const own = this.#failure === '' ? [] : [`file ${this.#path}: ${this.#failure}`];
    const failures = [...own, ...parts.flatMap(({ failure }) => (failure === null || failure === '' ? [] : [failure]))];
    const endpoints = uniqueEndpoints([...(this.#known ?? []), ...parts.flatMap((part) => part.endpoints)]);
    if (this.#known !== null && (failures.length === 0 || endpoints.length > 0)) {
      this.#onUpdate({ kind: 'endpoints', endpoints });
    }
    if (failures.length > 0) {
      this.#onUpdate({ kind: 'failed', reason: failures.join('; ') });
    }
  }
}

function isKnown(address: Address): boolean {
  return address.kind === 'unix' || isIpLiteral(address.host);
}

/** A function, as the compiler takes the word of a property for ever. */
function isOver(signal: AbortSignal): boolean {
  return signal.aborted;
}

/** Null once `signal` aborts: a file on a network drive may never answer. */
function untilAborted<Value>(promise: Promise<Value>, signal: AbortSignal): Promise<Value | null> {
  return new Promise((resolve, reject) => {
    const end = (): void => resolve(null);
    signal.addEventListener('abort', end, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', end));
  });
}
