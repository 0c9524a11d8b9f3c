import { HUFFMAN_CODES, HUFFMAN_LENGTHS } from './huffman-table.ts';
import { isEdgeSpace, isValueOctet } from './octet-classes.ts';

/** RFC 7541, section 5.2: the symbol that no string may contain, and whose first bits are the padding. */
const END_OF_STRING = 256;
const MAX_PADDING_BITS = 7;

const SHORTEST_CODE = 5;
const LONGEST_CODE = 30;

/** For each length: one above its last code, left-aligned to 32 bits; its first code; and where its symbols begin in SYMBOLS. */
const LIMITS: Float64Array = new Float64Array(LONGEST_CODE + 1);
const FIRST_CODES: Uint32Array = new Uint32Array(LONGEST_CODE + 1);
const OFFSETS: Uint16Array = new Uint16Array(LONGEST_CODE + 1);
/** Symbols in the order of their codes. */
const SYMBOLS: Uint16Array = orderSymbols();

/** symbolOf gives a symbol and, above it, the length of its code. */
const SYMBOL_BITS = 9;
const SYMBOL_MASK = 0x1ff;

/** What symbolOf gives, by the first octet; zero where the code is longer. */
const SHORT_CODE_BITS = 8;
const SHORT_SYMBOLS: Uint16Array = fillShortSymbols();

/**
 * What checkHuffman has to know of every 13 bits: how many of them whole codes use (zero if not even one is whole), how many codes that are,
 * whether one of them stands for an octet that no value may have, and whether the last one is a space. 8 KiB. Two codes at a step are twice
 * as fast as an automaton over four bits.
 */
const WINDOW_BITS = 13;
const WINDOW_MASK = 0x1fff;
const USED_MASK = 0xf;
const COUNT_SHIFT = 4;
const COUNT_MASK = 3;
const FORBIDDEN = 0x40;
const EDGE = 0x80;
const WINDOWS: Uint8Array = fillWindows();

function orderSymbols(): Uint16Array {
  const symbols: number[] = [];
  for (let bits = SHORTEST_CODE; bits <= LONGEST_CODE; bits++) {
    OFFSETS[bits] = symbols.length;
    LIMITS[bits] = LIMITS[bits - 1] ?? 0;
    for (let symbol = 0; symbol <= END_OF_STRING; symbol++) {
      if (HUFFMAN_LENGTHS[symbol] !== bits) {
        continue;
      }
      const code = HUFFMAN_CODES[symbol] ?? 0;
      if (symbols.length === OFFSETS[bits]) {
        FIRST_CODES[bits] = code;
      }
      symbols.push(symbol);
      LIMITS[bits] = (code + 1) * 2 ** (32 - bits);
    }
  }
  return Uint16Array.from(symbols);
}

function fillShortSymbols(): Uint16Array {
  const symbols = new Uint16Array(1 << SHORT_CODE_BITS);
  for (let octet = 0; octet < symbols.length; octet++) {
    const found = findSymbol(octet << (32 - SHORT_CODE_BITS));
    symbols[octet] = found >>> SYMBOL_BITS <= SHORT_CODE_BITS ? found : 0;
  }
  return symbols;
}

/** The symbol that 32 bits begin with, and the length of its code. The bits are a signed number: beyond 2^31 V8 makes an object of each. */
function symbolOf(bits: number): number {
  const short = SHORT_SYMBOLS[bits >>> (32 - SHORT_CODE_BITS)] ?? 0;
  return short === 0 ? findSymbol(bits) : short;
}

function findSymbol(bits: number): number {
  const unsigned = bits >>> 0;
  let length = SHORTEST_CODE;
  while (unsigned >= (LIMITS[length] ?? 0)) {
    length++;
  }
  const rank = (bits >>> (32 - length)) - (FIRST_CODES[length] ?? 0);
  return (length << SYMBOL_BITS) | (SYMBOLS[(OFFSETS[length] ?? 0) + rank] ?? 0);
}

function fillWindows(): Uint8Array {
  const windows = new Uint8Array(WINDOW_MASK + 1);
  for (let window = 0; window <= WINDOW_MASK; window++) {
    windows[window] = describeWindow(window);
  }
  return windows;
}

function describeWindow(window: number): number {
  let used = 0;
  let count = 0;
  let marks = 0;
  for (;;) {
    // The zeros that move in may make this a wrong symbol, but then one with a code that goes beyond the window.
    const found = symbolOf(window << (32 - WINDOW_BITS + used));
    const length = found >>> SYMBOL_BITS;
    if (used + length > WINDOW_BITS) {
      return marks | (count << COUNT_SHIFT) | used;
    }
    const symbol = found & SYMBOL_MASK;
    marks = (marks & FORBIDDEN) | (isValueOctet(symbol) ? 0 : FORBIDDEN) | (isEdgeSpace(symbol) ? EDGE : 0);
    used += length;
    count++;
  }
}

/** 32 bits from a bit position on, as a signed number; behind `end` there are ones, as in the padding. */
function bitsAt(octets: Buffer, position: number, end: number): number {
  const at = position >>> 3;
  const skip = position & 7;
  const bits =
    (octetOrOnes(octets, at, end) << 24) |
    (octetOrOnes(octets, at + 1, end) << 16) |
    (octetOrOnes(octets, at + 2, end) << 8) |
    octetOrOnes(octets, at + 3, end);
  return (bits << skip) | (octetOrOnes(octets, at + 4, end) >>> (8 - skip));
}

function octetOrOnes(octets: Buffer, at: number, end: number): number {
  return at < end ? (octets[at] ?? 0) : 0xff;
}

/** Where checkHuffman stands: one object, reused, as the check calls nothing that could call it. */
const walk = { position: 0, length: 0, marks: 0, isEdge: false };

/**
 * Walks on window by window, until a code is longer than a window, or padding or nothing is left. A string that ends within a code is walked
 * beyond its end if the ones behind it make that code whole.
 */
function walkWindows(octets: Buffer, end: number): void {
  let position = walk.position;
  let length = walk.length;
  let marks = walk.marks;
  let entry = walk.isEdge ? EDGE : 0;
  const endPosition = end * 8;
  while (position < endPosition) {
    const at = position >>> 3;
    const bits =
      at + 3 <= end
        ? ((octets[at] ?? 0) << 16) | ((octets[at + 1] ?? 0) << 8) | (octets[at + 2] ?? 0)
        : ((octets[at] ?? 0) << 16) | (octetOrOnes(octets, at + 1, end) << 8) | 0xff;
    const next = WINDOWS[(bits >>> (24 - WINDOW_BITS - (position & 7))) & WINDOW_MASK] ?? 0;
    if (next === 0) {
      break;
    }
    entry = next;
    marks |= next;
    position += next & USED_MASK;
    length += (next >>> COUNT_SHIFT) & COUNT_MASK;
  }
  walk.position = position;
  walk.length = length;
  walk.marks = marks;
  walk.isEdge = (entry & EDGE) !== 0;
}

/** Whether the last bits of the octet, up to 7, are ones, as padding is. */
function endsInOnes(octet: number, bits: number): boolean {
  const mask = (1 << bits) - 1;
  return (octet & mask) === mask;
}

/**
 * Checks a Huffman-coded value (RFC 7541, section 5.2) without decoding it. Gives twice the length of what it stands for, plus one if that is
 * no field value (RFC 9113, section 8.2.1); or -1 if the coding is wrong.
 */
export function checkHuffman(octets: Buffer, start: number, end: number): number {
  const endPosition = end * 8;
  walk.position = start * 8;
  walk.length = 0;
  walk.marks = 0;
  walk.isEdge = false;
  const startsWithSpace = start < end && isEdgeSpace(symbolOf(bitsAt(octets, walk.position, end)) & SYMBOL_MASK);
  while (walk.position < endPosition) {
    walkWindows(octets, end);
    const left = endPosition - walk.position;
    if (left <= MAX_PADDING_BITS) {
      if (left < 0 || !endsInOnes(octets[end - 1] ?? 0, left)) {
        return -1;
      }
      break;
    }
    const found = symbolOf(bitsAt(octets, walk.position, end));
    const symbol = found & SYMBOL_MASK;
    if (found >>> SYMBOL_BITS > left || symbol === END_OF_STRING) {
      return -1;
    }
    walk.position += found >>> SYMBOL_BITS;
    walk.length++;
    walk.marks |= isValueOctet(symbol) ? 0 : FORBIDDEN;
    walk.isEdge = isEdgeSpace(symbol);
  }
  return walk.length * 2 + (startsWithSpace || walk.isEdge || (walk.marks & FORBIDDEN) !== 0 ? 1 : 0);
}

/**
 * Decodes into `target` from its start and gives the length; or -1 if the coding is wrong. The target has room for 8/5 of the coded octets:
 * no code is shorter than five bits.
 */
export function decodeHuffman(octets: Buffer, start: number, end: number, target: Buffer): number {
  const endPosition = end * 8;
  let position = start * 8;
  let length = 0;
  while (position < endPosition) {
    const left = endPosition - position;
    if (left <= MAX_PADDING_BITS && endsInOnes(octets[end - 1] ?? 0, left)) {
      return length;
    }
    const found = symbolOf(bitsAt(octets, position, end));
    const symbol = found & SYMBOL_MASK;
    if (found >>> SYMBOL_BITS > left || symbol === END_OF_STRING) {
      return -1;
    }
    position += found >>> SYMBOL_BITS;
    target[length++] = symbol;
  }
  return length;
}

/** Room that decodeHuffman may need for so many coded octets. */
export function maxDecodedOctets(coded: number): number {
  return Math.floor((coded * 8) / SHORTEST_CODE);
}

/** Codes a whole string; the last octet is filled with ones. */
export function encodeHuffman(plain: Buffer): Buffer {
  let bits = 0;
  for (const octet of plain) {
    bits += HUFFMAN_LENGTHS[octet] ?? 0;
  }
  const coded = Buffer.alloc(Math.ceil(bits / 8));
  let position = 0;
  for (const octet of plain) {
    position = writeCode(coded, position, HUFFMAN_CODES[octet] ?? 0, HUFFMAN_LENGTHS[octet] ?? 0);
  }
  if (bits % 8 !== 0) {
    coded[coded.length - 1] = (coded[coded.length - 1] ?? 0) | (0xff >>> (bits % 8));
  }
  return coded;
}

/** Sets the bits of one code in zeroed octets and gives the position behind it. */
function writeCode(coded: Buffer, position: number, code: number, bits: number): number {
  let left = bits;
  let at = position;
  while (left > 0) {
    const free = 8 - (at & 7);
    const taken = Math.min(free, left);
    const part = (code >>> (left - taken)) & ((1 << taken) - 1);
    coded[at >>> 3] = (coded[at >>> 3] ?? 0) | (part << (free - taken));
    at += taken;
    left -= taken;
  }
  return at;
}
