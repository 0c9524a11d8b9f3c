import { isUtf8 } from 'node:buffer';
import { SERVING_STATUS_CODES, type ServingStatus } from './serving-status.ts';

/** Wire types of protobuf's encoding. Groups (3 and 4) are no part of proto3 and count as malformed. */
const WireType = { VARINT: 0, FIXED_64: 1, LENGTH: 2, FIXED_32: 5 } as const;

/** `HealthCheckRequest.service`, `HealthCheckResponse.status`, `HealthListResponse.statuses`, and the key of a map's entry. */
const FIRST_FIELD = 1;
/** The value of a map's entry. */
const SECOND_FIELD = 2;

/** A varint has at most so many octets, and a tag half as many. */
const MAX_VARINT_OCTETS = 10;
const MAX_TAG_OCTETS = 5;
/** 2^29 - 1 is the last field number, so that a tag is below 2^32. */
const MAX_TAG = 0xffff_ffff;

const NO_OCTETS: Buffer = Buffer.alloc(0);

/** A position in a message that moves on; -1 once the message is malformed. */
interface Cursor {
  readonly octets: Buffer;
  at: number;
}

/** The name in a `HealthCheckRequest`; null for octets that are none. Unknown fields are passed over, and the last of several names holds. */
export function decodeHealthCheckRequest(octets: Buffer): string | null {
  const cursor: Cursor = { octets, at: 0 };
  let service = NO_OCTETS;
  while (cursor.at >= 0 && cursor.at < octets.length) {
    const tag = readVarint(cursor, MAX_TAG_OCTETS);
    if (cursor.at < 0 || tag > MAX_TAG || tag >>> 3 === 0) {
      return null;
    }
    if (tag === tagOf(FIRST_FIELD, WireType.LENGTH)) {
      service = readBytes(cursor);
    } else {
      skip(cursor, tag & 7);
    }
  }
  // proto3: a string is UTF-8, whatever else can be read.
  return cursor.at < 0 || !isUtf8(service) ? null : service.toString();
}

/** A `HealthCheckResponse`. */
export function encodeHealthCheckResponse(status: ServingStatus): Buffer {
  const code = SERVING_STATUS_CODES[status];
  // proto3 leaves a 0 out.
  return code === 0 ? NO_OCTETS : Buffer.from([tagOf(FIRST_FIELD, WireType.VARINT), code]);
}

/** A `HealthListResponse`: names, each once, with their statuses. */
export function encodeHealthListResponse(statuses: Iterable<readonly [name: string, status: ServingStatus]>): Buffer {
  const entries: Buffer[] = [];
  for (const [name, status] of statuses) {
    const entry = [
      ...lengthField(FIRST_FIELD, Buffer.from(name)),
      ...lengthField(SECOND_FIELD, encodeHealthCheckResponse(status)),
    ];
    entries.push(...lengthField(FIRST_FIELD, Buffer.concat(entry)));
  }
  return Buffer.concat(entries);
}

function lengthField(field: number, content: Buffer): readonly Buffer[] {
  return [Buffer.from([tagOf(field, WireType.LENGTH), ...encodeVarint(content.length)]), content];
}

function tagOf(field: number, wireType: number): number {
  return field * 8 + wireType;
}

function encodeVarint(value: number): readonly number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...encodeVarint(value >>> 7)];
}

/** A number of at most `maxOctets` octets. Beyond 2^53 it is not exact: only such numbers are read that are passed over or too large. */
function readVarint(cursor: Cursor, maxOctets: number): number {
  let value = 0;
  for (let index = 0; index < maxOctets; index++) {
    const octet = cursor.octets[cursor.at + index];
    if (octet === undefined) {
      break;
    }
    value += (octet & 0x7f) * 2 ** (7 * index);
    if (octet < 0x80) {
      cursor.at += index + 1;
      return value;
    }
  }
  cursor.at = -1;
  return 0;
}

function readBytes(cursor: Cursor): Buffer {
  const length = readVarint(cursor, MAX_VARINT_OCTETS);
  const start = cursor.at;
  advance(cursor, length);
  return cursor.at < 0 ? NO_OCTETS : cursor.octets.subarray(start, cursor.at);
}

function skip(cursor: Cursor, wireType: number): void {
  switch (wireType) {
    case WireType.VARINT:
      readVarint(cursor, MAX_VARINT_OCTETS);
      return;
    case WireType.FIXED_64:
      advance(cursor, 8);
      return;
    case WireType.LENGTH:
      readBytes(cursor);
      return;
    case WireType.FIXED_32:
      advance(cursor, 4);
      return;
    default:
      cursor.at = -1;
  }
}

function advance(cursor: Cursor, octets: number): void {
  const isWithin = cursor.at >= 0 && octets <= cursor.octets.length - cursor.at;
  cursor.at = isWithin ? cursor.at + octets : -1;
}
