import { createHash, type Hash } from 'node:crypto';
import {
  type ConnectionError,
  type ConnectionHandler,
  type ConnectionOptions,
  EDGE_LIMITS,
  type FieldList,
  Http2Connection,
  type Http2Stream,
  type ResetCause,
  type Role,
} from '../../../src/http2/index.ts';
import { list, request, response, trailers } from './fields.ts';

/** How much the owner consumes at once, so that credit does not depend on how content was cut. Octets. */
const CONSUME_OCTETS = 8192;

const WIDE = 16 * 1_048_576;

/** Windows and turns that no recording exceeds. */
const OPTIONS: Partial<ConnectionOptions> = {
  streamWindowBytes: WIDE,
  connectionWindowBytes: WIDE,
  limits: { ...EDGE_LIMITS, maxNewStreamsPerTurn: 1_000_000, maxUnconsumedBytes: WIDE },
};

/** What came of a connection's input. */
export interface Replayed {
  /** What the owner was told: field sections in full, content as length and digest in the place of its end. */
  readonly events: readonly string[];
  /** What the engine wrote, if output was taken once only, behind all input. */
  readonly output: Buffer;
}

/** What the owner keeps of a message. */
class Content {
  octets = 0;
  unconsumed = 0;
  readonly hash: Hash = createHash('sha256');
}

class ReplayOwner implements ConnectionHandler {
  readonly events: string[] = [];
  readonly #isServer: boolean;

  constructor(isServer: boolean) {
    this.#isServer = isServer;
  }

  onHeaders(stream: Http2Stream, fields: FieldList, isEndOfStream: boolean): void {
    stream.context ??= new Content();
    this.#note(`headers ${stream.id} ${text(fields)}`);
    if (isEndOfStream) {
      this.#onEnd(stream);
    }
  }

  onHeadersOverLimit(stream: Http2Stream): void {
    this.#note(`overLimit ${stream.id}`);
    if (this.#isServer) {
      stream.sendHeaders(list([[':status', '431']]), true);
      stream.stopReceiving();
    } else {
      stream.reset(8);
    }
  }

  onInterim(stream: Http2Stream, fields: FieldList): void {
    this.#note(`interim ${stream.id} ${text(fields)}`);
  }

  onData(stream: Http2Stream, octets: Buffer, start: number, end: number): void {
    const content = contentOf(stream);
    content.octets += end - start;
    content.unconsumed += end - start;
    content.hash.update(octets.subarray(start, end));
    for (; content.unconsumed >= CONSUME_OCTETS; content.unconsumed -= CONSUME_OCTETS) {
      stream.consume(CONSUME_OCTETS);
    }
    if (stream.isRecvEnded) {
      this.#onEnd(stream);
    }
  }

  onTrailers(stream: Http2Stream, fields: FieldList): void {
    this.#note(`trailers ${stream.id} ${text(fields)}`);
    this.#onEnd(stream);
  }

  onReset(stream: Http2Stream, code: number, cause: ResetCause): void {
    this.#note(`reset ${stream.id} ${code} ${cause}`);
  }

  onSent(): void {}

  onStreamClosed(stream: Http2Stream): void {
    this.#note(`closed ${stream.id}`);
  }

  onGoaway(lastStreamId: number, code: number, debug: string): void {
    this.#note(`goaway ${lastStreamId} ${code} ${debug}`);
  }

  onCapacity(): void {
    this.#note('capacity');
  }

  onPingAck(): void {}
  onOutput(): void {}

  onAbuse(kind: string): void {
    this.#note(`abuse ${kind}`);
  }

  onClose(error: ConnectionError | null): void {
    this.#note(`close ${error?.message ?? 'gracefully'}`);
  }

  #onEnd(stream: Http2Stream): void {
    const content = contentOf(stream);
    this.#note(`end ${stream.id} ${content.octets} ${content.hash.copy().digest('hex')}`);
    if (this.#isServer) {
      stream.sendHeaders(response(), false);
      stream.sendData(Buffer.from('answer'), 0, 6, false);
      stream.sendTrailers(trailers());
    }
  }

  #note(event: string): void {
    this.events.push(event);
  }
}

/** Requests that a client has under way before its input comes, by method. */
export type OpenedRequests = readonly string[];

/** Feeds the pieces to a new connection. `isTaken`: output is taken behind every piece, as in turns of a loop, and not compared. */
export function replay(role: Role, opened: OpenedRequests, pieces: readonly Buffer[], isTaken: boolean): Replayed {
  const owner = new ReplayOwner(role === 'server');
  const connection = new Http2Connection(role, owner, OPTIONS);
  connection.start(0);
  for (const method of opened) {
    const fields =
      method === 'POST'
        ? request()
        : list([
            [':method', method],
            [':scheme', 'http'],
            [':path', '/'],
          ]);
    connection.openStream(fields, true);
  }
  connection.takeOutput()?.release();
  for (const piece of pieces) {
    // A copy, as pieces may be used again, and so that nothing can lean on what lies beside them.
    connection.receive(Buffer.from(piece));
    if (isTaken) {
      connection.takeOutput()?.release();
    }
  }
  const output = Buffer.concat(connection.takeOutput()?.segments ?? []);
  connection.transportClosed();
  return { events: owner.events, output };
}

/** Cuts octets at those fractions of their length. */
export function cut(octets: Buffer, fractions: readonly number[]): Buffer[] {
  const ends = [...fractions.map((fraction) => Math.floor(fraction * octets.length)), octets.length].sort((a, b) => a - b);
  const pieces = ends.map((end, index) => octets.subarray(index === 0 ? 0 : ends[index - 1], end));
  return pieces.filter(({ length }) => length > 0);
}

/** One octet at a time. */
export const singly = (octets: Buffer): Buffer[] => Array.from(octets, (_, at) => octets.subarray(at, at + 1));

function contentOf(stream: Http2Stream): Content {
  stream.context ??= new Content();
  if (!(stream.context instanceof Content)) {
    throw new TypeError('not a content');
  }
  return stream.context;
}

function text(fields: FieldList): string {
  const parts: string[] = [];
  for (let index = 0; index < fields.length; index++) {
    const field = fields.at(index);
    parts.push(`${field.name.text}=${field.valueText()}`);
  }
  return parts.join('&');
}
