import type { DeadlineEntry, DeadlineWheel } from './deadline-wheel.ts';

/** One time that a call waits for; the object is used again, and setting it makes no garbage. */
export class CallTimer implements DeadlineEntry {
  deadlineAtMs = 0;
  nextDeadline: DeadlineEntry | null = null;
  previousDeadline: DeadlineEntry | null = null;
  hasDeadline = false;
  readonly #wheel: DeadlineWheel;
  readonly #onDue: () => void;

  /** @param onDue is called when the time has come, up to two ticks late. Must not throw. */
  constructor(wheel: DeadlineWheel, onDue: () => void) {
    this.#wheel = wheel;
    this.#onDue = onDue;
  }

  /** It must not be set already. `atMs` is Clock.now(). */
  set(atMs: number): void {
    this.#wheel.add(this, atMs);
  }

  /** Nothing happens if it is not set. */
  cancel(): void {
    this.#wheel.remove(this);
  }

  onDeadline(): void {
    this.#onDue();
  }
}
