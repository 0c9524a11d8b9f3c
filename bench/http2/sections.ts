import { createRequire } from 'node:module';

/** Field sections that calls have, coded as peers would: by the package `hpack`, which like grpc-go inserts every literal into the table. */

type Pair = readonly [name: string, value: string];

const require = createRequire(import.meta.url);
const PackageEncoder: new () => { encode(fields: readonly Pair[]): Buffer } = require('hpack');

/** How much differs from call to call. */
export type Variety = 'fixed' | 'unique' | 'heavy';

export const VARIETIES: readonly Variety[] = ['fixed', 'unique', 'heavy'];

/** Blocks after which a connection's table begins anew: two size updates. */
export const CYCLE = 512;

const FIXED: readonly Pair[] = [
  [':method', 'POST'],
  [':scheme', 'http'],
  [':path', '/pkg.Service/Method'],
  [':authority', 'backend.example:50051'],
  ['content-type', 'application/grpc'],
  ['user-agent', 'grpc-go/1.79.3'],
  ['te', 'trailers'],
  ['grpc-accept-encoding', 'gzip'],
];

export const RESPONSE: readonly Pair[] = [
  [':status', '200'],
  ['content-type', 'application/grpc'],
];

export const TRAILERS: readonly Pair[] = [
  ['grpc-status', '0'],
  ['grpc-message', ''],
];

/** Digits and letters that are the same in every run and differ for every number. */
function token(number: number, length: number): string {
  let text = '';
  for (
    let seed = Math.imul(number + 1, 0x9e37_79b1);
    text.length < length;
    seed = Math.imul(seed ^ (seed >>> 15), 0x2c1b_3c6d) + 1
  ) {
    text += (seed >>> 0).toString(16).padStart(8, '0');
  }
  return text.slice(0, length);
}

/** The request of call number `call`. Heavy: with a bearer token of 600 octets, a tracestate and a baggage. */
export function requestFields(variety: Variety, call: number): readonly Pair[] {
  if (variety === 'fixed') {
    return FIXED;
  }
  const unique: Pair[] = [
    ['grpc-timeout', `${900_000 + (call % 100_000)}u`],
    ['traceparent', `00-${token(call, 32)}-${token(call + 7, 16)}-01`],
    ['x-request-id', token(call, 36)],
  ];
  const heavy: Pair[] = [
    ['authorization', `Bearer ${token(call % 8, 600)}`],
    ['tracestate', `vendor=${token(call, 24)}`],
    ['baggage', `user=${token(call % 64, 12)},region=eu`],
  ];
  return [...FIXED, ...unique, ...(variety === 'heavy' ? heavy : [])];
}

/** CYCLE blocks of one connection, which may be sent again and again: the first one empties the table. */
export function requestBlocks(variety: Variety): Buffer[] {
  const encoder = new PackageEncoder();
  const blocks = Array.from({ length: CYCLE }, (_, call) => encoder.encode(requestFields(variety, call)));
  const [first = Buffer.alloc(0), ...rest] = blocks;
  return [Buffer.concat([Buffer.from('203fe11f', 'hex'), first]), ...rest];
}
