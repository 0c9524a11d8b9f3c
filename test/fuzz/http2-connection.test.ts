import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { Http2Stream, Role } from '../../src/http2/index.ts';
import { fuzzRuns } from '../support/fuzz-runs.ts';
import { frames } from '../support/http2/arbitraries.ts';
import { EngineBench } from '../support/http2/engine-bench.ts';
import { list, request, response, trailers } from '../support/http2/fields.ts';
import {
  block,
  data,
  headers,
  ping,
  requestBlock,
  responseBlock,
  rstStream,
  settings,
  windowUpdate,
} from '../support/http2/wire.ts';

/** More than any single case can make the engine hold: both windows of its streams, and what one case sends. Octets. */
const MAX_HELD_OCTETS = 4 * 1_048_576;

const ROLES: readonly Role[] = ['server', 'client'];

/** What the owner, or time, does between two frames of the peer. */
type Action = (bench: EngineBench, stream: Http2Stream | undefined) => void;

const send =
  (octets: number, isEnd: boolean): Action =>
  (_, stream) => {
    if (stream !== undefined && !stream.isSendEnded && MAY_SEND.has(stream)) {
      stream.sendData(Buffer.alloc(octets, 9), 0, octets, isEnd);
      if (isEnd) {
        MAY_SEND.delete(stream);
      }
    }
  };

/** Streams whose headers are out and whose end has not been asked for: the rest would be misuse. */
const MAY_SEND = new WeakSet<Http2Stream>();
/** Server streams that have not been answered. */
const MAY_ANSWER = new WeakSet<Http2Stream>();

const ACTIONS: readonly Action[] = [
  () => {},
  (_, stream) => {
    if (stream !== undefined && MAY_ANSWER.delete(stream)) {
      stream.sendInterim(list([[':status', '103']]));
      stream.sendHeaders(response(), false);
      MAY_SEND.add(stream);
    }
  },
  send(5, false),
  send(30_000, false),
  send(3000, true),
  (_, stream) => {
    if (stream !== undefined && MAY_SEND.delete(stream)) {
      stream.sendTrailers(trailers());
    }
  },
  (_, stream) => stream?.reset(8),
  (_, stream) => stream?.stopReceiving(),
  (bench) => {
    const stream = bench.connection.openCapacity > 0 ? bench.open(request(), false) : null;
    if (stream !== null) {
      MAY_SEND.add(stream);
    }
  },
  (bench) => void bench.advance(50),
  (bench) => void bench.jump(4000),
  (bench) => bench.connection.pauseOutput(),
  (bench) => bench.connection.resumeOutput(),
  (bench) => void bench.connection.ping(),
  (bench) => bench.connection.shutdown('fuzz'),
];

const PAUSE = 11;
const RESUME = 12;
const OPEN = 8;

/** One step: what the peer sends, and what happens behind it; `pick` and `size` choose the stream and how much. */
interface Step {
  readonly kind: number;
  readonly wild: Buffer;
  readonly action: number;
  readonly pick: number;
  readonly size: number;
}

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.record({
    kind: fc.integer({ min: 0, max: 60 }),
    wild: frames,
    action: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: ACTIONS.length - 2 }), fc.integer({ min: 0, max: 100 })),
    pick: fc.integer({ min: 0, max: 9 }),
    size: fc.integer({ min: 0, max: 16_384 }),
  }),
  { maxLength: 120, size: 'max' },
);

const pickOf = (bench: EngineBench, pick: number): Http2Stream | undefined => {
  const streams = [...bench.streams.values()];
  return streams[pick % Math.max(1, streams.length)];
};

/** Keeps to the protocol, but for one frame in 61, so that connections get old. */
function peerFrame(bench: EngineBench, role: Role, { kind, wild, pick, size }: Step, nextId: number): Buffer {
  const stream = pickOf(bench, pick);
  const isReceiving = stream !== undefined && !stream.isRecvEnded;
  const isBegun = role === 'server' || (stream !== undefined && BEGUN.has(stream));
  if (kind === 60) {
    return wild;
  }
  if (kind < 12 && role === 'server') {
    return headers(nextId, requestBlock(), kind < 3 ? 5 : 4);
  }
  if (kind < 12 && isReceiving && !isBegun) {
    BEGUN.add(stream);
    return headers(stream.id, responseBlock(), 4);
  }
  if (kind < 35 && isReceiving && isBegun) {
    const room = Math.max(0, Math.min(bench.ledger.peer, bench.ledger.peerWindowOf(stream.id)));
    const length = Math.min(size, room);
    const isPadded = kind > 30 && length > 0;
    return data(
      stream.id,
      Buffer.alloc(length, isPadded ? length % 200 && (length - 1) % 200 : 1),
      (kind < 15 ? 1 : 0) | (isPadded ? 8 : 0),
    );
  }
  if (kind < 37 && isReceiving && isBegun) {
    return headers(stream.id, block([['grpc-status', '0']]), 5);
  }
  if (kind < 50) {
    return windowUpdate(stream === undefined || kind % 3 === 0 ? 0 : stream.id, 1 + size * 2);
  }
  if (kind < 52) {
    return settings([[4, size * 4]]);
  }
  return kind < 53 && stream !== undefined ? rstStream(stream.id, 8) : ping();
}

/** Streams of a client that have had their response's headers. */
const BEGUN = new WeakSet<Http2Stream>();

function makeBench(role: Role): EngineBench {
  const reactions = {
    onHeaders: (stream: Http2Stream) => void (role === 'server' && MAY_ANSWER.add(stream)),
    onHeadersOverLimit: (stream: Http2Stream) => stream.reset(8),
    onData: (stream: Http2Stream, _: Buffer, start: number, end: number) => stream.consume((end - start) >>> (stream.id & 2)),
    onStreamClosed: (stream: Http2Stream) => {
      MAY_SEND.delete(stream);
      MAY_ANSWER.delete(stream);
      BEGUN.delete(stream);
    },
  };
  return role === 'server' ? EngineBench.server({}, reactions) : EngineBench.client({}, reactions);
}

/** After the transport has gone nothing is held, and every stream that was told of has been closed once. */
function assertEnded(bench: EngineBench): void {
  bench.connection.transportClosed();
  assert.equal(bench.connection.liveStreams, 0);
  assert.equal(bench.connection.queuedOctets, 0);
  assert.equal(bench.connection.unconsumedOctets, 0);
  assert.equal(bench.events.filter((event) => event.startsWith('close ')).length, 1);
  assert.ok(bench.events.at(-1)?.startsWith('close '), 'nothing behind the end');
  const closed = bench.events.filter((event) => event.startsWith('closed'));
  assert.equal(new Set(closed).size, closed.length, 'each closed once');
  assert.deepEqual([...bench.streams.keys()], [], 'all of them closed');
  const goaways = bench.sent.filter(({ type }) => type === 7);
  assert.ok(goaways.length <= 3, 'GOAWAY of a graceful end twice, of an error once');
}

describe('whole connections', () => {
  for (const role of ROLES) {
    it(`H2-1.6-conservation: as ${role}, bear any peer: windows add up after every frame, memory is bounded, all streams end`, () => {
      fc.assert(
        fc.property(steps, (taken) => {
          const bench = makeBench(role);
          let pauses = 0;
          for (let count = role === 'client' ? 3 : 0; count > 0; count--) {
            ACTIONS[OPEN]?.(bench, undefined);
          }
          let nextId = 1;
          for (const step of taken) {
            const action = step.action < ACTIONS.length ? step.action : 0;
            const octets = peerFrame(bench, role, step, nextId);
            nextId += octets[3] === 1 && octets.readUInt32BE(5) === nextId ? 2 : 0;
            bench.recv(octets);
            if (action === RESUME && pauses === 0) {
              continue;
            }
            pauses += action === PAUSE ? 1 : action === RESUME ? -1 : 0;
            if (bench.ending() === 'open' && !(role === 'server' && action === OPEN)) {
              ACTIONS[action]?.(bench, pickOf(bench, step.pick));
            }
            bench.take();
            const { outputOctets, queuedOctets, unconsumedOctets } = bench.connection;
            assert.ok(outputOctets + queuedOctets + unconsumedOctets < MAX_HELD_OCTETS);
          }
          assertEnded(bench);
        }),
        fuzzRuns(150),
      );
    });
  }
});
