import type { UpstreamPoolOptions } from './options.ts';

/**
 * What one cluster has at once, and whether it may have more; Envoy's circuit breakers of the default priority. All is counted as it comes and
 * goes, so that asking costs the same for any number of endpoints.
 */
export class CircuitBreakers {
  /** What is allowed; a reload changes it, and what is there already may then be more. */
  limits: UpstreamPoolOptions;
  #connections = 0;
  #requests = 0;

  constructor(limits: UpstreamPoolOptions) {
    this.limits = limits;
  }

  /** Connections, attempts to get one and those that are leaving. */
  get connections(): number {
    return this.#connections;
  }

  /** Streams on them. */
  get requests(): number {
    return this.#requests;
  }

  /** Whether one more stream is too many. */
  get isFull(): boolean {
    return this.#requests >= this.limits.maxRequests;
  }

  /**
   * Whether an endpoint with `own` connections that stay may get one more. It may always have one, or calls would wait for it that can never be
   * served.
   */
  mayConnect(own: number): boolean {
    return own === 0 || this.#connections < this.limits.maxConnections;
  }

  onConnecting(): void {
    this.#connections++;
  }

  /** The attempt has failed, or its socket is gone. */
  onDisconnected(): void {
    this.#connections--;
  }

  onRequest(): void {
    this.#requests++;
  }

  onRequestOver(): void {
    this.#requests--;
  }
}
