import type { DiscoveryUpdate } from '../model/discovery-update.ts';
import { type EndpointTraits, withTraits } from '../model/endpoint.ts';
import type { Discovery } from './discovery.ts';

/** A source whose endpoints all have these traits besides their own. Envoy: `metadata` of `LocalityLbEndpoints`. */
export class LabelledDiscovery implements Discovery {
  readonly #source: Discovery;
  readonly #traits: EndpointTraits;

  constructor(source: Discovery, traits: EndpointTraits) {
    this.#source = source;
    this.#traits = traits;
  }

  watch(onUpdate: (update: DiscoveryUpdate) => void, signal: AbortSignal): Promise<void> {
    return this.#source.watch((update) => onUpdate(this.#label(update)), signal);
  }

  #label(update: DiscoveryUpdate): DiscoveryUpdate {
    const endpoints = update.endpoints?.map((endpoint) => withTraits(endpoint, this.#traits));
    return endpoints === undefined ? update : { ...update, endpoints };
  }
}
