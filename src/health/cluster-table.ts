import type { DiscoveryUpdate } from '../model/discovery-update.ts';
import { diffEndpoints, type Endpoint, isReachedAlike, uniqueEndpoints } from '../model/endpoint.ts';
import type { ClusterHealth, DiscoveryHealth, EndpointHealth, HealthState } from '../model/health-view.ts';
import { checkedServices } from './check-kind.ts';
import type { CreateChecker } from './checker.ts';
import { DrainingMonitor } from './draining-monitor.ts';
import { type ChangeKind, EndpointMonitor, type EndpointMonitorDeps } from './endpoint-monitor.ts';
import { areCheckedAlike, type HealthClusterOptions } from './options.ts';
import { ReportedMonitor } from './reported-monitor.ts';

/** How far apart the first checks of new endpoints are, so that many do not start in one burst. Milliseconds. */
const FIRST_CHECK_SPACING_MS = 5;

/** States that results have led to, and that a new kind of check may begin with. */
const RESULT_STATES: ReadonlySet<HealthState> = new Set(['healthy', 'degraded', 'unhealthy', 'stale']);

/** What knows the health of one endpoint: by checks, or by what its source reports. */
type Monitor = EndpointMonitor | ReportedMonitor | DrainingMonitor;

/** The endpoints of one cluster, each with its monitor. */
export class ClusterTable {
  #options: HealthClusterOptions;
  #deps: EndpointMonitorDeps;
  readonly #onChange: EndpointMonitorDeps['onChange'];
  /** In the order of their keys. */
  #monitors: ReadonlyMap<string, Monitor> = new Map();
  readonly #closing = new Set<Promise<void>>();
  #endpoints: readonly Endpoint[] = [];
  #discovery: DiscoveryHealth = { state: 'pending', reason: '', lastSuccessMs: null };
  /** Failures of discovery in a row, and when the first of them was, by the monotonic clock. */
  #failures = 0;
  #failingSince = Number.POSITIVE_INFINITY;
  #hadVerdict = false;
  #initialized = false;
  #health: ClusterHealth | null = null;

  constructor(options: HealthClusterOptions, deps: EndpointMonitorDeps) {
    this.#options = options;
    this.#onChange = deps.onChange;
    this.#deps = {
      ...deps,
      onChange: (kind) => this.#changed(kind),
    };
  }

  /** The same object until something changes. */
  get health(): ClusterHealth {
    this.#health ??= this.#build();
    return this.#health;
  }

  /** When the first result will be stale, or the answer of discovery; Infinity if none will. */
  get staleAt(): number {
    let earliest = this.#discovery.expired === true ? Number.POSITIVE_INFINITY : this.#discoveryExpiresAt;
    for (const monitor of this.#monitors.values()) {
      earliest = Math.min(earliest, monitor.staleAt);
    }
    return earliest;
  }

  /** Applies what discovery found. A failure keeps the endpoints found last. */
  updateDiscovery(update: DiscoveryUpdate): void {
    if (update.kind === 'failed') {
      this.#failures += 1;
      this.#failingSince = Math.min(this.#failingSince, this.#deps.clock.now());
      const { type, unhealthyThreshold } = this.#options.healthCheck;
      // Endpoints count this themselves; that there were none is not believed any longer either.
      const expired = type === 'envoy' && this.#failures >= unhealthyThreshold;
      this.#discovery = { ...this.#discovery, state: 'failed', reason: update.reason, ...(expired ? { expired } : {}) };
      this.#initialized = true;
      if (update.endpoints !== undefined) {
        this.#replaceEndpoints(uniqueEndpoints(update.endpoints));
      }
    } else {
      this.#failures = 0;
      this.#failingSince = Number.POSITIVE_INFINITY;
      this.#discovery = { state: 'ok', reason: '', lastSuccessMs: this.#deps.clock.wallNow() };
      this.#initialized ||= update.endpoints.length === 0;
      this.#replaceEndpoints(uniqueEndpoints(update.endpoints));
    }
    this.#deps.observer.onDiscovery(this.#options.name, update);
    this.#changed('state');
  }

  /** Turns results stale whose time is over, and believes no answer of discovery that has failed for as long. */
  expire(now: number): void {
    if (this.#discovery.expired !== true && now >= this.#discoveryExpiresAt) {
      this.#discovery = { ...this.#discovery, expired: true };
      this.#changed('state');
    }
    for (const monitor of this.#monitors.values()) {
      monitor.expire(now);
    }
  }

  get #discoveryExpiresAt(): number {
    return this.#failingSince + this.#options.staleAfterMs;
  }

  /**
   * From now on endpoints are checked in another way. Each keeps the state that it has until the first result of the new kind, which then
   * counts at once.
   */
  reconfigure(options: HealthClusterOptions, createChecker: CreateChecker): void {
    const isCheckedAlike = areCheckedAlike(options, this.#options);
    this.#options = options;
    if (isCheckedAlike) {
      return;
    }
    this.#deps = { ...this.#deps, createChecker };
    const again = this.#endpoints.filter(
      (endpoint) => !(this.#monitors.get(endpoint.key) instanceof DrainingMonitor && this.#isDraining(endpoint)),
    );
    const known = new Map(again.map(({ key }) => [key, this.#monitors.get(key)?.health]));
    const monitors = new Map(this.#monitors);
    for (const { key } of again) {
      this.#retire(monitors.get(key));
    }
    this.#startMonitors(monitors, again, (key) => known.get(key) ?? null);
    this.#changed('state');
  }

  /** Resolves when every connection is gone, those of endpoints removed before included. */
  async close(): Promise<void> {
    for (const [key, monitor] of this.#monitors) {
      this.#retire(monitor);
      this.#deps.observer.onEndpointRemoved(this.#options.name, key);
    }
    this.#monitors = new Map();
    await Promise.all(this.#closing);
  }

  #replaceEndpoints(next: readonly Endpoint[]): void {
    const { added, removed, kept } = diffEndpoints(this.#endpoints, next);
    this.#endpoints = next;
    const monitors = new Map(this.#monitors);
    for (const { key } of removed) {
      this.#retire(monitors.get(key));
      monitors.delete(key);
      this.#deps.observer.onEndpointRemoved(this.#options.name, key);
    }
    const moved = kept.filter((endpoint) => this.#hasMoved(monitors.get(endpoint.key), endpoint));
    const known = new Map(moved.map(({ key }) => [key, monitors.get(key)?.health ?? null]));
    for (const { key } of moved) {
      this.#retire(monitors.get(key));
    }
    const changed = kept
      .filter(({ key }) => !known.has(key))
      .filter((endpoint) => !this.#update(monitors.get(endpoint.key), endpoint));
    this.#startMonitors(monitors, [...added, ...moved, ...changed], (key) => known.get(key) ?? null);
  }

  /** Adds a monitor for each of `started`, and makes `monitors` those in force. */
  #startMonitors(
    monitors: Map<string, Monitor>,
    started: readonly Endpoint[],
    healthOf: (key: string) => EndpointHealth | null,
  ): void {
    const { type, intervalMs } = this.#options.healthCheck;
    const window = type === 'none' || type === 'envoy' ? 0 : Math.min(intervalMs, started.length * FIRST_CHECK_SPACING_MS);
    for (const [index, endpoint] of started.entries()) {
      const monitor = this.#createMonitor(endpoint, healthOf(endpoint.key));
      monitors.set(endpoint.key, monitor);
      monitor.start((index * window) / started.length);
    }
    this.#monitors = new Map([...monitors].sort(([left], [right]) => (left < right ? -1 : 1)));
  }

  /** Whether it is checked, and can be reached in another way than before: what its checks have found stands until they come that way. */
  #hasMoved(monitor: Monitor | undefined, endpoint: Endpoint): boolean {
    return (
      monitor instanceof EndpointMonitor && !this.#isDraining(endpoint) && !isReachedAlike(endpoint, monitor.health.endpoint)
    );
  }

  /** Returns whether the monitor can go on: for an endpoint that begins to leave, or stays after all, another kind is needed. */
  #update(monitor: Monitor | undefined, endpoint: Endpoint): boolean {
    const isDraining = this.#isDraining(endpoint);
    if (monitor instanceof DrainingMonitor === isDraining) {
      monitor?.rename(endpoint);
      return true;
    }
    this.#retire(monitor);
    this.#deps.observer.onStateChange({
      cluster: this.#options.name,
      endpoint: endpoint.key,
      from: monitor?.health.state ?? 'pending',
      to: isDraining ? 'draining' : 'pending',
      reason: endpoint.reported?.reason ?? '',
    });
    return false;
  }

  #createMonitor(endpoint: Endpoint, health: EndpointHealth | null): Monitor {
    if (this.#isDraining(endpoint)) {
      return new DrainingMonitor(endpoint, this.#deps);
    }
    const inherited = health !== null && RESULT_STATES.has(health.state) ? health : null;
    return this.#options.healthCheck.type === 'envoy'
      ? new ReportedMonitor(endpoint, this.#options, this.#deps, inherited)
      : new EndpointMonitor(endpoint, this.#options, this.#deps, inherited);
  }

  /** Whether the source says that the endpoint is leaving, where checks would not tell: nobody else can know. */
  #isDraining({ reported }: Endpoint): boolean {
    return this.#options.healthCheck.type !== 'envoy' && reported?.state === 'draining';
  }

  #retire(monitor: Monitor | undefined): void {
    if (monitor !== undefined) {
      const closed = monitor.close().finally(() => this.#closing.delete(closed));
      this.#closing.add(closed);
    }
  }

  #changed(kind: ChangeKind): void {
    this.#health = null;
    this.#onChange(kind);
  }

  #build(): ClusterHealth {
    const endpoints: EndpointHealth[] = [];
    let results = 0;
    for (const monitor of this.#monitors.values()) {
      endpoints.push(monitor.health);
      results += monitor.hasResult ? 1 : 0;
    }
    this.#initialized ||= results > 0;
    this.#hadVerdict ||= results > 0 && results === endpoints.length;
    return {
      name: this.#options.name,
      discovery: this.#discovery,
      endpoints,
      services: checkedServices(this.#options.healthCheck),
      hadVerdict: this.#hadVerdict,
      initialized: this.#initialized,
    };
  }
}
