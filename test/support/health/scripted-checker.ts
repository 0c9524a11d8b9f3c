import type { Checker, CheckerEvents, CheckResult, CreateChecker } from '../../../src/health/checker.ts';
import { type Outcome, SERVING } from '../../../src/health/outcome.ts';
import type { Endpoint } from '../../../src/model/endpoint.ts';
import type { FakeClock } from '../fake-clock.ts';

export const NOT_SERVING: Outcome = { word: 'not_serving', reason: 'NOT_SERVING', reached: 'answered' };
export const REFUSED: Outcome = { word: 'connect_failed', reason: 'connection refused', reached: 'none' };
export const TIMEOUT: Outcome = { word: 'timeout', reason: 'deadline exceeded', reached: 'connected' };

/** One check as the script wants it: what it finds, for every service or for each, and after how long. */
export interface ScriptedCheck {
  readonly outcome: Outcome | ReadonlyMap<string, Outcome>;
  readonly afterMs: number;
}

/** Checks that go as a test says, on a clock that the test turns. */
export class ScriptedChecker implements Checker {
  readonly endpoint: Endpoint;
  readonly events: CheckerEvents;
  /** When checks were started, by the clock. */
  readonly starts: number[] = [];
  script: () => ScriptedCheck = () => ({ outcome: SERVING, afterMs: 0 });
  inFlight = 0;
  maxInFlight = 0;
  closed = false;
  readonly #services: readonly string[];
  readonly #clock: FakeClock;
  readonly #closing = new AbortController();

  constructor(parts: { endpoint: Endpoint; events: CheckerEvents; services: readonly string[]; clock: FakeClock }) {
    this.endpoint = parts.endpoint;
    this.events = parts.events;
    this.#services = parts.services;
    this.#clock = parts.clock;
  }

  async check(): Promise<CheckResult> {
    this.starts.push(this.#clock.now());
    this.inFlight += 1;
    this.maxInFlight = Math.max(this.maxInFlight, this.inFlight);
    const { outcome, afterMs } = this.script();
    if (afterMs > 0) {
      await this.#clock.sleep(afterMs, this.#closing.signal);
    }
    this.inFlight -= 1;
    return 'word' in outcome ? new Map(this.#services.map((service) => [service, outcome])) : outcome;
  }

  close(): Promise<void> {
    this.closed = true;
    this.#closing.abort();
    return Promise.resolve();
  }
}

/** Makes the checkers of one cluster and keeps them by the key of their endpoint, the newest of each. */
export class CheckerFactory {
  readonly checkers = new Map<string, ScriptedChecker>();
  /** What new checkers do at first. */
  script: (endpoint: Endpoint) => ScriptedCheck = () => ({ outcome: SERVING, afterMs: 0 });
  readonly #services: readonly string[];
  readonly #clock: FakeClock;

  constructor(clock: FakeClock, services: readonly string[] = ['']) {
    this.#clock = clock;
    this.#services = services;
  }

  readonly create: CreateChecker = (endpoint, events) => {
    const checker = new ScriptedChecker({ endpoint, events, services: this.#services, clock: this.#clock });
    checker.script = () => this.script(endpoint);
    this.checkers.set(endpoint.key, checker);
    return checker;
  };

  of(key: string): ScriptedChecker {
    const checker = this.checkers.get(key);
    if (checker === undefined) {
      throw new Error(`${key} has no checker`);
    }
    return checker;
  }
}
