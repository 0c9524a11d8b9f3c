import type { Ejection, EjectionKind, OutlierView } from '../model/ejection.ts';
import type { Clock, Timer } from '../util/clock.ts';
import { EjectionTime } from './ejection-time.ts';
import { EndpointResults } from './endpoint-results.ts';
import type { OutlierOptions } from './options.ts';
import { judgeSuccessRates } from './success-rate.ts';

/** An endpoint that is out, or in again. */
export type EjectionChange =
  | { readonly kind: 'ejected'; readonly key: string; readonly ejection: Ejection }
  /** `check`: a health check has passed before its time was over. */
  | { readonly kind: 'returned'; readonly key: string; readonly cause: 'time' | 'check' };

/** What a detector is given. */
export interface DetectorDeps {
  readonly clock: Clock;
  /** Called after `ejections` has the change, from within the call that led to it. Endpoints that are gone are not told of. */
  readonly onChange: (change: EjectionChange) => void;
}

interface Watched {
  readonly key: string;
  readonly results: EndpointResults;
  readonly time: EjectionTime;
  /** Envoy's `success_rate` of the endpoint. */
  successRate: number;
}

/** What Envoy shows for rates that are not known. */
const UNKNOWN_RATE = -1;

/**
 * Ejects endpoints whose calls fail, and lets them return: in the way of Envoy's `outlier_detection`, without telling errors of local origin
 * apart. Failures in a row eject at once, rates with the sweep; an ejection ends with the first sweep after its time. From the constructor to
 * `close` it holds a timer.
 */
export class OutlierDetector implements OutlierView {
  readonly #options: OutlierOptions;
  readonly #deps: DetectorDeps;
  #endpoints: ReadonlyMap<string, Watched> = new Map();
  #ejections: ReadonlyMap<string, Ejection> = new Map();
  #average = UNKNOWN_RATE;
  #threshold = UNKNOWN_RATE;
  #timer: Timer;

  constructor(options: OutlierOptions, deps: DetectorDeps) {
    this.#options = options;
    this.#deps = deps;
    this.#timer = this.#arm();
  }

  get ejections(): ReadonlyMap<string, Ejection> {
    return this.#ejections;
  }

  get successRateAverage(): number {
    return this.#average;
  }

  get successRateThreshold(): number {
    return this.#threshold;
  }

  successRateOf(key: string): number {
    return this.#endpoints.get(key)?.successRate ?? UNKNOWN_RATE;
  }

  /** Where the results of an endpoint go; null for one that is not among those of the last update. */
  resultsOf(key: string): EndpointResults | null {
    return this.#endpoints.get(key)?.results ?? null;
  }

  /** Takes the keys of all endpoints, whatever their health: survivors keep what is known of them. */
  update(keys: readonly string[]): void {
    const next = new Map(keys.map((key) => [key, this.#endpoints.get(key) ?? this.#watch(key)]));
    for (const [key, { results }] of this.#endpoints) {
      if (!next.has(key)) {
        results.detach();
      }
    }
    this.#endpoints = next;
    if ([...this.#ejections.keys()].some((key) => !next.has(key))) {
      this.#ejections = new Map([...this.#ejections].filter(([key]) => next.has(key)));
    }
  }

  /** A health check of the endpoint has passed, and it is healthy by checks. Envoy: `successful_active_health_check_uneject_host`. */
  onCheckPassed(key: string): void {
    const watched = this.#endpoints.get(key);
    if (watched !== undefined && this.#ejections.has(key)) {
      this.#return(watched, 'check');
    }
  }

  /** Ends the sweeps. May be called again. */
  close(): void {
    this.#timer.cancel();
  }

  #watch(key: string): Watched {
    const watched: Watched = {
      key,
      results: new EndpointResults(this.#options, (kind, count) => this.#onConsecutive(watched, kind, count)),
      time: new EjectionTime(this.#options),
      successRate: UNKNOWN_RATE,
    };
    return watched;
  }

  #arm(): Timer {
    return this.#deps.clock.setTimer(this.#options.intervalMs, () => {
      this.#timer = this.#arm();
      this.#sweep();
    });
  }

  #sweep(): void {
    const nowMs = this.#deps.clock.now();
    for (const watched of this.#endpoints.values()) {
      if (this.#ejections.has(watched.key) && watched.time.isOver(nowMs)) {
        this.#return(watched, 'time');
      }
      watched.results.rotate();
      watched.successRate = UNKNOWN_RATE;
    }
    this.#judgeRates();
    for (const { key, time } of this.#endpoints.values()) {
      if (!this.#ejections.has(key)) {
        time.decay(nowMs, this.#options.intervalMs);
      }
    }
  }

  #judgeRates(): void {
    const { successRate, failurePercentage } = this.#options;
    this.#average = UNKNOWN_RATE;
    this.#threshold = UNKNOWN_RATE;
    const leastHosts = Math.min(
      successRate?.minHosts ?? Number.POSITIVE_INFINITY,
      failurePercentage?.minHosts ?? Number.POSITIVE_INFINITY,
    );
    if (this.#endpoints.size < leastHosts) {
      return;
    }
    const candidates = [...this.#endpoints.values()].filter(
      ({ key, results }) => results.lastCalls > 0 && !this.#ejections.has(key),
    );
    for (const watched of candidates) {
      const { lastCalls, lastSuccessRate } = watched.results;
      const isShown =
        lastCalls >=
        Math.min(
          successRate?.requestVolume ?? Number.POSITIVE_INFINITY,
          failurePercentage?.requestVolume ?? Number.POSITIVE_INFINITY,
        );
      watched.successRate = isShown ? lastSuccessRate : UNKNOWN_RATE;
    }
    this.#ejectRareSuccesses(candidates);
    this.#ejectFrequentFailures(candidates);
  }

  #ejectRareSuccesses(candidates: readonly Watched[]): void {
    const options = this.#options.successRate;
    const judged = options === null ? [] : candidates.filter(({ results }) => results.lastCalls >= options.requestVolume);
    if (options === null || judged.length === 0 || judged.length < options.minHosts) {
      return;
    }
    const { average, threshold } = judgeSuccessRates(
      judged.map(({ results }) => results.lastSuccessRate),
      options.stdevFactor,
    );
    this.#average = average;
    this.#threshold = threshold;
    for (const watched of judged) {
      const rate = watched.results.lastSuccessRate;
      if (rate < threshold) {
        this.#eject(watched, 'success_rate', `success rate ${show(rate)}%, below ${show(threshold)}%`);
      }
    }
  }

  #ejectFrequentFailures(candidates: readonly Watched[]): void {
    const options = this.#options.failurePercentage;
    const judged = options === null ? [] : candidates.filter(({ results }) => results.lastCalls >= options.requestVolume);
    if (options === null || judged.length < options.minHosts) {
      return;
    }
    for (const watched of judged) {
      const { lastCalls, lastSuccessRate } = watched.results;
      const failed = 100 - lastSuccessRate;
      if (failed >= options.threshold) {
        this.#eject(watched, 'failure_percentage', `${show(failed)}% of ${lastCalls} calls failed`);
      }
    }
  }

  #onConsecutive(watched: Watched, kind: EjectionKind, count: number): void {
    if (!this.#ejections.has(watched.key)) {
      this.#eject(
        watched,
        kind,
        kind === 'consecutive_5xx' ? `${count} consecutive 5xx` : `${count} consecutive gateway failures`,
      );
      watched.results.restart(kind);
    }
  }

  /** Nothing happens where as many are out as may be. */
  #eject({ key, time }: Watched, kind: EjectionKind, words: string): void {
    const out = this.#ejections.size;
    const isAllowed = out === 0 || (100 * (out + 1)) / this.#endpoints.size <= this.#options.maxEjectionPercent;
    if (!isAllowed || this.#ejections.has(key)) {
      return;
    }
    const sinceMs = this.#deps.clock.wallNow();
    time.eject(this.#deps.clock.now());
    const ejection: Ejection = { kind, words, sinceMs, untilMs: sinceMs + time.lengthMs };
    this.#ejections = new Map(this.#ejections).set(key, ejection);
    this.#deps.onChange({ kind: 'ejected', key, ejection });
  }

  #return({ key, results, time }: Watched, cause: 'time' | 'check'): void {
    const ejections = new Map(this.#ejections);
    ejections.delete(key);
    this.#ejections = ejections;
    results.restartAll();
    time.return(this.#deps.clock.now());
    this.#deps.onChange({ kind: 'returned', key, cause });
  }
}

/** A percentage with as many digits as people read. */
function show(percent: number): string {
  return String(Math.round(percent * 10) / 10);
}
