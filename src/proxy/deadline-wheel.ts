import type { Ticker, Turn } from '../transport/turn.ts';

/** What a slot covers. Milliseconds: the time between two ticks of a thread. */
const SLOT_MS = 25;

/** A power of two: one round takes 25.6 s, and what is due later is passed over once a round. */
const SLOTS = 1024;

/** Something with a deadline: a list element of its own, so that keeping it costs no memory. The wheel alone writes these fields. */
export interface DeadlineEntry {
  deadlineAtMs: number;
  nextDeadline: DeadlineEntry | null;
  previousDeadline: DeadlineEntry | null;
  /** Whether the wheel holds the entry. */
  hasDeadline: boolean;
  /** The deadline has passed; the wheel has let go of the entry. Must not throw. */
  onDeadline(): void;
}

/**
 * The deadlines of all calls of a thread: adding, removing and a tick on which nothing is due cost a few assignments, and there is no timer
 * for a single call. A deadline is told up to two ticks late, never early.
 */
export class DeadlineWheel implements Ticker {
  readonly #turn: Turn;
  /** The first entry of each slot. */
  readonly #slots: (DeadlineEntry | null)[] = Array.from({ length: SLOTS }, () => null);
  /** Everything up to this slot, counted from the clock's start, has been told. */
  #toldSlot = 0;
  #size = 0;
  /** Those found due in the slot that is being told. */
  readonly #due: DeadlineEntry[] = [];

  constructor(turn: Turn) {
    this.#turn = turn;
  }

  /** Entries held. */
  get size(): number {
    return this.#size;
  }

  /** Tells the entry once that time has come, unless it is removed. `atMs` is Clock.now(); one in the past is told with the next tick. */
  add(entry: DeadlineEntry, atMs: number): void {
    if (this.#size === 0) {
      this.#toldSlot = slotOf(this.#turn.nowMs);
      this.#turn.add(this);
    }
    this.#size++;
    entry.deadlineAtMs = Math.max(atMs, (this.#toldSlot + 1) * SLOT_MS);
    entry.hasDeadline = true;
    const index = this.#indexOf(entry);
    const first = this.#slots[index] ?? null;
    entry.nextDeadline = first;
    entry.previousDeadline = null;
    if (first !== null) {
      first.previousDeadline = entry;
    }
    this.#slots[index] = entry;
  }

  /** Forgets the entry; nothing happens if it is not held. */
  remove(entry: DeadlineEntry): void {
    if (!entry.hasDeadline) {
      return;
    }
    this.#unlink(entry);
    if (this.#size === 0) {
      this.#turn.remove(this);
    }
  }

  tick(nowMs: number): void {
    const until = slotOf(nowMs) - 1;
    // After a long pause of the process each slot is looked at once.
    const from = Math.max(this.#toldSlot + 1, until - SLOTS + 1);
    for (let slot = from; slot <= until; slot++) {
      this.#toldSlot = slot;
      this.#tellDue(slot & (SLOTS - 1), nowMs);
    }
    if (this.#size === 0) {
      this.#turn.remove(this);
    }
  }

  #tellDue(index: number, nowMs: number): void {
    const due = this.#due;
    for (let entry = this.#slots[index] ?? null; entry !== null; ) {
      const next: DeadlineEntry | null = entry.nextDeadline;
      if (entry.deadlineAtMs <= nowMs) {
        this.#unlink(entry);
        due.push(entry);
      }
      entry = next;
    }
    for (let entry = due.pop(); entry !== undefined; entry = due.pop()) {
      entry.onDeadline();
    }
  }

  #unlink(entry: DeadlineEntry): void {
    const { nextDeadline, previousDeadline } = entry;
    if (previousDeadline === null) {
      this.#slots[this.#indexOf(entry)] = nextDeadline;
    } else {
      previousDeadline.nextDeadline = nextDeadline;
    }
    if (nextDeadline !== null) {
      nextDeadline.previousDeadline = previousDeadline;
    }
    entry.nextDeadline = null;
    entry.previousDeadline = null;
    entry.hasDeadline = false;
    this.#size--;
  }

  #indexOf(entry: DeadlineEntry): number {
    return slotOf(entry.deadlineAtMs) & (SLOTS - 1);
  }
}

function slotOf(ms: number): number {
  return Math.floor(ms / SLOT_MS);
}
