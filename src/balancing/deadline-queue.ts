/** Days of the calendar from one turn to the next, so that most days have one entry at most. */
const DAYS_PER_TURN = 2;
/** What turns may cost on average, in days and entries looked at, before the days are thought too short or too long. */
const DEAREST_TURN = 8;
/** Days of the smallest calendar; a power of two. */
const MIN_DAYS = 16;
const NONE = -1;

/**
 * Numbered entries by the time at which each is due: a calendar with more days than there are entries, used again every year, so that the next
 * one due is a few days away, and an entry finds its new day without a search. A turn takes the same time for any number of entries and any
 * intervals, as long as days have a fitting length, which follows the turns that come: entries of later years are passed once a year at most.
 * Nothing is rounded but the day. Times have no unit, and only differences between them mean something. Makes no garbage.
 */
export class DeadlineQueue {
  readonly #deadlines: Float64Array;
  /** From one turn of each entry to its next. */
  readonly #intervals: Float64Array;
  /** The first entry of each day, of whatever year, or none. */
  readonly #heads: Int32Array;
  /** The entry behind each one on its day, or none: in the order of their deadlines. */
  readonly #nexts: Int32Array;
  readonly #mask: number;
  #daysPerTime = 1;
  /** No entry is due on a day before it. Days are counted through all years. */
  #today = 0;
  /** Turns since the length of days was last looked at, what they cost, and the deadline that it began with. */
  #turns = 0;
  #cost = 0;
  #since = 0;

  /**
   * The deadlines of the entries 0, 1, … and the intervals of their turns; the arrays belong to the queue from now on. `gap`: about how long it
   * is from one turn of any entry to the next.
   */
  constructor(deadlines: Float64Array, intervals: Float64Array, gap: number) {
    const days = Math.max(MIN_DAYS, 2 ** Math.ceil(Math.log2(deadlines.length + 1)));
    this.#deadlines = deadlines;
    this.#intervals = intervals;
    this.#heads = new Int32Array(days);
    this.#nexts = new Int32Array(deadlines.length);
    this.#mask = days - 1;
    this.#layOut(gap);
  }

  /** The entry that is due first; 0 for an empty queue. */
  get first(): number {
    const today = this.#today;
    let day = today;
    let entry = this.#headOn(day);
    while (entry === NONE) {
      if (this.#deadlines.length === 0) {
        return 0;
      }
      day = day - today <= this.#mask ? day + 1 : this.#earliestDay(NONE);
      entry = this.#headOn(day);
    }
    this.#today = day;
    this.#cost += day - today;
    return entry;
  }

  /** The entry that is due after the first one; that one itself if it is alone. */
  get second(): number {
    const { first } = this;
    if (this.#deadlines.length < 2) {
      return first;
    }
    let day = this.#today;
    let entry = this.#nexts[first] ?? NONE;
    while (entry === NONE || !this.#isDue(entry, day)) {
      day = day - this.#today <= this.#mask ? day + 1 : this.#earliestDay(first);
      entry = this.#headOn(day);
      // Where the walk comes by the first entry's day again, a year later, that one hides who is due then.
      entry = entry === first ? (this.#nexts[first] ?? NONE) : entry;
    }
    this.#cost += day - this.#today;
    return entry;
  }

  deadlineOf(entry: number): number {
    return this.#deadlines[entry] ?? Number.POSITIVE_INFINITY;
  }

  /** Makes an entry due so many of its intervals later: whole ones, as a number with a fraction would be an object for each call. */
  postpone(entry: number, intervals: number): void {
    this.#remove(entry);
    this.#deadlines[entry] = this.deadlineOf(entry) + intervals * (this.#intervals[entry] ?? 0);
    this.#insert(entry);
    this.#turns++;
    if (this.#cost > DEAREST_TURN * (this.#mask + 1)) {
      this.#reconsider();
    }
  }

  /** The first entry that is due on that day of that year, or none. */
  #headOn(day: number): number {
    const entry = this.#heads[day & this.#mask] ?? NONE;
    return entry !== NONE && this.#isDue(entry, day) ? entry : NONE;
  }

  #isDue(entry: number, day: number): boolean {
    return this.#dayOf(entry) <= day;
  }

  #dayOf(entry: number): number {
    return Math.floor(this.deadlineOf(entry) * this.#daysPerTime);
  }

  #remove(entry: number): void {
    const place = this.#dayOf(entry) & this.#mask;
    const behind = this.#nexts[entry] ?? NONE;
    let at = this.#heads[place] ?? NONE;
    if (at === entry) {
      this.#heads[place] = behind;
      return;
    }
    while (this.#nexts[at] !== entry) {
      at = this.#nexts[at] ?? NONE;
      this.#cost++;
    }
    this.#nexts[at] = behind;
  }

  #insert(entry: number): void {
    const place = this.#dayOf(entry) & this.#mask;
    const deadline = this.deadlineOf(entry);
    let before = NONE;
    let behind = this.#heads[place] ?? NONE;
    while (behind !== NONE && this.deadlineOf(behind) < deadline) {
      before = behind;
      behind = this.#nexts[behind] ?? NONE;
      this.#cost++;
    }
    this.#nexts[entry] = behind;
    if (before === NONE) {
      this.#heads[place] = entry;
    } else {
      this.#nexts[before] = entry;
    }
  }

  /** Gives days the length that the turns of late ask for, if these were dear. It takes as long as one more look at each day. */
  #reconsider(): void {
    const gap = (this.deadlineOf(this.first) - this.#since) / this.#turns;
    if (this.#cost > DEAREST_TURN * this.#turns && gap > 0) {
      this.#layOut(gap);
    } else {
      this.#beginCount();
    }
  }

  #layOut(gap: number): void {
    this.#daysPerTime = DAYS_PER_TURN / gap;
    this.#heads.fill(NONE);
    for (let entry = 0; entry < this.#deadlines.length; entry++) {
      this.#insert(entry);
    }
    this.#today = this.#earliestDay(NONE);
    this.#beginCount();
  }

  #beginCount(): void {
    this.#turns = 0;
    this.#cost = 0;
    this.#since = this.deadlineOf(this.first);
  }

  /** The day of the entry that is due first, but for one: by a look at each, for days that are much too short. */
  #earliestDay(but: number): number {
    let earliest = Number.POSITIVE_INFINITY;
    for (let entry = 0; entry < this.#deadlines.length; entry++) {
      if (entry !== but) {
        earliest = Math.min(earliest, this.#dayOf(entry));
      }
    }
    return earliest === Number.POSITIVE_INFINITY ? 0 : earliest;
  }
}
