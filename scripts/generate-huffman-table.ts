import { readFileSync, writeFileSync } from 'node:fs';

/**
 * Writes src/http2/hpack/huffman-table.ts from the lengths of the codes in RFC 7541, appendix B. The code is canonical: within one length
 * codes rise with the symbol, and each length goes on where the one before ended. So the lengths are all that has to be known.
 * `--check` changes nothing and fails if the file differs.
 */
const TARGET = new URL('../src/http2/hpack/huffman-table.ts', import.meta.url);
const SYMBOLS = 257;
const END_OF_STRING = 256;

/** Symbols by the length of their codes: printable ones as text, others as ranges of hexadecimal octets. */
const LENGTHS: readonly (readonly [bits: number, text: string, octets: string])[] = [
  [5, '012aceiost', ''],
  [6, ' %-./3456789=A_bdfghlmnpru', ''],
  [7, ':BCDEFGHIJKLMNOPQRSTUVWYjkqvwxyz', ''],
  [8, '&*,;XZ', ''],
  [10, '!"()?', ''],
  [11, "'+|", ''],
  [12, '#>', ''],
  [13, '$@[]~', '00'],
  [14, '^}', ''],
  [15, '<`{', ''],
  [19, '\\', 'c3 d0'],
  [20, '', '80 82-83 a2 b8 c2 e0 e2'],
  [21, '', '99 a1 a7 ac b0-b1 b3 d1 d8-d9 e3 e5-e6'],
  [22, '', '81 84-86 88 92 9a 9c a0 a3-a4 a9-aa ad b2 b5 b9-bb bd-be c4 c6 e4 e8-e9'],
  [23, '', '01 87 89-8d 8f 93 95-98 9b 9d-9e a5-a6 a8 ae-af b4 b6-b7 bc bf c5 e7 ef'],
  [24, '', '09 8e 90-91 94 9f ab ce d7 e1 ec-ed'],
  [25, '', 'c7 cf ea-eb'],
  [26, '', 'c0-c1 c8-ca cd d2 d5 da-db ee f0 f2-f3 ff'],
  [27, '', 'cb-cc d3-d4 d6 dd-df f1 f4-f8 fa-fe'],
  [28, '', '02-08 0b-0c 0e-15 17-1f 7f dc f9'],
  [30, '', '0a 0d 16 100'],
];

function symbolsOf(text: string, octets: string): number[] {
  const symbols = [...Buffer.from(text, 'latin1')];
  for (const range of octets.split(' ').filter((part) => part !== '')) {
    const [first = '', last = first] = range.split('-');
    for (let symbol = Number.parseInt(first, 16); symbol <= Number.parseInt(last, 16); symbol++) {
      symbols.push(symbol);
    }
  }
  return symbols.sort((a, b) => a - b);
}

function assignCodes(): { codes: number[]; lengths: number[] } {
  const codes = Array.from({ length: SYMBOLS }, () => 0);
  const lengths = Array.from({ length: SYMBOLS }, () => 0);
  let next = 0;
  let bitsBefore = 0;
  for (const [bits, text, octets] of LENGTHS) {
    next *= 2 ** (bits - bitsBefore);
    for (const symbol of symbolsOf(text, octets)) {
      codes[symbol] = next++;
      lengths[symbol] = bits;
    }
    bitsBefore = bits;
  }
  if (next !== 2 ** bitsBefore || codes[END_OF_STRING] !== next - 1 || lengths.includes(0)) {
    throw new Error('the lengths do not make a complete code that ends with the end of string');
  }
  return { codes, lengths };
}

function rows(numbers: readonly string[], perRow: number): string {
  const lines: string[] = [];
  for (let at = 0; at < numbers.length; at += perRow) {
    lines.push(`  ${numbers.slice(at, at + perRow).join(', ')},`);
  }
  return lines.join('\n');
}

function render(): string {
  const { codes, lengths } = assignCodes();
  return `/**
 * The Huffman code of RFC 7541, appendix B. Written by scripts/generate-huffman-table.ts: change that instead.
 * The index is the octet; 256 is the end of string, which no string may contain.
 */

// biome-ignore format: generated
/** The codes, right-aligned. */
export const HUFFMAN_CODES: Uint32Array = Uint32Array.of(
${rows(
  codes.map((code) => `0x${code.toString(16)}`),
  12,
)}
);

// biome-ignore format: generated
/** How many bits each code has. */
export const HUFFMAN_LENGTHS: Uint8Array = Uint8Array.of(
${rows(lengths.map(String), 32)}
);
`;
}

if (process.argv.includes('--check')) {
  if (readFileSync(TARGET, 'utf8') !== render()) {
    console.error('src/http2/hpack/huffman-table.ts differs from what scripts/generate-huffman-table.ts writes');
    process.exitCode = 1;
  }
} else {
  writeFileSync(TARGET, render());
}
