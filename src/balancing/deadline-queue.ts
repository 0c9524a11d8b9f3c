/**
 * Numbered entries by the time at which each is due: a binary heap over arrays of fixed size, so that moving an entry makes no garbage. Times
 * have no unit, and only differences between them mean something.
 */
export class DeadlineQueue {
  readonly #deadlines: Float64Array;
  /** Entries in the order of the heap: none is due before the one at half its place. */
  readonly #heap: Uint32Array;
  /** Where in the heap each entry is. */
  readonly #places: Uint32Array;

  /** The deadlines of the entries 0, 1, …; the array belongs to the queue from now on. */
  constructor(deadlines: Float64Array) {
    this.#deadlines = deadlines;
    this.#heap = Uint32Array.from(deadlines.keys());
    this.#places = Uint32Array.from(deadlines.keys());
    for (let place = (deadlines.length >>> 1) - 1; place >= 0; place--) {
      this.#sink(place);
    }
  }

  /** The entry that is due first; 0 for an empty queue. */
  get first(): number {
    return this.#heap[0] ?? 0;
  }

  /** The entry that is due after the first one; that one itself if it is alone. */
  get second(): number {
    const heap = this.#heap;
    const left = heap[1] ?? this.first;
    const right = heap[2] ?? left;
    return this.deadlineOf(right) < this.deadlineOf(left) ? right : left;
  }

  deadlineOf(entry: number): number {
    return this.#deadlines[entry] ?? Number.POSITIVE_INFINITY;
  }

  /** Makes an entry due so much later. */
  postpone(entry: number, by: number): void {
    this.#deadlines[entry] = this.deadlineOf(entry) + by;
    this.#sink(this.#places[entry] ?? 0);
  }

  /** Moves the entry at that place behind those that are due before it. */
  #sink(from: number): void {
    const heap = this.#heap;
    const entry = heap[from] ?? 0;
    const deadline = this.deadlineOf(entry);
    let place = from;
    for (;;) {
      let child = 2 * place + 1;
      if (child >= heap.length) {
        break;
      }
      if (child + 1 < heap.length && this.deadlineOf(heap[child + 1] ?? 0) < this.deadlineOf(heap[child] ?? 0)) {
        child++;
      }
      if (this.deadlineOf(heap[child] ?? 0) >= deadline) {
        break;
      }
      this.#put(heap[child] ?? 0, place);
      place = child;
    }
    this.#put(entry, place);
  }

  #put(entry: number, place: number): void {
    this.#heap[place] = entry;
    this.#places[entry] = place;
  }
}
