import { toError } from '../../errors.ts';
import type { Clock } from '../../util/clock.ts';
import type { Random } from '../../util/random.ts';
import type { ReadAccess } from './access.ts';
import { ApiClient, ApiFailure } from './api-client.ts';
import { EventLines } from './event-lines.ts';
import type { Resource } from './resource.ts';
import { checkItemCount, listItems } from './resource-list.ts';
import { parseWatchEvent, type WatchEvent } from './watch-event.ts';

/** What it takes to ask an API server. */
export interface ReflectorDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly readAccess: ReadAccess;
}

/** Who is told what a reflector learns. */
export interface ReflectorReceiver {
  /** What is known is what the API server has; a failure is over. */
  readonly onCurrent: () => void;
  /** Something changed, and more may come at once. */
  readonly onChanged: () => void;
  /** It cannot be kept current; what was known stays. */
  readonly onFailed: (reason: string) => void;
}

/** A watch is asked to end after this; then the next begins where it ended, which also proves that the API server is there. Seconds. */
const WATCH_S = 60;
/** How much longer it may take before it counts as dead. Milliseconds. */
const WATCH_GRACE_MS = 10_000;
/** Everything is listed anew after this, whatever was missed. Milliseconds. */
export const RESYNC_MS = 900_000;
const MIN_BACKOFF_MS = 1_000;
const MAX_BACKOFF_MS = 30_000;
/** From so many failures in a row on, everything is listed anew: watches that break as soon as they begin would tell nothing. */
const RELIST_FAILURES = 3;

/** One run of list and watch: what the API server has of one kind, as far as it is known. */
export class Reflector<Item extends { readonly name: string }> {
  readonly #resource: Resource<Item>;
  readonly #wantedNamespace: string | null;
  readonly #deps: ReflectorDeps;
  readonly #receiver: ReflectorReceiver;
  readonly #client: ApiClient;
  /** By name. */
  #items = new Map<string, Item>();
  /** Where the next watch begins; null before there is a list. */
  #resourceVersion: string | null = null;
  #listedAt = 0;
  /** In a row. */
  #failures = 0;
  #namespace: string;
  /** Whether the watch that runs, or ran last, was accepted. */
  #started = false;

  /** @param namespace null is the one that the credentials belong to. */
  constructor(resource: Resource<Item>, namespace: string | null, deps: ReflectorDeps, receiver: ReflectorReceiver) {
    this.#resource = resource;
    this.#wantedNamespace = namespace;
    this.#deps = deps;
    this.#receiver = receiver;
    this.#client = new ApiClient(deps.readAccess, deps.clock, resource);
    this.#namespace = namespace ?? '';
  }

  /** By name, as they are known. */
  get items(): ReadonlyMap<string, Item> {
    return this.#items;
  }

  /** Empty before it is known. */
  get namespace(): string {
    return this.#namespace;
  }

  /** Lists, watches, and lists again where a watch cannot go on, until the receiver has enough. */
  async follow(signal: AbortSignal): Promise<void> {
    const { clock, random } = this.#deps;
    while (!signal.aborted) {
      try {
        if (this.#mustList()) {
          await this.#list(signal);
        }
        await this.#watch(signal);
      } catch (thrown) {
        this.#fail(thrown, signal);
      }
      if (this.#failures > 0) {
        const backoffMs = Math.min(MIN_BACKOFF_MS * 2 ** Math.min(this.#failures - 1, 10), MAX_BACKOFF_MS);
        await clock.sleep(backoffMs * (0.5 + 0.5 * random()), signal);
      }
    }
  }

  async close(): Promise<void> {
    await this.#client.close();
  }

  #mustList(): boolean {
    const isDue = this.#deps.clock.now() - this.#listedAt >= RESYNC_MS;
    return this.#resourceVersion === null || this.#failures >= RELIST_FAILURES || isDue;
  }

  /** The old ones stay in force until the last page is there. */
  async #list(signal: AbortSignal): Promise<void> {
    this.#resourceVersion = null;
    this.#started = false;
    const { items, resourceVersion } = await listItems(this.#resource, (query) =>
      this.#client.get((own) => this.#path(own, query), signal),
    );
    this.#items = items;
    this.#resourceVersion = resourceVersion;
    this.#listedAt = this.#deps.clock.now();
    this.#receiver.onCurrent();
  }

  /** Returns when the API server has ended the watch in order. */
  async #watch(signal: AbortSignal): Promise<void> {
    const { clock } = this.#deps;
    const lines = new EventLines();
    const resourceVersion = this.#resourceVersion ?? '';
    const query = { watch: '1', allowWatchBookmarks: 'true', resourceVersion, timeoutSeconds: String(WATCH_S) };
    let startedAt = Number.POSITIVE_INFINITY;
    this.#started = false;
    try {
      await this.#client.stream(
        (own) => this.#path(own, query),
        {
          limitMs: WATCH_S * 1000 + WATCH_GRACE_MS,
          // The version was accepted: everything that is known is current, and a failure is over.
          onStart: () => {
            this.#started = true;
            startedAt = clock.now();
            this.#receiver.onCurrent();
          },
          onOctets: (octets) => {
            for (const line of lines.push(octets)) {
              this.#apply(parseWatchEvent(line, this.#resource));
              this.#failures = 0;
              startedAt = Number.NEGATIVE_INFINITY;
            }
            return true;
          },
        },
        signal,
      );
      // A server that ends every watch at once must not be asked in a circle.
      this.#failures += clock.now() - startedAt < MIN_BACKOFF_MS ? 1 : 0;
    } finally {
      // A watch that told something, or was there for a while, is none of a row that failed.
      this.#failures = clock.now() - startedAt < MIN_BACKOFF_MS ? this.#failures : 0;
    }
  }

  #apply(event: WatchEvent<Item>): void {
    let isChanged = true;
    switch (event.kind) {
      case 'put':
        isChanged = this.#put(event.item);
        break;
      case 'removed':
        this.#items.delete(event.name);
        break;
      case 'bookmark':
        break;
      case 'gone':
        throw new ApiFailure(410, 'the API server has forgotten where the watch was (410)');
      case 'error':
        // What was missed is not known.
        this.#resourceVersion = null;
        throw new ApiFailure(0, event.reason);
    }
    if (event.resourceVersion !== '') {
      this.#resourceVersion = event.resourceVersion;
    }
    if (isChanged) {
      this.#receiver.onChanged();
    }
  }

  #put(item: Item): boolean {
    const before = this.#items.get(item.name);
    this.#items.set(item.name, item);
    checkItemCount(this.#resource, this.#items.size);
    return before === undefined || !this.#resource.isSame(before, item);
  }

  /** 410 in either form is no failure, as the list that follows tells; nor is a watch that broke, if the next can begin. */
  #fail(thrown: unknown, signal: AbortSignal): void {
    if (signal.aborted) {
      return;
    }
    this.#failures += 1;
    const status = thrown instanceof ApiFailure ? thrown.status : null;
    if (status === 410 || status === null) {
      this.#resourceVersion = null;
    }
    if (status === null || !(this.#started || (status === 410 && this.#failures < RELIST_FAILURES))) {
      this.#receiver.onFailed(toError(thrown).message);
    }
  }

  #path(ownNamespace: string, query: Readonly<Record<string, string>>): string {
    const { api, plural, labelSelector } = this.#resource;
    this.#namespace = this.#wantedNamespace ?? ownNamespace;
    const given = Object.entries({ labelSelector, ...query }).filter(([, value]) => value !== '');
    return `${api}/namespaces/${encodeURIComponent(this.#namespace)}/${plural}?${new URLSearchParams(given).toString()}`;
  }
}
