import type { TimeDirective, TimePart as TimeFormatPart } from '../../model/time-format.ts';
import type { LineWriter } from './line-writer.ts';
import type { PartFrame } from './part-frame.ts';
import type { Piece } from './piece.ts';

const MS_PER_SECOND = 1000;
const MS_PER_DAY = 86_400_000;
const MS_DIGITS = 3;
const ZERO = 0x30;
const ISO: readonly TimeFormatPart[] = [
  { kind: 'directive', letter: 'F', digits: 0 },
  { kind: 'text', text: 'T' },
  { kind: 'directive', letter: 'T', digits: 0 },
  { kind: 'text', text: '.' },
  { kind: 'directive', letter: 'f', digits: 3 },
  { kind: 'text', text: 'Z' },
];

/** Where a fraction of the second stands in the piece, and how many of its digits. */
interface Fraction {
  readonly at: number;
  readonly digits: number;
}

/** When a call began, in UTC. All but fractions of the second is put together once in a second. */
export class TimePart {
  readonly #parts: readonly TimeFormatPart[];
  readonly #frame: PartFrame;
  #ms = Number.NaN;
  #second = Number.NaN;
  #piece: Piece;
  #fractions: readonly Fraction[] = [];

  /** @param parts null for ISO 8601 with milliseconds, as in `2026-11-25T14:48:06.123Z`. */
  constructor(parts: readonly TimeFormatPart[] | null, frame: PartFrame) {
    this.#parts = parts ?? ISO;
    this.#frame = frame;
    this.#piece = frame.none;
  }

  /** @param wallMs milliseconds since 1970. */
  write(wallMs: number, line: LineWriter): void {
    const ms = Math.floor(wallMs);
    if (ms !== this.#ms) {
      this.#ms = ms;
      this.#render(ms);
    }
    line.piece(this.#piece);
  }

  #render(ms: number): void {
    const second = Math.floor(ms / MS_PER_SECOND);
    if (second !== this.#second) {
      this.#second = second;
      this.#renderSecond(new Date(second * MS_PER_SECOND));
    }
    const milliseconds = ms - second * MS_PER_SECOND;
    for (let index = 0; index < this.#fractions.length; index++) {
      const fraction = this.#fractions[index];
      if (fraction !== undefined) {
        writeFraction(this.#piece, fraction, milliseconds);
      }
    }
  }

  #renderSecond(at: Date): void {
    const fractions: Fraction[] = [];
    let text = '';
    for (const part of this.#parts) {
      if (part.kind === 'directive' && part.letter === 'f') {
        fractions.push({ at: this.#frame.opening.length + Buffer.byteLength(text), digits: part.digits });
        text += '0'.repeat(part.digits);
      } else {
        text += part.kind === 'text' ? part.text : RENDER[part.letter](at);
      }
    }
    this.#piece = this.#frame.around(Buffer.from(text));
    this.#fractions = fractions;
  }
}

/** Of the nine digits of a second's nanoseconds, the first three are all that is known. */
function writeFraction(piece: Piece, { at, digits }: Fraction, milliseconds: number): void {
  let rest = milliseconds;
  for (let digit = MS_DIGITS - 1; digit >= 0; digit--) {
    if (digit < digits) {
      piece.octets[at + digit] = ZERO + (rest % 10);
    }
    rest = Math.trunc(rest / 10);
  }
}

const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
const MONTHS = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
];

const pad = (value: number, digits = 2): string => String(value).padStart(digits, '0');
const day = (at: Date): string => DAYS[at.getUTCDay()] ?? '';
const month = (at: Date): string => MONTHS[at.getUTCMonth()] ?? '';
const date = (at: Date): string => at.toISOString().slice(0, 10);
const time = (at: Date): string => at.toISOString().slice(11, 19);
const dayOfYear = (at: Date): number => 1 + Math.floor((at.getTime() - Date.UTC(at.getUTCFullYear(), 0, 1)) / MS_PER_DAY);

/** strftime in the C locale. */
const RENDER: Readonly<Record<TimeDirective, (at: Date) => string>> = {
  Y: (at) => String(at.getUTCFullYear()),
  y: (at) => pad(at.getUTCFullYear() % 100),
  m: (at) => pad(at.getUTCMonth() + 1),
  d: (at) => pad(at.getUTCDate()),
  e: (at) => String(at.getUTCDate()).padStart(2, ' '),
  j: (at) => pad(dayOfYear(at), 3),
  H: (at) => pad(at.getUTCHours()),
  I: (at) => pad(at.getUTCHours() % 12 || 12),
  M: (at) => pad(at.getUTCMinutes()),
  S: (at) => pad(at.getUTCSeconds()),
  p: (at) => (at.getUTCHours() < 12 ? 'AM' : 'PM'),
  a: (at) => day(at).slice(0, 3),
  A: day,
  b: (at) => month(at).slice(0, 3),
  h: (at) => month(at).slice(0, 3),
  B: month,
  F: date,
  D: (at) => `${pad(at.getUTCMonth() + 1)}/${pad(at.getUTCDate())}/${pad(at.getUTCFullYear() % 100)}`,
  T: time,
  R: (at) => time(at).slice(0, 5),
  Z: () => 'UTC',
  z: () => '+0000',
  s: (at) => String(Math.floor(at.getTime() / MS_PER_SECOND)),
  // Rendered with the line, as it changes within the second.
  f: () => '',
};
