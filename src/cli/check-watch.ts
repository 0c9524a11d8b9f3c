import { constants } from 'node:os';
import type { BridgeVerdict } from '../aggregation/verdict.ts';
import type { EvaluationDeps } from '../bridge/evaluation.ts';
import { HealthMonitor, type HealthMonitorOptions } from '../bridge/health-monitor.ts';
import type { HealthObserver } from '../health/observer.ts';
import { renderAggregateJson, renderAggregateText } from '../http/health-page-text.ts';
import { toPrintable } from '../http/printable.ts';
import type { Clock, Timer } from '../util/clock.ts';
import type { CommandIo, Output, SignalSource, StopSignal } from './command-io.ts';
import { SIGNAL_EXIT_BASE } from './exit-code.ts';
import { describeChanges } from './verdict-changes.ts';

/** How verdicts are told. */
export interface FollowOptions {
  readonly io: Pick<CommandIo, 'stdout' | 'signals'>;
  /** A health+json document in a line of its own for each change, in place of text. */
  readonly json: boolean;
}

/** How long the first words wait for first results. Milliseconds; a cluster that is silent for longer is shown as it stands. */
const FIRST_RESULTS_MS = 15_000;
/** A terminal is drawn again after so long at the earliest, as nobody reads faster. Milliseconds. */
const REDRAW_MS = 100;
/** Longer lines are cut where they are told one by one. Characters. */
const MAX_LINE_LENGTH = 400;

/** What it ended by. */
type End = StopSignal | 'SIGPIPE';

/** Checks as the running bridge would, and tells every change until a signal comes or nobody reads any longer. Returns the exit code. */
export async function followChecks(options: HealthMonitorOptions, deps: EvaluationDeps, follow: FollowOptions): Promise<number> {
  const { stdout, signals } = follow.io;
  const teller = createTeller(follow, deps.clock);
  const end = untilEnd(signals, stdout);
  const monitor = new HealthMonitor(options, {
    ...deps,
    observer: NOBODY,
    onVerdict: (verdict) => teller.tell(verdict),
  });
  try {
    teller.tell(monitor.verdict);
    monitor.start();
    return SIGNAL_EXIT_BASE + constants.signals[await end.reached];
  } finally {
    end.close();
    teller.close();
    await monitor.close();
  }
}

/** Whoever looks at verdicts as they come. */
interface Teller {
  tell(verdict: BridgeVerdict): void;
  /** May be called again. */
  close(): void;
}

function createTeller({ io, json }: FollowOptions, clock: Clock): Teller {
  return io.stdout.isTTY === true && !json ? new Screen(io.stdout, clock) : new Lines(io.stdout, json, clock);
}

/** Lines for files and other programs. The first come with the first results, as before them there is nothing to tell. */
class Lines implements Teller {
  readonly #output: Output;
  readonly #json: boolean;
  readonly #clock: Clock;
  readonly #patience: Timer;
  #isPatient = true;
  #told: BridgeVerdict | null = null;
  #latest: BridgeVerdict | null = null;

  constructor(output: Output, json: boolean, clock: Clock) {
    this.#output = output;
    this.#json = json;
    this.#clock = clock;
    this.#patience = clock.setTimer(FIRST_RESULTS_MS, () => {
      this.#isPatient = false;
      if (this.#latest !== null) {
        this.tell(this.#latest);
      }
    });
  }

  tell(verdict: BridgeVerdict): void {
    this.#latest = verdict;
    if (this.#told === null && this.#isPatient && !verdict.initialized) {
      return;
    }
    const changes = describeChanges(this.#told, verdict);
    this.#told = verdict;
    if (changes.length === 0) {
      return;
    }
    const time = new Date(this.#clock.wallNow()).toISOString();
    const lines = this.#json
      ? [renderAggregateJson(verdict)]
      : changes.map((change) => `${time} ${toPrintable(change, MAX_LINE_LENGTH)}`);
    this.#output.write(`${lines.join('\n')}\n`);
  }

  close(): void {
    this.#patience.cancel();
  }
}

const CLEAR = '\u001b[2J';
const HOME = '\u001b[H';
const CLEAR_LINE_END = '\u001b[K';
const CLEAR_BELOW = '\u001b[J';
const DEFAULT_ROWS = 24;
const DEFAULT_COLUMNS = 80;

/** A terminal that shows how everything stands, drawn over itself. */
class Screen implements Teller {
  readonly #output: Output;
  readonly #clock: Clock;
  #timer: Timer | null = null;
  #latest: BridgeVerdict | null = null;
  #isBlank = true;

  constructor(output: Output, clock: Clock) {
    this.#output = output;
    this.#clock = clock;
  }

  tell(verdict: BridgeVerdict): void {
    this.#latest = verdict;
    this.#timer ??= this.#clock.setTimer(this.#isBlank ? 0 : REDRAW_MS, () => this.#draw());
  }

  close(): void {
    this.#timer?.cancel();
    this.#timer = null;
  }

  #draw(): void {
    this.#timer = null;
    if (this.#latest === null) {
      return;
    }
    const time = new Date(this.#clock.wallNow()).toISOString();
    const head = [`${this.#latest.whole.status} · last change ${time} · Ctrl-C ends`, ''];
    const lines = fit([...head, ...renderAggregateText(this.#latest).trimEnd().split('\n')], this.#output);
    const start = this.#isBlank ? CLEAR + HOME : HOME;
    this.#isBlank = false;
    this.#output.write(`${start}${lines.map((line) => `${line}${CLEAR_LINE_END}\n`).join('')}${CLEAR_BELOW}`);
  }
}

/** What the terminal can show: lines that wrap, or scroll it, would spoil the next drawing. */
function fit(lines: readonly string[], { rows = DEFAULT_ROWS, columns = DEFAULT_COLUMNS }: Output): readonly string[] {
  // The cursor rests in the line below.
  const room = Math.max(1, rows - 1);
  const shown = lines.length <= room ? lines : [...lines.slice(0, room - 1), `… ${lines.length - room + 1} more lines`];
  return shown.map((line) => (line.length <= columns ? line : `${line.slice(0, Math.max(0, columns - 1))}…`));
}

/** Resolves with what ends it all: a signal, or a reader that has gone. */
function untilEnd(signals: SignalSource, output: Output): { readonly reached: Promise<End>; close(): void } {
  const { promise, resolve } = Promise.withResolvers<End>();
  const onSignal = (signal: StopSignal): void => resolve(signal);
  const onGone = (): void => resolve('SIGPIPE');
  signals.on('SIGINT', onSignal);
  signals.on('SIGTERM', onSignal);
  output.on?.('error', onGone);
  return {
    reached: promise,
    close: () => {
      signals.off('SIGINT', onSignal);
      signals.off('SIGTERM', onSignal);
      output.off?.('error', onGone);
    },
  };
}

/** The verdicts tell it all. */
const NOBODY: HealthObserver = {
  onCheck: () => undefined,
  onStateChange: () => undefined,
  onDiscovery: () => undefined,
  onEndpointRemoved: () => undefined,
};
