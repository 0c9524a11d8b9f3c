import { type Endpoint, isShownAlike, type ReportedHealth } from '../model/endpoint.ts';
import type { EndpointHealth, HealthState } from '../model/health-view.ts';
import { WHOLE_ENDPOINT } from './checker.ts';
import type { EndpointMonitorDeps } from './endpoint-monitor.ts';
import type { HealthClusterOptions } from './options.ts';
import type { OutcomeWord } from './outcome.ts';

/**
 * Knows the health of one endpoint by what its source reports with it, and checks nothing. An answer counts at once, in both
 * directions, as the source has thresholds of its own; polls that fail count to `unhealthyThreshold`, and no answer outlives `staleAfterMs`.
 */
export class ReportedMonitor {
  readonly #cluster: HealthClusterOptions;
  readonly #deps: Pick<EndpointMonitorDeps, 'clock' | 'observer' | 'onChange'>;
  #endpoint: Endpoint;
  /** What was taken last. */
  #report: ReportedHealth | undefined;
  #closed = false;
  #state: HealthState = 'pending';
  #reason = '';
  #sinceMs: number;
  #lastResultAt: number | null = null;
  #stale = false;
  #health: EndpointHealth | null = null;

  /** @param inherited what is known of the endpoint already, and holds until its source reports; null if nothing is. */
  constructor(
    endpoint: Endpoint,
    cluster: HealthClusterOptions,
    deps: Pick<EndpointMonitorDeps, 'clock' | 'observer' | 'onChange'>,
    inherited: EndpointHealth | null = null,
  ) {
    this.#endpoint = endpoint;
    this.#cluster = cluster;
    this.#deps = deps;
    this.#sinceMs = inherited?.sinceMs ?? deps.clock.wallNow();
    if (inherited !== null) {
      this.#state = inherited.state;
      this.#reason = inherited.reason;
      this.#stale = inherited.state === 'stale';
      this.#lastResultAt = deps.clock.now() - (deps.clock.wallNow() - (inherited.lastResultMs ?? deps.clock.wallNow()));
    }
  }

  /** The same object until something changes. */
  get health(): EndpointHealth {
    const state = { state: this.#state, reason: this.#reason, sinceMs: this.#sinceMs };
    this.#health ??= {
      endpoint: this.#endpoint,
      ...state,
      lastResultMs: this.#report?.atMs ?? null,
      checkMs: this.#report?.pollMs ?? null,
      services: new Map([[WHOLE_ENDPOINT, state]]),
      flags: this.#report?.flags ?? [],
    };
    return this.#health;
  }

  /** Whether there was a result, ever. */
  get hasResult(): boolean {
    return this.#lastResultAt !== null;
  }

  /** When the report will be stale, by the monotonic clock; Infinity before the first and when it is already. */
  get staleAt(): number {
    return this.#lastResultAt === null || this.#stale
      ? Number.POSITIVE_INFINITY
      : this.#lastResultAt + this.#cluster.staleAfterMs;
  }

  /** Takes what the endpoint came with. */
  start(): void {
    this.#take();
  }

  /** Takes what the source says now of the same address. */
  rename(endpoint: Endpoint): void {
    const isRenamed = !isShownAlike(endpoint, this.#endpoint);
    this.#endpoint = endpoint;
    this.#take();
    if (isRenamed) {
      this.#health = null;
      this.#deps.onChange('state');
    }
  }

  /** Turns the report stale if its time is over; one whose source is away stays unhealthy, with the reason. */
  expire(now: number): void {
    if (now < this.staleAt) {
      return;
    }
    this.#stale = true;
    if (!this.#isAway) {
      this.#settle('stale', `no report for ${this.#cluster.staleAfterMs / 1000} s`);
    }
  }

  /** Whether as many polls in a row have failed as make the endpoint unhealthy. */
  get #isAway(): boolean {
    return (this.#report?.failedPolls ?? 0) >= this.#cluster.healthCheck.unhealthyThreshold;
  }

  /** From now on nothing is taken. May be called again. */
  close(): Promise<void> {
    this.#closed = true;
    return Promise.resolve();
  }

  /** A report that was taken already, and comes again because of another source, is none. */
  #take(): void {
    const report = this.#endpoint.reported;
    if (this.#closed || report === undefined || report === this.#report) {
      return;
    }
    this.#report = report;
    if (report.failedPolls === 0) {
      this.#lastResultAt = this.#deps.clock.now();
      this.#stale = false;
      this.#observe(report.state === 'healthy' || report.state === 'degraded' ? 'serving' : 'not_serving', report);
      this.#settle(report.state, report.reason);
      return;
    }
    this.#observe('connect_failed', report);
    if (this.#isAway || !this.hasResult) {
      this.#settle('unhealthy', report.failure);
    } else {
      this.#settle(this.#state, this.#reason);
    }
  }

  #observe(word: OutcomeWord, { pollMs }: ReportedHealth): void {
    this.#deps.observer.onCheck(this.#cluster.name, this.#endpoint.key, word, pollMs);
  }

  /** The one place that changes the state; tells whoever looks. */
  #settle(to: HealthState, reason: string): void {
    const from = this.#state;
    const isChange = to !== from || reason !== this.#reason;
    this.#health = null;
    this.#state = to;
    this.#reason = reason;
    if (to !== from) {
      this.#sinceMs = this.#deps.clock.wallNow();
      this.#deps.observer.onStateChange({ cluster: this.#cluster.name, endpoint: this.#endpoint.key, from, to, reason });
    }
    this.#deps.onChange(isChange ? 'state' : 'refresh');
  }
}
