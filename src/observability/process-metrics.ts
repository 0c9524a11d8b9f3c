import { formatSample, type MetricFamily } from './exposition.ts';
import { METRIC_PREFIX } from './metrics.ts';

const RELOAD = `${METRIC_PREFIX}config_reload_success`;
const DROPPED = `${METRIC_PREFIX}access_log_dropped_total`;

/** What the process does beside serving: its configuration, and its access log. */
export class ProcessMetrics {
  /** Lines of the access log that nobody will read; 0 where there is none. Whoever writes the log sets it. */
  readAccessLogDropped: () => number = () => 0;
  #isReloadGood = true;

  /** Whether the newest configuration that was found is the one in force. True from the start, as no process starts without. */
  onReload(isSuccess: boolean): void {
    this.#isReloadGood = isSuccess;
  }

  /** What is known now. */
  read(): readonly MetricFamily[] {
    return [
      {
        name: RELOAD,
        help: '1 while the newest configuration is the one in force, 0 after one that was refused.',
        type: 'gauge',
        lines: [formatSample(RELOAD, {}, this.#isReloadGood ? 1 : 0)],
      },
      {
        name: DROPPED,
        help: 'Lines of the access log that were dropped, as what takes them had stopped.',
        type: 'counter',
        lines: [formatSample(DROPPED, {}, this.readAccessLogDropped())],
      },
    ];
  }
}
