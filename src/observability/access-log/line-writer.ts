import type { Piece } from './piece.ts';

const BACKSLASH = 0x5c;
const LETTER_X = 0x78;
const LETTER_U = 0x75;
const ZERO = 0x30;
const HEX_DIGITS: Uint8Array = Buffer.from('0123456789abcdef');

/** Up to this length a loop over octets is quicker than a call out of JavaScript. */
const LOOP_OCTETS = 48;

const SAFE = 0;
const QUOTED = 1;
const CONTROL = 2;
const BEYOND_ASCII = 3;
/** What an octet of a value needs, so that no value can end its field or its line, or steer a terminal. */
const NEEDS: Uint8Array = Uint8Array.from({ length: 256 }, (_, octet) => {
  if (octet < 0x20 || octet === 0x7f) {
    return CONTROL;
  }
  return octet === 0x22 || octet === BACKSLASH ? QUOTED : octet < 0x80 ? SAFE : BEYOND_ASCII;
});

/** Whether lines are text, in which control octets become `\x1b`, or JSON, in which they become `\u001b`, and which is UTF-8. */
export type LineForm = 'text' | 'json';

/** Memory for lines. */
export class LineMemory {
  readonly octets: Buffer;
  /** Of the same octets. */
  readonly view: DataView;

  constructor(length: number) {
    this.octets = Buffer.allocUnsafeSlow(length);
    this.view = new DataView(this.octets.buffer);
  }
}

const NO_MEMORY: LineMemory = new LineMemory(0);

/**
 * Writes one line into memory of its owner, up to a limit beyond which everything is cut off. Nothing is allocated.
 */
export class LineWriter {
  octets: Buffer = NO_MEMORY.octets;
  at = 0;
  /** Nothing is written from here on. */
  end = 0;
  readonly form: LineForm;
  #view: DataView = NO_MEMORY.view;

  constructor(form: LineForm) {
    this.form = form;
  }

  /** Begins a line at a place of that memory; nothing is written from `end` on. */
  begin({ octets, view }: LineMemory, at: number, end: number): void {
    this.octets = octets;
    this.#view = view;
    this.at = at;
    this.end = end;
  }

  /** Writes a piece. */
  piece(piece: Piece): void {
    const { at } = this;
    if (at + piece.roundedLength <= this.end) {
      piece.copyTo(this.#view, at);
      this.at = at + piece.length;
    } else {
      this.raw(piece.octets.subarray(0, piece.length));
    }
  }

  /** Writes octets as they are. */
  raw(octets: Uint8Array): void {
    const { octets: target, at } = this;
    const length = Math.min(octets.length, this.end - at);
    if (length > LOOP_OCTETS) {
      target.set(length === octets.length ? octets : octets.subarray(0, length), at);
    } else {
      for (let index = 0; index < length; index++) {
        target[at + index] = octets[index] ?? 0;
      }
    }
    this.at = at + length;
  }

  /** Writes a whole number that is not negative, in decimal digits. */
  number(value: number): void {
    if (value < 10 && this.at < this.end) {
      this.octets[this.at++] = ZERO + value;
      return;
    }
    let digits = 1;
    for (let rest = value; rest >= 10; rest = Math.floor(rest / 10)) {
      digits++;
    }
    this.digits(value, digits);
  }

  /** Writes the last so many digits of a whole number, with zeros before it. */
  digits(value: number, digits: number): void {
    if (this.at + digits > this.end) {
      this.end = this.at;
      return;
    }
    let rest = value;
    for (let place = this.at + digits - 1; place >= this.at; place--) {
      const next = Math.floor(rest / 10);
      this.octets[place] = ZERO + (rest - next * 10);
      rest = next;
    }
    this.at += digits;
  }

  /** Writes a value that may be anything, escaped. */
  value(octets: Uint8Array, start: number, end: number): void {
    const target = this.octets;
    const limit = Math.min(end, start + this.end - this.at);
    let at = this.at;
    let index = start;
    // Nearly every value is nothing but this.
    for (; index < limit; index++) {
      const octet = octets[index] ?? 0;
      if (NEEDS[octet] !== SAFE) {
        break;
      }
      target[at++] = octet;
    }
    this.at = at;
    if (index < limit) {
      this.#special(octets, index, end);
    }
  }

  #special(octets: Uint8Array, start: number, end: number): void {
    const from = this.at;
    for (let index = start; index < end && this.at < this.end; index++) {
      const octet = octets[index] ?? 0;
      const need = NEEDS[octet];
      if (need === SAFE || (need === BEYOND_ASCII && this.form === 'text')) {
        this.octets[this.at++] = octet;
      } else if (need === BEYOND_ASCII) {
        // JSON is UTF-8 (RFC 8259, section 8.1), whatever came.
        this.at = from;
        this.#unicode(Buffer.from(octets.subarray(start, end)).toString('utf8'));
        return;
      } else {
        this.#escape(octet, need === QUOTED);
      }
    }
  }

  #unicode(text: string): void {
    for (const character of text) {
      const octets = Buffer.from(character);
      if (this.at + octets.length > this.end) {
        return;
      }
      if (octets.length > 1) {
        this.raw(octets);
      } else {
        this.value(octets, 0, 1);
      }
    }
  }

  #escape(octet: number, isQuoted: boolean): void {
    const isJson = this.form === 'json';
    const length = isQuoted ? 2 : isJson ? 6 : 4;
    if (this.at + length > this.end) {
      this.end = this.at;
      return;
    }
    this.octets[this.at++] = BACKSLASH;
    if (isQuoted) {
      this.octets[this.at++] = octet;
      return;
    }
    this.octets[this.at++] = isJson ? LETTER_U : LETTER_X;
    if (isJson) {
      this.octets[this.at++] = ZERO;
      this.octets[this.at++] = ZERO;
    }
    this.octets[this.at++] = HEX_DIGITS[octet >> 4] ?? ZERO;
    this.octets[this.at++] = HEX_DIGITS[octet & 15] ?? ZERO;
  }
}
