import { createHash } from 'node:crypto';
import type { DiscoveryUpdate } from '../model/discovery-update.ts';
import { type Endpoint, uniqueEndpoints } from '../model/endpoint.ts';
import type { Clock } from '../util/clock.ts';
import type { Discovery } from './discovery.ts';
import { parseEndpointList } from './file-document.ts';
import type { FileContent, WatchedFiles } from './file-watch.ts';
import { type ListedEndpoint, splitListed } from './listed-endpoint.ts';
import { type CreateNamed, NamedEndpoints } from './named-endpoints.ts';
import { toUpdate } from './source-update.ts';

export interface FileDiscoveryOptions {
  /** YAML or JSON: a list of endpoints, read again when it changes. Envoy: `path_config_source` of an EDS cluster. */
  readonly path: string;
}

export interface FileDiscoveryDeps {
  readonly clock: Clock;
  readonly files: WatchedFiles;
  /** A source for one host name of the list, as static lists have them. */
  readonly createNamed: CreateNamed;
}

/** How often the file is read where no change was told. Milliseconds. */
export const FILE_POLL_MS = 5_000;
/** A writer may need several writes; they are read as one change. Milliseconds. */
export const FILE_SETTLE_MS = 50;

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
  readonly #onUpdate: (update: DiscoveryUpdate) => void;
  readonly #named: NamedEndpoints;
  #known: readonly Endpoint[] | null = null;
  #hash = '';
  /** Why the file as it is now does not count; empty if it does. */
  #failure = '';

  constructor(path: string, { createNamed }: FileDiscoveryDeps, onUpdate: (update: DiscoveryUpdate) => void) {
    this.#path = path;
    this.#onUpdate = onUpdate;
    this.#named = new NamedEndpoints(createNamed, () => this.#report());
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
        if (result.kind === 'endpoints') {
          this.#replace(result.endpoints);
        }
      }
    }
    this.#report();
  }

  close(): Promise<void> {
    return this.#named.close();
  }

  #replace(listed: readonly ListedEndpoint[]): void {
    const { known, named } = splitListed(listed);
    this.#known = known;
    this.#named.replace(named);
  }

  #report(): void {
    const named = this.#named.state;
    if (named === null) {
      return;
    }
    const own = this.#failure === '' ? [] : [`file ${this.#path}: ${this.#failure}`];
    const endpoints = this.#known === null ? null : uniqueEndpoints([...this.#known, ...named.endpoints]);
    const update = toUpdate(endpoints, [...own, ...named.failures]);
    if (update !== null) {
      this.#onUpdate(update);
    }
  }
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
