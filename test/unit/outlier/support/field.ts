import { OutlierDetector } from '../../../../src/outlier/detector.ts';
import type { OutlierOptions } from '../../../../src/outlier/options.ts';
import { FakeClock } from '../../../support/fake-clock.ts';

/** The options of a cluster that says no more than that it wants outlier detection. */
export const DEFAULTS: OutlierOptions = {
  consecutive5xx: 5,
  consecutiveGatewayFailure: 0,
  intervalMs: 10_000,
  baseEjectionTimeMs: 30_000,
  maxEjectionTimeMs: 300_000,
  maxEjectionPercent: 10,
  successRate: null,
  failurePercentage: null,
};

/** A detector with its endpoints, named by letters and then by numbers, and time that moves when told to. */
export class Field {
  readonly clock = new FakeClock();
  readonly keys: readonly string[];
  readonly detector: OutlierDetector;
  /** What was told, in words. */
  readonly changes: string[] = [];

  constructor(options: Partial<OutlierOptions>, size: number) {
    this.keys = Array.from({ length: size }, (_, index) => (index < 26 ? String.fromCharCode(97 + index) : `n${index}`));
    this.detector = new OutlierDetector(
      { ...DEFAULTS, ...options },
      {
        clock: this.clock,
        onChange: (change) =>
          this.changes.push(`${change.kind} ${change.key} ${change.kind === 'ejected' ? change.ejection.kind : change.cause}`),
      },
    );
    this.detector.update(this.keys);
  }

  /** Keys of those that are out. */
  get out(): readonly string[] {
    return [...this.detector.ejections.keys()];
  }

  report(key: string, status: number, times = 1): void {
    for (let count = 0; count < times; count++) {
      this.detector.resultsOf(key)?.onResult(status);
    }
  }

  /** That many calls, of which that many fail; the failures are spread, so that they are in no row. */
  calls(key: string, total: number, failed: number): void {
    for (let count = 0; count < total; count++) {
      this.report(key, Math.floor(((count + 1) * failed) / total) > Math.floor((count * failed) / total) ? 500 : 200);
    }
  }

  pass(ms: number): Promise<void> {
    return this.clock.advance(ms);
  }

  close(): void {
    this.detector.close();
  }
}
