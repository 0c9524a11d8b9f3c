import { toError } from '../../errors.ts';
import type { DiscoveryUpdate } from '../../model/discovery-update.ts';
import type { Clock, Timer } from '../../util/clock.ts';
import type { Random } from '../../util/random.ts';
import type { Discovery } from '../discovery.ts';
import type { AddressFamily } from '../host-lookup.ts';
import type { ReadAccess } from './access.ts';
import { ApiClient, ApiFailure } from './api-client.ts';
import { parseSlice, type Slice } from './endpoint-slice.ts';
import { EventLines } from './event-lines.ts';
import { joinSlices, MAX_SLICES } from './slice-set.ts';
import { parseWatchEvent, type WatchEvent } from './watch-event.ts';

/** Which Service's endpoints are wanted. */
export interface KubernetesDiscoveryOptions {
  readonly service: string;
  /** Null is the namespace of the bridge's own pod, or of the kubeconfig's context. */
  readonly namespace: string | null;
  /** The name of a port of the Service, empty for one without; or the number that the endpoints listen on. */
  readonly port: string | number;
  /** Default `auto`. */
  readonly family: AddressFamily;
}

export interface KubernetesDiscoveryDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly readAccess: ReadAccess;
}

const PAGE_SLICES = 500;
/** Pages of one list: more would be more slices than there may be. */
const MAX_PAGES = 20;
/** Many changes in a row are told as one, so often at most. Milliseconds. */
export const COALESCE_MS = 50;
/** A watch is asked to end after this; then the next begins where it ended, which also proves that the API server is there. Seconds. */
const WATCH_S = 60;
/** How much longer it may take before it counts as dead. Milliseconds. */
const WATCH_GRACE_MS = 10_000;
/** Everything is listed anew after this, whatever was missed. Milliseconds. */
export const RESYNC_MS = 900_000;
const MIN_BACKOFF_MS = 1_000;
const MAX_BACKOFF_MS = 30_000;

/** The endpoints of a Service, by list and watch of its EndpointSlices (Kubernetes API concepts, "Efficient detection of changes"). */
export class KubernetesDiscovery implements Discovery {
  readonly #options: KubernetesDiscoveryOptions;
  readonly #deps: KubernetesDiscoveryDeps;

  constructor(options: KubernetesDiscoveryOptions, deps: KubernetesDiscoveryDeps) {
    this.#options = options;
    this.#deps = deps;
  }

  async watch(onUpdate: (update: DiscoveryUpdate) => void, signal: AbortSignal): Promise<void> {
    const run = new Reflection(this.#options, this.#deps, { onUpdate, signal });
    try {
      await run.follow();
    } finally {
      await run.close();
    }
  }
}

interface Receiver {
  readonly onUpdate: (update: DiscoveryUpdate) => void;
  readonly signal: AbortSignal;
}

/** One run of list and watch: what the API server has, as far as it is known. */
class Reflection {
  readonly #options: KubernetesDiscoveryOptions;
  readonly #deps: KubernetesDiscoveryDeps;
  readonly #receiver: Receiver;
  readonly #client: ApiClient;
  #slices = new Map<string, Slice>();
  /** Where the next watch begins; null before there is a list. */
  #resourceVersion: string | null = null;
  #listedAt = 0;
  /** In a row. */
  #failures = 0;
  #namespace: string;
  #report: Timer | null = null;
  #reportedAt = Number.NEGATIVE_INFINITY;
  /** Whether the watch that runs, or ran last, was accepted. */
  #started = false;

  constructor(options: KubernetesDiscoveryOptions, deps: KubernetesDiscoveryDeps, receiver: Receiver) {
    this.#options = options;
    this.#deps = deps;
    this.#receiver = receiver;
    this.#client = new ApiClient(deps.readAccess, deps.clock);
    this.#namespace = options.namespace ?? '';
  }

  /** Lists, watches, and lists again where a watch cannot go on, until the receiver has enough. */
  async follow(): Promise<void> {
    const { clock, random } = this.#deps;
    const { signal } = this.#receiver;
    while (!signal.aborted) {
      try {
        if (this.#resourceVersion === null || clock.now() - this.#listedAt >= RESYNC_MS) {
          await this.#list();
        }
        await this.#watch();
      } catch (thrown) {
        this.#fail(thrown);
      }
      if (this.#failures > 0) {
        const backoffMs = Math.min(MIN_BACKOFF_MS * 2 ** Math.min(this.#failures - 1, 10), MAX_BACKOFF_MS);
        await clock.sleep(backoffMs * (0.5 + 0.5 * random()), signal);
      }
    }
  }

  async close(): Promise<void> {
    this.#report?.cancel();
    await this.#client.close();
  }

  /** The old slices stay in force until the last page is there. */
  async #list(): Promise<void> {
    this.#resourceVersion = null;
    const slices = new Map<string, Slice>();
    let next = '';
    let resourceVersion = '';
    let pages = 0;
    this.#started = false;
    do {
      if (++pages > MAX_PAGES) {
        throw new RangeError(`the API server sent more than ${MAX_PAGES} pages`);
      }
      const page = await this.#client.get(
        (own) => this.#path(own, { limit: String(PAGE_SLICES), continue: next }),
        this.#receiver.signal,
      );
      const list = readPage(page);
      list.slices.forEach((slice) => slices.set(slice.name, slice));
      checkCount(slices);
      ({ next, resourceVersion } = list);
    } while (next !== '');
    this.#slices = slices;
    this.#resourceVersion = resourceVersion;
    this.#listedAt = this.#deps.clock.now();
    this.#tell();
  }

  /** Returns when the API server has ended the watch in order. */
  async #watch(): Promise<void> {
    const lines = new EventLines();
    const resourceVersion = this.#resourceVersion ?? '';
    const query = { watch: '1', allowWatchBookmarks: 'true', resourceVersion, timeoutSeconds: String(WATCH_S) };
    const startedAt = this.#deps.clock.now();
    let events = 0;
    this.#started = false;
    await this.#client.stream(
      (own) => this.#path(own, query),
      {
        limitMs: WATCH_S * 1000 + WATCH_GRACE_MS,
        // The version was accepted: everything that is known is current, and a failure is over.
        onStart: () => {
          this.#started = true;
          this.#tell();
        },
        onOctets: (octets) => {
          for (const line of lines.push(octets)) {
            this.#apply(parseWatchEvent(line));
            events += 1;
            this.#failures = 0;
          }
          return true;
        },
      },
      this.#receiver.signal,
    );
    // A server that ends every watch at once must not be asked in a circle.
    const isShort = events === 0 && this.#deps.clock.now() - startedAt < MIN_BACKOFF_MS;
    this.#failures = isShort ? this.#failures + 1 : 0;
  }

  #apply(event: WatchEvent): void {
    switch (event.kind) {
      case 'put':
        this.#slices.set(event.slice.name, event.slice);
        checkCount(this.#slices);
        break;
      case 'removed':
        this.#slices.delete(event.name);
        break;
      case 'bookmark':
        break;
      case 'gone':
        throw new ApiFailure(410, 'the watch is too old');
      case 'error':
        // What was missed is not known.
        this.#resourceVersion = null;
        throw new ApiFailure(0, event.reason);
    }
    if (event.resourceVersion !== '') {
      this.#resourceVersion = event.resourceVersion;
    }
    this.#tellSoon();
  }

  /** 410 in either form is no failure, as the list that follows tells; nor is a watch that broke, if the next can begin. */
  #fail(thrown: unknown): void {
    const { signal, onUpdate } = this.#receiver;
    if (signal.aborted) {
      return;
    }
    this.#failures += 1;
    if (this.#report !== null) {
      this.#tell();
    }
    if (thrown instanceof ApiFailure) {
      this.#resourceVersion = thrown.status === 410 ? null : this.#resourceVersion;
      if (thrown.status === 410 || this.#started) {
        return;
      }
    } else {
      this.#resourceVersion = null;
    }
    onUpdate({ kind: 'failed', reason: `${this.#what()}: ${toError(thrown).message}` });
  }

  #tellSoon(): void {
    const { clock } = this.#deps;
    this.#report ??= clock.setTimer(Math.max(0, this.#reportedAt + COALESCE_MS - clock.now()), () => this.#tell());
  }

  #tell(): void {
    this.#report?.cancel();
    this.#report = null;
    this.#reportedAt = this.#deps.clock.now();
    const { service, port, family } = this.#options;
    const update = joinSlices(this.#slices.values(), { port, family, hostname: `${service}.${this.#namespace}.svc` });
    this.#receiver.onUpdate(update.kind === 'failed' ? { kind: 'failed', reason: `${this.#what()}: ${update.reason}` } : update);
  }

  #what(): string {
    return `Service ${this.#namespace === '' ? '' : `${this.#namespace}/`}${this.#options.service}`;
  }

  #path(ownNamespace: string, query: Readonly<Record<string, string>>): string {
    this.#namespace = this.#options.namespace ?? ownNamespace;
    const given = Object.entries(query).filter(([, value]) => value !== '');
    const search = new URLSearchParams([['labelSelector', `kubernetes.io/service-name=${this.#options.service}`], ...given]);
    return `/apis/discovery.k8s.io/v1/namespaces/${encodeURIComponent(this.#namespace)}/endpointslices?${search.toString()}`;
  }
}

interface Page {
  readonly slices: readonly Slice[];
  /** Where the next page begins; empty for the last. */
  readonly next: string;
  readonly resourceVersion: string;
}

/** @throws ApiFailure */
function readPage(value: unknown): Page {
  const items: unknown = typeof value === 'object' && value !== null && 'items' in value ? value.items : undefined;
  const metadata: unknown = typeof value === 'object' && value !== null && 'metadata' in value ? value.metadata : undefined;
  if (typeof metadata !== 'object' || metadata === null || !('resourceVersion' in metadata)) {
    throw new ApiFailure(0, 'the API server sent no list of EndpointSlices');
  }
  const slices = (Array.isArray(items) ? items : []).flatMap((item) => {
    const result = parseSlice(item);
    if (result.kind === 'invalid') {
      throw new ApiFailure(0, result.reason);
    }
    return result.kind === 'slice' ? [result.slice] : [];
  });
  const next = 'continue' in metadata && typeof metadata.continue === 'string' ? metadata.continue : '';
  return { slices, next, resourceVersion: String(metadata.resourceVersion) };
}

function checkCount(slices: ReadonlyMap<string, Slice>): void {
  if (slices.size > MAX_SLICES) {
    throw new RangeError(`more than ${MAX_SLICES} EndpointSlices`);
  }
}
