import type { DiscoveryUpdate } from '../model/discovery-update.ts';
import type { Endpoint } from '../model/endpoint.ts';
import type { Discovery } from './discovery.ts';

/** Endpoints that are known beforehand and never change: IP addresses and unix sockets. */
export class StaticDiscovery implements Discovery {
  readonly #endpoints: readonly Endpoint[];

  constructor(endpoints: readonly Endpoint[]) {
    this.#endpoints = endpoints;
  }

  watch(onUpdate: (update: DiscoveryUpdate) => void, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal.aborted) {
        resolve();
        return;
      }
      signal.addEventListener('abort', () => resolve(), { once: true });
      onUpdate({ kind: 'endpoints', endpoints: this.#endpoints });
    });
  }
}
