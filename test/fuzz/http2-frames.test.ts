import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { ConnectionError, StreamError } from '../../src/http2/errors.ts';
import { DecodeGate } from '../../src/http2/frame/decode-gate.ts';
import { FrameDecoder } from '../../src/http2/frame/frame-decoder.ts';
import type { FrameSink } from '../../src/http2/frame/frame-sink.ts';
import type { Role } from '../../src/http2/index.ts';
import { fuzzRuns } from '../support/fuzz-runs.ts';
import { anyFrames, blocks, frames } from '../support/http2/arbitraries.ts';
import { cut, replay, singly } from '../support/http2/replay.ts';
import { headers, PREFACE, settings, settingsAck } from '../support/http2/wire.ts';

const ROLES: readonly Role[] = ['server', 'client'];
const OPENED = ['POST', 'HEAD', 'POST'];

const quiet: FrameSink = {
  recvDataHead: () => {},
  recvDataPadding: () => {},
  recvData: () => {},
  recvHeaders: () => {},
  recvContinuation: () => {},
  recvPriority: () => {},
  recvRstStream: () => {},
  recvSettings: () => {},
  recvSettingsAck: () => {},
  recvPing: () => {},
  recvPingAck: () => {},
  recvGoaway: () => {},
  recvWindowUpdate: () => {},
  recvExtension: () => {},
};

/** The beginning of every connection, then what the peer sends. */
const input = (role: Role, parts: readonly Buffer[]): Buffer =>
  Buffer.concat([role === 'server' ? PREFACE : Buffer.alloc(0), settings(), settingsAck(), ...parts]);

const octets = (maxLength: number): fc.Arbitrary<Buffer> => fc.uint8Array({ maxLength }).map((bytes) => Buffer.from(bytes));

describe('received octets', () => {
  it('of any kind make the frame decoder throw nothing but its errors', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(octets(80), anyFrames), { maxLength: 20 }),
        fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 5 }),
        (parts, cuts) => {
          const decoder = new FrameDecoder(quiet, 16_384, new DecodeGate());
          for (const piece of cut(Buffer.concat([settings(), ...parts]), cuts)) {
            try {
              decoder.decode(piece, 0, piece.length);
              assert.equal(decoder.position, piece.length);
            } catch (error) {
              assert.ok(error instanceof ConnectionError || error instanceof StreamError, String(error));
              return;
            }
          }
        },
      ),
      fuzzRuns(1000),
    );
  });

  for (const role of ROLES) {
    it(`of any kind never make a ${role} throw`, () => {
      fc.assert(
        fc.property(octets(400), (noise) => {
          const { events } = replay(role, role === 'server' ? [] : OPENED, [input(role, [noise])], true);
          assert.ok(events.at(-1)?.startsWith('close'));
        }),
        fuzzRuns(500),
      );
    });

    it(`in field blocks of any kind never make a ${role} throw`, () => {
      fc.assert(
        fc.property(fc.array(fc.tuple(blocks, octets(30)), { minLength: 1, maxLength: 5 }), (sections) => {
          const parts = sections.map(([block, noise], index) => headers(2 * index + 1, Buffer.concat([block, noise]), 5));
          const { events } = replay(role, role === 'server' ? [] : OPENED, [input(role, parts)], true);
          assert.ok(events.at(-1)?.startsWith('close'));
        }),
        fuzzRuns(500),
      );
    });

    it(`give a ${role} the same however they are cut`, () => {
      fc.assert(
        fc.property(
          fc.array(frames, { maxLength: 25 }),
          fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 12 }),
          (parts, cuts) => {
            const all = input(role, parts);
            const opened = role === 'server' ? [] : OPENED;
            replay(role, opened, [all], false);
            replay(role, opened, [all], false);
            const whole = replay(role, opened, [all], false);
            for (const pieces of [cut(all, cuts), ...(all.length < 3000 ? [singly(all)] : [])]) {
              const other = replay(role, opened, pieces, false);
              assert.deepEqual(other.events, whole.events);
              assert.ok(other.output.equals(whole.output), 'the same output');
            }
          },
        ),
        fuzzRuns(150),
      );
    });
  }
});
