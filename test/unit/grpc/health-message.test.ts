import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual } from 'node:util';
import type { ServiceDefinition } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import fc from 'fast-check';
import {
  decodeHealthCheckRequest,
  encodeHealthCheckResponse,
  encodeHealthListResponse,
} from '../../../src/grpc/health-message.ts';
import type { ServingStatus } from '../../../src/grpc/serving-status.ts';
import { fuzzRuns } from '../../support/fuzz-runs.ts';

const PROTO = fileURLToPath(new URL('../../../protos/health.proto', import.meta.url));
const WORDS: readonly ServingStatus[] = ['UNKNOWN', 'SERVING', 'NOT_SERVING', 'SERVICE_UNKNOWN'];

/** protobufjs, which knows nothing of the code under test. */
function method(name: string): ServiceDefinition[string] {
  const service = loadSync(PROTO, { enums: String, defaults: true })['grpc.health.v1.Health'];
  assert.ok(service !== undefined && !('format' in service));
  const found = Object.entries(service).find(([key]) => key === name)?.[1];
  assert.ok(found !== undefined && 'requestSerialize' in found);
  return found;
}

const CHECK = method('Check');
const LIST = method('List');
const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');

describe('a HealthCheckRequest', () => {
  it('is read as protobufjs writes it', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 300 }), (service) => {
        assert.equal(decodeHealthCheckRequest(CHECK.requestSerialize({ service })), service);
      }),
      fuzzRuns(300),
    );
  });

  it('may have unknown fields, and the last of several names holds', () => {
    assert.equal(decodeHealthCheckRequest(hex('')), '');
    assert.equal(decodeHealthCheckRequest(hex('0a 01 61 0a 02 6262')), 'bb');
    assert.equal(decodeHealthCheckRequest(hex('0a 01 61 10 ffffffffffffffffff01 0a 01 62')), 'b', 'a varint of ten octets');
    assert.equal(decodeHealthCheckRequest(hex('11 0102030405060708 0a 01 61 1d 01020304 22 02 0000')), 'a', 'fixed and bytes');
    assert.equal(decodeHealthCheckRequest(hex('08 05 0a 01 61')), 'a', 'the field as a number');
    assert.equal(decodeHealthCheckRequest(hex('8a 00 01 61')), 'a', 'a tag that is longer than it need be');
    assert.equal(decodeHealthCheckRequest(hex('f8ffffff0f 01')), '', 'the last field number');
  });

  for (const [what, octets] of [
    ['a name that is cut', '0a 05 61'],
    ['a length that is cut', '0a 80'],
    ['a length beyond every message', '0a ffffffffffffffffff01'],
    ['a tag without an end', 'ffffffffffff'],
    ['a tag beyond the last field number', 'f8ffffff1f 01'],
    ['field number 0', '02 00'],
    ['a group', '0b 0c'],
    ['the end of a group', '0c'],
    ['a wire type that does not exist', '0e'],
    ['a number that is cut', '10 ff'],
    ['a number of eleven octets', '10 ffffffffffffffffffff01'],
    ['a fixed number that is cut', '11 01020304050607'],
    ['a short fixed number that is cut', '15 010203'],
    ['a name that is no UTF-8', '0a 01 ff'],
    ['a name with half of a surrogate pair', '0a 03 eda080'],
  ] as const) {
    it(`is refused with ${what}`, () => assert.equal(decodeHealthCheckRequest(hex(octets)), null));
  }

  it('is read among other fields as protobufjs reads it', () => {
    const other = fc.oneof(
      fc.constantFrom('10 05', '1d 01020304', '11 0102030405060708', '22 02 0000', 'fa01 00', '18 ffffffffffffffffff01').map(hex),
      fc.string({ maxLength: 20 }).map((service) => CHECK.requestSerialize({ service })),
    );
    fc.assert(
      fc.property(fc.array(other, { maxLength: 8 }), fc.nat(), (fields, cut) => {
        const whole = Buffer.concat(fields);
        assert.deepEqual({ service: decodeHealthCheckRequest(whole) }, CHECK.requestDeserialize(whole));
        const part = whole.subarray(0, cut % (whole.length + 1));
        const read = decodeHealthCheckRequest(part);
        assert.ok(read === null || isDeepStrictEqual(CHECK.requestDeserialize(part), { service: read }));
      }),
      fuzzRuns(500),
    );
  });

  it('never makes the decoder throw', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (octets) => {
        const read = decodeHealthCheckRequest(Buffer.from(octets));
        assert.ok(read === null || read.length <= octets.length);
      }),
      fuzzRuns(2000),
    );
  });
});

describe('the responses', () => {
  for (const status of WORDS) {
    it(`say ${status} as protobufjs reads it`, () => {
      assert.deepEqual(CHECK.responseDeserialize(encodeHealthCheckResponse(status)), { status });
    });
  }

  it('are octets of the protobuf encoding', () => {
    assert.deepEqual(encodeHealthCheckResponse('SERVING'), hex('0801'));
    assert.deepEqual(encodeHealthListResponse([['', 'NOT_SERVING']]), hex('0a 06 0a00 12 02 0802'));
  });

  it('list names as protobufjs reads them', () => {
    const entries = fc.uniqueArray(fc.tuple(fc.string({ maxLength: 200 }), fc.constantFrom(...WORDS)), {
      selector: ([name]) => name,
      maxLength: 40,
    });
    fc.assert(
      fc.property(entries, (statuses) => {
        const read: unknown = LIST.responseDeserialize(encodeHealthListResponse(statuses));
        assert.ok(typeof read === 'object' && read !== null && 'statuses' in read);
        const expected = statuses.filter(([name]) => name !== '__proto__').map(([name, status]) => [name, { status }]);
        assert.deepEqual({ ...Object(read.statuses) }, Object.fromEntries(expected));
      }),
      fuzzRuns(200),
    );
  });
});
