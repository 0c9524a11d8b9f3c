import type { Clock, Timer } from '../util/clock.ts';

/** What one turn of the event loop does for a connection, after everything that was received in it. No method may throw. */
export interface TurnTask {
  /** The turn ends. */
  onTurn(): void;
  /** What could wait for company has waited long enough. */
  onLate?(): void;
  /** There is so much to write that it should not wait for the end of the turn. */
  onUrgent(): void;
}

/** Something that has to be told the time. */
export interface Ticker {
  /** `nowMs` is Clock.now(). Must not throw. */
  tick(nowMs: number): void;
}

/** How long something small may wait for company. Milliseconds: little enough that no peer that measures its way to us is led astray. */
const LATE_MS = 5;

/** After so many turns in which one read came, the loop counts as quiet. */
const QUIET_TURNS = 16;

/** In a quiet loop one read of so many is followed by a whole turn, to see whether others come in it. */
const SAMPLED_READS = 8;

/** Pause between two ticks. Milliseconds: half of the shortest time that anything here measures. */
const TICK_MS = 25;

/**
 * The rhythm of one thread. Connections with something to write are served once per turn of the event loop, in one setImmediate, so that
 * many reads share one write per peer; and one timer tells the time to all of them. While the loop is quiet, so that there is nothing to be
 * shared, they are served as soon as the read ends, which saves the immediate. Holds neither a timer nor an immediate, and so does not
 * keep the process alive, while nothing has asked for one.
 */
export class Turn {
  readonly #clock: Clock;
  /** Those to be served at the end of this turn, in the order in which they asked. */
  #due: TurnTask[] = [];
  /** The list of the last turn, empty, to be filled again. */
  #spare: TurnTask[] = [];
  readonly #urgent: TurnTask[] = [];
  /** Those that are served some milliseconds later. */
  #late: TurnTask[] = [];
  #spareLate: TurnTask[] = [];
  #lateTimer: Timer | null = null;
  readonly #runLate: () => void;
  readonly #tickers = new Set<Ticker>();
  readonly #runDue: () => void;
  readonly #runTick: () => void;
  #immediate: NodeJS.Immediate | null = null;
  #timer: Timer | null = null;
  #nowMs: number;
  #isClosed = false;
  #isReading = false;
  /** Reads since the tasks were last served. */
  #reads = 0;
  /** How many turns have had one read, in a row. */
  #quietTurns = 0;
  /** Reads since a turn was last waited for. */
  #unsampledReads = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#nowMs = clock.now();
    this.#runDue = () => this.#serveDue();
    this.#runTick = () => this.#tick();
    this.#runLate = () => this.#serveLate();
  }

  /** The time as of the last tick: cheap to read, late by a tick at most. Clock.now() while there is no ticker. Milliseconds. */
  get nowMs(): number {
    return this.#timer === null ? this.#clock.now() : this.#nowMs;
  }

  /** Serves the task once when this turn ends; when turns are being ended already, in the next one. A task asks once until it is served. */
  schedule(task: TurnTask): void {
    if (this.#isClosed) {
      return;
    }
    this.#due.push(task);
    if (!this.#isReading) {
      this.#immediate ??= setImmediate(this.#runDue);
    }
  }

  /** A transport begins to take what has been read, and calls endRead when it has. Not to be nested. */
  beginRead(): void {
    this.#isReading = true;
    this.#reads++;
  }

  /** Serves those that are urgent, and in a quiet loop all others. */
  endRead(): void {
    this.#isReading = false;
    this.runUrgent();
    if (this.#due.length === 0 || this.#immediate !== null) {
      return;
    }
    if (this.#quietTurns >= QUIET_TURNS && this.#unsampledReads < SAMPLED_READS) {
      this.#unsampledReads++;
      this.#serve();
    }
    if (this.#due.length > 0) {
      this.#immediate = setImmediate(this.#runDue);
    }
  }

  /** Serves the task as soon as the call returns that is under way, if that is one of a transport; otherwise when the turn ends. */
  scheduleUrgent(task: TurnTask): void {
    if (this.#isClosed) {
      return;
    }
    this.#urgent.push(task);
    this.#immediate ??= setImmediate(this.#runDue);
  }

  /** Serves the task 5 ms later at the latest. It need not mind being served in vain. */
  scheduleLate(task: TurnTask): void {
    if (this.#isClosed) {
      return;
    }
    this.#late.push(task);
    this.#lateTimer ??= this.#clock.setTimer(LATE_MS, this.#runLate);
  }

  /** Serves those that are urgent. Called where no connection is in the middle of its work: by transports when theirs is done. */
  runUrgent(): void {
    for (let task = this.#urgent.pop(); task !== undefined; task = this.#urgent.pop()) {
      task.onUrgent();
    }
  }

  /** Tells the ticker the time every 25 ms from now on. */
  add(ticker: Ticker): void {
    if (this.#isClosed) {
      return;
    }
    this.#tickers.add(ticker);
    if (this.#timer === null) {
      this.#nowMs = this.#clock.now();
      this.#timer = this.#clock.setTimer(TICK_MS, this.#runTick);
    }
  }

  /** Stops it; allowed at any time, also during a tick. */
  remove(ticker: Ticker): void {
    this.#tickers.delete(ticker);
    if (this.#tickers.size === 0) {
      this.#timer?.cancel();
      this.#timer = null;
    }
  }

  /** Forgets everybody. What is scheduled is not served any more: connections are closed before. */
  close(): void {
    this.#isClosed = true;
    this.#timer?.cancel();
    this.#timer = null;
    this.#lateTimer?.cancel();
    this.#lateTimer = null;
    this.#late.length = 0;
    clearImmediate(this.#immediate ?? undefined);
    this.#immediate = null;
    this.#tickers.clear();
    this.#due.length = 0;
    this.#urgent.length = 0;
  }

  #serveDue(): void {
    this.#immediate = null;
    this.#quietTurns = this.#reads > 1 ? 0 : this.#quietTurns + this.#reads;
    this.#unsampledReads = 0;
    this.#serve();
  }

  #serve(): void {
    const due = this.#due;
    this.#due = this.#spare;
    this.#spare = due;
    this.#reads = 0;
    this.runUrgent();
    for (let index = 0; index < due.length; index++) {
      due[index]?.onTurn();
    }
    // Setting the length of an array costs more than taking the few that there mostly are.
    while (due.length > 0) {
      due.pop();
    }
    this.runUrgent();
  }

  #serveLate(): void {
    const late = this.#late;
    this.#late = this.#spareLate;
    this.#spareLate = late;
    this.#lateTimer = null;
    for (let index = 0; index < late.length; index++) {
      late[index]?.onLate?.();
    }
    late.length = 0;
    this.runUrgent();
  }

  #tick(): void {
    this.#nowMs = this.#clock.now();
    this.#timer = this.#clock.setTimer(TICK_MS, this.#runTick);
    for (const ticker of this.#tickers) {
      ticker.tick(this.#nowMs);
    }
    this.runUrgent();
  }
}
