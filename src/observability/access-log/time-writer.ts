import type { TimeDirective, TimePart } from '../../model/time-format.ts';
import type { LineWriter } from './line-writer.ts';

const MS_PER_SECOND = 1000;
const MS_PER_DAY = 86_400_000;
const NANOSECOND_DIGITS = 9;
const ISO: readonly TimePart[] = [
  { kind: 'directive', letter: 'F', digits: 0 },
  { kind: 'text', text: 'T' },
  { kind: 'directive', letter: 'T', digits: 0 },
  { kind: 'text', text: '.' },
  { kind: 'directive', letter: 'f', digits: 3 },
  { kind: 'text', text: 'Z' },
];

/** A part that stays the same for a second, or the fraction of it. */
type Piece =
  | { readonly kind: 'second'; octets: Uint8Array; readonly parts: readonly TimePart[] }
  | { readonly kind: 'fraction'; readonly digits: number };

/** Writes times in UTC. What changes with the second alone is put together once in a second. */
export class TimeWriter {
  readonly #pieces: readonly Piece[];
  #second = Number.NaN;

  /** @param parts null for ISO 8601 with milliseconds, as in `2026-11-25T14:48:06.123Z`. */
  constructor(parts: readonly TimePart[] | null) {
    this.#pieces = toPieces(parts ?? ISO);
  }

  /** @param wallMs milliseconds since 1970. */
  write(wallMs: number, line: LineWriter): void {
    const ms = Math.floor(wallMs);
    const second = Math.floor(ms / MS_PER_SECOND);
    if (second !== this.#second) {
      this.#second = second;
      renderSecond(this.#pieces, new Date(second * MS_PER_SECOND));
    }
    for (let index = 0; index < this.#pieces.length; index++) {
      const piece = this.#pieces[index];
      if (piece?.kind === 'second') {
        line.raw(piece.octets);
      } else if (piece !== undefined) {
        const nanoseconds = (ms - second * MS_PER_SECOND) * 1_000_000;
        line.digits(Math.floor(nanoseconds / 10 ** (NANOSECOND_DIGITS - piece.digits)), piece.digits);
      }
    }
  }
}

function toPieces(parts: readonly TimePart[]): readonly Piece[] {
  const pieces: Piece[] = [];
  let steady: TimePart[] = [];
  const settle = (): void => {
    if (steady.length > 0) {
      pieces.push({ kind: 'second', octets: new Uint8Array(), parts: steady });
      steady = [];
    }
  };
  for (const part of parts) {
    if (part.kind === 'directive' && part.letter === 'f') {
      settle();
      pieces.push({ kind: 'fraction', digits: part.digits });
    } else {
      steady.push(part);
    }
  }
  settle();
  return pieces;
}

function renderSecond(pieces: readonly Piece[], at: Date): void {
  for (const piece of pieces) {
    if (piece.kind === 'second') {
      piece.octets = Buffer.from(
        piece.parts.map((part) => (part.kind === 'text' ? part.text : RENDER[part.letter](at))).join(''),
      );
    }
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
