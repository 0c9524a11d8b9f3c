import type { Endpoint } from '../model/endpoint.ts';
import type { EndpointHealth } from '../model/health-view.ts';
import type { EndpointMonitorDeps } from './endpoint-monitor.ts';

/**
 * Stands for an endpoint that its source says is leaving. It checks nothing: no result would change what is known, and a server that stops
 * in order may wait for every stream to end, that of a Watch too.
 */
export class DrainingMonitor {
  readonly #onChange: EndpointMonitorDeps['onChange'];
  readonly #sinceMs: number;
  #endpoint: Endpoint;
  #health: EndpointHealth | null = null;
  /** Never pending, so that who leaves holds up no verdict. */
  readonly hasResult = true;
  /** Nothing that is waited for can be late. */
  readonly staleAt = Number.POSITIVE_INFINITY;

  constructor(endpoint: Endpoint, { clock, onChange }: Pick<EndpointMonitorDeps, 'clock' | 'onChange'>) {
    this.#endpoint = endpoint;
    this.#onChange = onChange;
    this.#sinceMs = clock.wallNow();
  }

  /** The same object until something changes. */
  get health(): EndpointHealth {
    const { reported } = this.#endpoint;
    this.#health ??= {
      endpoint: this.#endpoint,
      state: 'draining',
      reason: reported?.reason ?? '',
      sinceMs: this.#sinceMs,
      lastResultMs: null,
      checkMs: null,
      services: new Map(),
      flags: reported?.flags ?? [],
    };
    return this.#health;
  }

  start(): void {
    // There is nothing to start.
  }

  /** Takes what discovery says now of the same address. */
  rename(endpoint: Endpoint): void {
    const isChange =
      endpoint.hostname !== this.#endpoint.hostname || endpoint.reported?.reason !== this.#endpoint.reported?.reason;
    this.#endpoint = endpoint;
    if (isChange) {
      this.#health = null;
      this.#onChange('state');
    }
  }

  expire(): void {
    // There is nothing to expire.
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
