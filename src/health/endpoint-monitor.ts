import { type Endpoint, isShownAlike } from '../model/endpoint.ts';
import type { EndpointHealth, HealthState, ServiceHealth } from '../model/health-view.ts';
import type { Clock } from '../util/clock.ts';
import type { Random } from '../util/random.ts';
import { checkedNames, treatOf } from './check-kind.ts';
import { CheckLoop, type Pause } from './check-loop.ts';
import type { Checker, CheckResult, CreateChecker } from './checker.ts';
import type { HealthObserver } from './observer.ts';
import type { HealthClusterOptions, TreatOptions } from './options.ts';
import { type Outcome, type Signal, toSignal, worstOutcome } from './outcome.ts';
import { applyCheck, applyWatchMessage, PENDING, type ServiceState } from './thresholds.ts';

export interface EndpointMonitorDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly observer: HealthObserver;
  readonly createChecker: CreateChecker;
  /** Whether a call was forwarded to the cluster since its last check: without one, checks may be further apart. */
  readonly hasTraffic: (cluster: string) => boolean;
  /** Something that `health` shows has changed. */
  readonly onChange: (kind: ChangeKind) => void;
}

/** `state`: what answers depend on. `refresh`: the same result again, only newer. */
export type ChangeKind = 'state' | 'refresh';

interface ServiceRecord {
  state: ServiceState;
  sinceMs: number;
  /** Watch messages so far: tells a Check whose answer one of them has overtaken. */
  messages: number;
}

/** The worst first: an endpoint is as good as its worst service. */
const WORST_FIRST: readonly ServiceState['state'][] = ['unhealthy', 'pending', 'degraded', 'healthy'];

/** Checks one endpoint from `start` to `close` and knows its health. */
export class EndpointMonitor {
  readonly #cluster: HealthClusterOptions;
  readonly #deps: EndpointMonitorDeps;
  readonly #services: ReadonlyMap<string, ServiceRecord>;
  readonly #checker: Checker;
  readonly #loop: CheckLoop;
  readonly #treat: TreatOptions;
  #endpoint: Endpoint;
  #closed = false;
  #state: HealthState = 'pending';
  #sinceMs: number;
  #lastResultAt: number | null = null;
  #lastResultMs: number | null = null;
  #checkMs: number | null = null;
  #stale = false;
  /** A service changed in a way that shows, and nobody was told yet. */
  #visible = false;
  /** What was known by checks of another kind: shown until there is a result of this kind for every service, or a bad one. */
  #inherited: EndpointHealth | null;
  #health: EndpointHealth | null = null;

  /** @param inherited what is known of the endpoint already; null if nothing is. */
  constructor(
    endpoint: Endpoint,
    cluster: HealthClusterOptions,
    deps: EndpointMonitorDeps,
    inherited: EndpointHealth | null = null,
  ) {
    this.#endpoint = endpoint;
    this.#inherited = inherited;
    this.#cluster = cluster;
    this.#deps = deps;
    this.#treat = treatOf(cluster.healthCheck);
    const now = deps.clock.wallNow();
    this.#sinceMs = inherited?.sinceMs ?? now;
    if (inherited !== null) {
      this.#state = inherited.state;
      this.#stale = inherited.state === 'stale';
      this.#lastResultMs = inherited.lastResultMs;
      this.#lastResultAt = deps.clock.now() - (now - (inherited.lastResultMs ?? now));
      this.#checkMs = inherited.checkMs;
    }
    this.#services = new Map(
      checkedNames(cluster.healthCheck).map((name) => [name, { state: PENDING, sinceMs: now, messages: 0 }]),
    );
    this.#checker = deps.createChecker(endpoint, {
      onMessage: (service, outcome) => this.#onMessage(service, outcome),
      onStreamFailure: (service, reason) => this.#onStreamFailure(service, reason),
      onCheckWanted: () => this.#loop.checkNow(),
    });
    this.#loop = new CheckLoop(() => this.#check(), cluster.healthCheck, deps);
  }

  /** The same object until something changes. */
  get health(): EndpointHealth {
    this.#health ??= {
      endpoint: this.#endpoint,
      state: this.#state,
      reason: this.#reason(),
      sinceMs: this.#sinceMs,
      lastResultMs: this.#lastResultMs,
      checkMs: this.#checkMs,
      services: this.#serviceHealth(),
    };
    return this.#health;
  }

  /** Whether there was a result, ever. */
  get hasResult(): boolean {
    return this.#lastResultAt !== null;
  }

  /** When the result will be stale, by the monotonic clock; Infinity before the first result and when it is already. */
  get staleAt(): number {
    return this.#lastResultAt === null || this.#stale
      ? Number.POSITIVE_INFINITY
      : this.#lastResultAt + this.#cluster.staleAfterMs;
  }

  start(firstDelayMs: number): void {
    // The loop ends by `close` alone and rejects never: its check does not.
    void this.#loop.run(firstDelayMs);
  }

  /** Takes what discovery says now of the same address. */
  rename(endpoint: Endpoint): void {
    if (!isShownAlike(endpoint, this.#endpoint)) {
      this.#endpoint = endpoint;
      this.#visible = true;
      this.#settle();
    }
  }

  /** Turns the result stale if its time is over. */
  expire(now: number): void {
    if (now >= this.staleAt) {
      this.#stale = true;
      this.#settle();
    }
  }

  /** Stops checking at once; resolves when the connections are gone. May be called again. */
  close(): Promise<void> {
    this.#closed = true;
    this.#loop.close();
    return this.#checker.close();
  }

  async #check(): Promise<Pause> {
    const startedAt = this.#deps.clock.now();
    const messagesBefore = new Map([...this.#services].map(([service, record]) => [service, record.messages]));
    const result = await this.#checker.check();
    if (this.#closed) {
      return 'unhealthy';
    }
    this.#checkMs = this.#deps.clock.now() - startedAt;
    const worst = worstOutcome(result.values());
    this.#deps.observer.onCheck(this.#cluster.name, this.#endpoint.key, worst.word, this.#checkMs);
    const passed = this.#applyResult(result, messagesBefore);
    this.#refresh();
    if (passed && this.#cluster.healthCheck.type !== 'none' && (this.#state === 'healthy' || this.#state === 'degraded')) {
      this.#deps.observer.onPassed?.(this.#cluster.name, this.#endpoint.key);
    }
    return this.#pauseAfter(passed);
  }

  /** An endpoint on its way back is checked as often as one in use: that bounds the time until it is. */
  #pauseAfter(passed: boolean): Pause {
    if (!passed) {
      return 'unhealthy';
    }
    const settled = this.#state === 'healthy' || this.#state === 'degraded';
    return settled && !this.#deps.hasTraffic(this.#cluster.name) ? 'noTraffic' : 'interval';
  }

  #applyResult(result: CheckResult, messagesBefore: ReadonlyMap<string, number>): boolean {
    let passed = true;
    for (const [service, outcome] of result) {
      const signal = toSignal(outcome, this.#treat);
      passed &&= signal.kind === 'pass';
      const record = this.#services.get(service);
      if (record !== undefined && !isOvertaken(record, signal, messagesBefore.get(service))) {
        this.#transition(record, applyCheck(record.state, signal, this.#cluster.healthCheck));
      }
    }
    return passed;
  }

  #onMessage(service: string, outcome: Outcome): void {
    const signal = toSignal(outcome, this.#treat);
    const record = this.#services.get(service);
    if (signal.kind === 'failure' || record === undefined || this.#closed) {
      return;
    }
    record.messages += 1;
    this.#transition(record, applyWatchMessage(signal));
    this.#refresh();
  }

  #onStreamFailure(service: string, reason: string): void {
    const record = this.#services.get(service);
    if (record !== undefined && !this.#closed) {
      this.#transition(record, applyCheck(record.state, { kind: 'failure', reason }, this.#cluster.healthCheck));
      this.#refresh();
    }
  }

  #transition(record: ServiceRecord, next: ServiceState): void {
    if (next.state !== record.state.state) {
      record.sinceMs = this.#deps.clock.wallNow();
    }
    this.#visible ||= next.state !== record.state.state || next.reason !== record.state.reason;
    record.state = next;
  }

  /** A result has come in: its age starts anew. */
  #refresh(): void {
    this.#lastResultAt = this.#deps.clock.now();
    this.#lastResultMs = this.#deps.clock.wallNow();
    this.#stale = false;
    this.#settle();
  }

  /** Brings the endpoint's own state in line with its services, and tells; the one place that changes it. */
  #settle(): void {
    const worst = this.#worst()[1].state;
    if (worst !== 'pending') {
      this.#inherited = null;
    }
    const to: HealthState = this.#stale ? 'stale' : (this.#inherited?.state ?? worst);
    const from = this.#state;
    const changed = this.#visible || to !== from;
    this.#health = null;
    this.#visible = false;
    if (to !== from) {
      this.#state = to;
      this.#sinceMs = this.#deps.clock.wallNow();
      const reason = this.#reason();
      this.#deps.observer.onStateChange({ cluster: this.#cluster.name, endpoint: this.#endpoint.key, from, to, reason });
    }
    this.#deps.onChange(changed ? 'state' : 'refresh');
  }

  #worst(): readonly [service: string, state: ServiceState] {
    let worst: readonly [string, ServiceState] | null = null;
    for (const [service, { state }] of this.#services) {
      if (worst === null || WORST_FIRST.indexOf(state.state) < WORST_FIRST.indexOf(worst[1].state)) {
        worst = [service, state];
      }
    }
    return worst ?? ['', PENDING];
  }

  #reason(): string {
    if (this.#stale) {
      return `no result for ${this.#cluster.staleAfterMs / 1000} s`;
    }
    if (this.#inherited !== null) {
      return this.#inherited.reason;
    }
    const [service, { reason }] = this.#worst();
    return reason === '' || this.#services.size === 1 ? reason : `${service === '' ? 'whole server' : service}: ${reason}`;
  }

  #serviceHealth(): ReadonlyMap<string, ServiceHealth> {
    const inherited = this.#inherited;
    if (inherited !== null) {
      const { reason, sinceMs } = inherited;
      const whole: ServiceHealth = { state: this.#state, reason, sinceMs };
      return new Map([...this.#services.keys()].map((service) => [service, inherited.services.get(service) ?? whole]));
    }
    return new Map(
      [...this.#services].map(([service, { state, sinceMs }]) => [
        service,
        { state: this.#stale ? 'stale' : state.state, reason: state.reason, sinceMs },
      ]),
    );
  }
}

/** A Watch message that came while the Check was under way is newer than the Check's answer, if there was one. */
function isOvertaken(record: ServiceRecord, signal: Signal, messagesBefore: number | undefined): boolean {
  return signal.kind !== 'failure' && record.messages !== messagesBefore;
}
