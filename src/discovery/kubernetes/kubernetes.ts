import { toError } from '../../errors.ts';
import type { DiscoveryUpdate } from '../../model/discovery-update.ts';
import type { Clock, Timer } from '../../util/clock.ts';
import type { Random } from '../../util/random.ts';
import type { Discovery } from '../discovery.ts';
import type { AddressFamily } from '../host-lookup.ts';
import type { ReadAccess } from './access.ts';
import { ApiClient, ApiFailure } from './api-client.ts';
import type { Slice } from './endpoint-slice.ts';
import { EventLines } from './event-lines.ts';
import { checkSliceCount, listSlices } from './slice-list.ts';
import { joinSlices } from './slice-set.ts';
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
/** From so many failures in a row on, everything is listed anew: watches that break as soon as they begin would tell nothing. */
const RELIST_FAILURES = 3;

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
  /** By name. */
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
        if (this.#mustList()) {
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

  #mustList(): boolean {
    const isDue = this.#deps.clock.now() - this.#listedAt >= RESYNC_MS;
    return this.#resourceVersion === null || this.#failures >= RELIST_FAILURES || isDue;
  }

  /** The old slices stay in force until the last page is there. */
  async #list(): Promise<void> {
    this.#resourceVersion = null;
    this.#started = false;
    const { slices, resourceVersion } = await listSlices((query) =>
      this.#client.get((own) => this.#path(own, query), this.#receiver.signal),
    );
    this.#slices = new Map(slices);
    this.#resourceVersion = resourceVersion;
    this.#listedAt = this.#deps.clock.now();
    this.#tell();
  }

  /** Returns when the API server has ended the watch in order. */
  async #watch(): Promise<void> {
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
            this.#tell();
          },
          onOctets: (octets) => {
            for (const line of lines.push(octets)) {
              this.#apply(parseWatchEvent(line));
              this.#failures = 0;
              startedAt = Number.NEGATIVE_INFINITY;
            }
            return true;
          },
        },
        this.#receiver.signal,
      );
      // A server that ends every watch at once must not be asked in a circle.
      this.#failures += clock.now() - startedAt < MIN_BACKOFF_MS ? 1 : 0;
    } finally {
      // A watch that told something, or was there for a while, is none of a row that failed.
      this.#failures = clock.now() - startedAt < MIN_BACKOFF_MS ? this.#failures : 0;
    }
  }

  #apply(event: WatchEvent): void {
    switch (event.kind) {
      case 'put':
        this.#slices.set(event.slice.name, event.slice);
        checkSliceCount(this.#slices);
        break;
      case 'removed':
        this.#slices.delete(event.name);
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
    const status = thrown instanceof ApiFailure ? thrown.status : null;
    if (status === 410 || status === null) {
      this.#resourceVersion = null;
    }
    if (status === null || !(this.#started || (status === 410 && this.#failures < RELIST_FAILURES))) {
      onUpdate({ kind: 'failed', reason: `${this.#what()}: ${toError(thrown).message}` });
    }
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
    const nowMs = this.#deps.clock.wallNow();
    const update = joinSlices(this.#slices.values(), { service, namespace: this.#namespace, port, family, nowMs });
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
