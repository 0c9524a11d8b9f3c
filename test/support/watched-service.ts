import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import type { ApiAccess, ReadAccess } from '../../src/discovery/kubernetes/access.ts';
import { KubernetesDiscovery, type KubernetesDiscoveryOptions } from '../../src/discovery/kubernetes/kubernetes.ts';
import type { DiscoveryUpdate } from '../../src/model/discovery-update.ts';
import { type Clock, systemClock } from '../../src/util/clock.ts';

const DEADLINE_MS = 10_000;
/** How much shorter pauses are than in earnest. */
const HURRY = 20;

/** Real time in which pauses between attempts are short; time-outs are not. */
const HURRIED_CLOCK: Clock = {
  ...systemClock,
  sleep: (delayMs, signal) => systemClock.sleep(delayMs / HURRY, signal),
};

export interface WatchedServiceOptions extends Partial<KubernetesDiscoveryOptions> {
  readonly clock?: Clock;
  /** Called with every update, before it is kept. */
  readonly onUpdate?: (update: DiscoveryUpdate) => void;
}

/** Access to an API server without TLS, for the namespace `shop`. */
export function plainAccess(server: string, token = 'one'): ApiAccess {
  const none = { ca: null, cert: null, key: null, serverName: null, insecureSkipVerify: false };
  return { ...none, server, namespace: 'shop', token };
}

/** A source that watches the port `grpc` of the Service `app`, with everything it said. */
export class WatchedService implements AsyncDisposable {
  /** Hosts without the port 50051, those that drain in brackets; or why it failed. */
  readonly said: string[] = [];
  readonly #controller = new AbortController();
  readonly #events = new EventEmitter<{ update: [] }>();
  readonly #done: Promise<void>;

  constructor(readAccess: ReadAccess, { clock = HURRIED_CLOCK, onUpdate, ...options }: WatchedServiceOptions = {}) {
    const wanted: KubernetesDiscoveryOptions = {
      service: 'app',
      namespace: null,
      port: 'grpc',
      family: 'auto',
      podLabels: false,
      ...options,
    };
    const source = new KubernetesDiscovery(wanted, { clock, random: () => 0, readAccess });
    this.#done = source.watch((update) => {
      onUpdate?.(update);
      this.said.push(update.kind === 'failed' ? `failed: ${update.reason}` : hosts(update));
      this.#events.emit('update');
    }, this.#controller.signal);
  }

  get last(): string {
    return this.said.at(-1) ?? '';
  }

  /** Waits until it says this, or something of which this is true. */
  async until(wanted: string | ((last: string) => boolean)): Promise<void> {
    const signal = AbortSignal.timeout(DEADLINE_MS);
    while (this.said.length === 0 || !(typeof wanted === 'string' ? this.last === wanted : wanted(this.last))) {
      await once(this.#events, 'update', { signal }).catch(() =>
        assert.fail(`wanted ${String(wanted)}, said ${this.said.slice(-20).join(' | ')}`),
      );
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#controller.abort();
    await this.#done;
  }
}

function hosts(update: Extract<DiscoveryUpdate, { kind: 'endpoints' }>): string {
  const words = update.endpoints.map(({ key, reported }) => {
    const host = key.replace(/:50051$/, '');
    return reported?.state === 'draining' ? `(${host})` : host;
  });
  return words.join(' ');
}
