import type { DiscoveryUpdate } from '../model/discovery-update.ts';
import { uniqueEndpoints } from '../model/endpoint.ts';
import type { Clock } from '../util/clock.ts';
import type { Random } from '../util/random.ts';
import type { Discovery } from './discovery.ts';
import type { SrvResult } from './dns-client.ts';
import type { AddressFamily } from './host-lookup.ts';
import { type CreateNamed, NamedEndpoints } from './named-endpoints.ts';
import { Refresh } from './refresh.ts';
import type { ServiceLookup } from './service-lookup.ts';
import { toUpdate } from './source-update.ts';
import { chooseTargets } from './srv-targets.ts';

/** Which service is looked up, and how often. */
export interface SrvDiscoveryOptions {
  /** Such as `_grpc._tcp.app.example`; a closing dot keeps the search list out. */
  readonly name: string;
  /** The pause between two look-ups of the records, and the longest of addresses. Milliseconds, 1 000 or more, default 5 000. */
  readonly refreshIntervalMs: number;
  /** Which addresses of each target count. Default `auto`. */
  readonly family: AddressFamily;
}

export interface SrvDiscoveryDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly lookup: ServiceLookup;
  /** A source for the addresses of one target, a complete name with its closing dot. */
  readonly createTarget: CreateNamed;
}

/**
 * The endpoints that SRV records name (RFC 2782), each with its own port: the records are looked up again and again, and so are the
 * addresses of every target, by their own TTL. Both go by the rules of a `dns` source: the second empty answer in a row counts, a failure
 * never does. That the only target is "." is an answer, which counts at once.
 */
export class SrvDiscovery implements Discovery {
  readonly #options: SrvDiscoveryOptions;
  readonly #deps: SrvDiscoveryDeps;

  constructor(options: SrvDiscoveryOptions, deps: SrvDiscoveryDeps) {
    this.#options = options;
    this.#deps = deps;
  }

  async watch(onUpdate: (update: DiscoveryUpdate) => void, signal: AbortSignal): Promise<void> {
    const { name, refreshIntervalMs } = this.#options;
    const { clock, random, lookup, createTarget } = this.#deps;
    const refresh = new Refresh(refreshIntervalMs, random);
    const service = new ServiceEndpoints(name, createTarget, onUpdate);
    try {
      while (!isOver(signal)) {
        const result = await lookup.lookup(name, signal);
        if (!isOver(signal)) {
          refresh.count(result.kind);
          service.take(result, refresh.believesEmpty);
        }
        await clock.sleep(refresh.pauseMs(Number.POSITIVE_INFINITY), signal);
      }
    } finally {
      await service.close();
    }
  }
}

/** What the records named last, and where that is. */
class ServiceEndpoints {
  readonly #name: string;
  readonly #named: NamedEndpoints;
  readonly #onUpdate: (update: DiscoveryUpdate) => void;
  /** Whether there was an answer that counts, ever. */
  #isKnown = false;
  /** Why the last look-up does not count; empty if it does. */
  #failure = '';

  constructor(name: string, createTarget: CreateNamed, onUpdate: (update: DiscoveryUpdate) => void) {
    this.#name = name;
    this.#onUpdate = onUpdate;
    this.#named = new NamedEndpoints(createTarget, () => this.#report());
  }

  /** @param believesEmpty whether an empty answer counts. */
  take(result: SrvResult, believesEmpty: boolean): void {
    if (result.kind === 'empty' && !believesEmpty) {
      return;
    }
    const targets = result.kind === 'failed' ? result : chooseTargets(result.kind === 'empty' ? [] : result.records);
    this.#failure = targets.kind === 'failed' ? targets.reason : '';
    if (targets.kind === 'targets') {
      this.#isKnown = true;
      this.#named.replace(targets.targets);
    }
    this.#report();
  }

  close(): Promise<void> {
    return this.#named.close();
  }

  #report(): void {
    const named = this.#named.state;
    if (named === null) {
      return;
    }
    const own = this.#failure === '' ? [] : [`DNS look-up of the service ${this.#name}: ${this.#failure}`];
    const update = toUpdate(this.#isKnown ? uniqueEndpoints(named.endpoints) : null, [...own, ...named.failures]);
    if (update !== null) {
      this.#onUpdate(update);
    }
  }
}

/** The domain that a service belongs to: the name without the labels for service and protocol, which begin with an underscore. */
export function domainOf(name: string): string {
  const domain = name.replace(/^(?:_[^.]*\.)+/, '');
  return domain === '' ? name : domain;
}

/** A function, as the compiler takes the word of a property for ever. */
function isOver(signal: AbortSignal): boolean {
  return signal.aborted;
}
