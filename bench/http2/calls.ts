import assert from 'node:assert/strict';
import {
  type ConnectionError,
  type ConnectionHandler,
  type FieldList,
  Http2Connection,
  type Http2Stream,
  LOAD_BALANCER_LIMITS,
} from '../../src/http2/index.ts';
import { fieldList } from '../../test/support/http2/hpack-wire.ts';
import { data, headers, PREFACE, settings, settingsAck, windowUpdate } from '../../test/support/http2/wire.ts';
import type { Bench } from './measure.ts';
import { CYCLE, RESPONSE, requestBlocks, TRAILERS, VARIETIES, type Variety } from './sections.ts';

/** Calls that come in one read. */
const BATCH = 32;

const WINDOW_OCTETS = 4 * 1024 * 1024;

/** Whole calls through a connection, without a socket: a request and its content in, headers, the same content and trailers out. */
export function callBenches(): Bench[] {
  return [
    ...VARIETIES.map((variety) => callBench(variety, 13)),
    callBench('fixed', 1024),
    { ...callBench('fixed', 16_384), count: 4096 },
    messageBench(),
  ];
}

function callBench(variety: Variety, octets: number): Bench {
  const script = new Script(variety, octets);
  const echo = new Echo();
  return {
    name: `call of ${octets} octets, ${variety} headers`,
    run: (count) => {
      for (let index = 0; index < count; index += BATCH) {
        echo.receive(script.next());
      }
    },
  };
}

/** A message of 13 octets on one stream that stays open. */
function messageBench(): Bench {
  const echo = new Echo();
  const [block = Buffer.alloc(0)] = requestBlocks('fixed');
  echo.receive(headers(1, block));
  const messages = Buffer.concat([
    ...Array.from({ length: BATCH }, () => data(1, Buffer.alloc(13))),
    windowUpdate(1, 13 * BATCH),
    windowUpdate(0, 13 * BATCH),
  ]);
  return {
    name: 'message of 13 octets on a stream',
    run: (count) => {
      for (let index = 0; index < count; index += BATCH) {
        echo.receive(messages);
      }
    },
  };
}

/** What a client sends: all reads of a cycle, made beforehand, whose stream identifiers are written in before each use. */
class Script {
  readonly #reads: { readonly octets: Buffer; readonly streamIdsAt: readonly number[] }[] = [];
  #at = 0;
  #streamId = 1;

  constructor(variety: Variety, octets: number) {
    const blocks = requestBlocks(variety);
    for (let first = 0; first < CYCLE; first += BATCH) {
      const frames: Buffer[] = [];
      const streamIdsAt: number[] = [];
      let length = 0;
      const add = (frame: Buffer): void => {
        frames.push(frame);
        streamIdsAt.push(length + 5);
        length += frame.length;
      };
      for (const block of blocks.slice(first, first + BATCH)) {
        add(headers(1, block));
        add(data(1, Buffer.alloc(octets), 1));
      }
      frames.push(windowUpdate(0, octets * BATCH));
      this.#reads.push({ octets: Buffer.concat(frames), streamIdsAt });
    }
  }

  next(): Buffer {
    const read = this.#reads[this.#at];
    assert.ok(read !== undefined);
    this.#at = (this.#at + 1) % this.#reads.length;
    for (let index = 0; index < read.streamIdsAt.length; index++) {
      read.octets.writeUInt32BE(this.#streamId, read.streamIdsAt[index]);
      this.#streamId += 2 * (index & 1);
    }
    return read.octets;
  }
}

/** A server's connection whose owner echoes. */
class Echo implements ConnectionHandler {
  readonly #connection: Http2Connection;
  readonly #response = known(RESPONSE);
  readonly #trailers = known(TRAILERS);

  constructor() {
    this.#connection = new Http2Connection('server', this, {
      limits: LOAD_BALANCER_LIMITS,
      streamWindowBytes: WINDOW_OCTETS,
      connectionWindowBytes: WINDOW_OCTETS,
    });
    this.#connection.start(0);
    this.receive(Buffer.concat([PREFACE, settings([[4, WINDOW_OCTETS]]), settingsAck(), windowUpdate(0, WINDOW_OCTETS)]));
  }

  receive(octets: Buffer): void {
    this.#connection.receive(octets);
    assert.ok(this.#connection.wantsRead);
    for (let batch = this.#connection.takeOutput(); batch !== null; batch = this.#connection.takeOutput()) {
      batch.release();
    }
  }

  onHeaders(stream: Http2Stream): void {
    stream.sendHeaders(this.#response, false);
  }

  onData(stream: Http2Stream, octets: Buffer, start: number, end: number): void {
    stream.consume(stream.sendData(octets, start, end, false));
    if (stream.isRecvEnded) {
      stream.sendTrailers(this.#trailers);
    }
  }

  onSent(stream: Http2Stream, octets: number): void {
    stream.consume(octets);
  }

  onClose(error: ConnectionError | null): void {
    assert.fail(`the connection ended: ${error?.message ?? 'gracefully'}`);
  }

  onHeadersOverLimit(): void {}
  onInterim(): void {}
  onTrailers(): void {}
  onReset(): void {}
  onStreamClosed(): void {}
  onGoaway(): void {}
  onCapacity(): void {}
  onPingAck(): void {}
  onOutput(): void {}
  onAbuse(): void {}
}

/** A list of fields that have been met before. */
function known(section: Parameters<typeof fieldList>[0]): FieldList {
  fieldList(section);
  return fieldList(section);
}
