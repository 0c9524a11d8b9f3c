import { DEFAULT_WINDOW_OCTETS, MAX_STREAM_ID } from '../frame/constants.ts';
import { ClosedStreams, Closure } from '../stream/closed-streams.ts';
import type { Stream } from '../stream/stream.ts';
import { StreamState } from '../stream/stream-state.ts';
import { StreamTable } from '../stream/stream-table.ts';
import type { ConnectionContext } from './context.ts';
import { HoldDown } from './hold-down.ts';

/** Stream objects kept for reuse by one connection. */
const MAX_FREE = 128;

/** Three quarters of the identifiers: from here on a connection should be replaced (RFC 9113, section 5.1.1; grpc-go does the same). */
const RETIRING_STREAM_ID = 0x6000_0000;

/**
 * The streams of a connection: which identifiers are idle, live or closed, how many are live, and the objects themselves. Only one side
 * opens streams, as push is off: the peer of a server, the client itself.
 */
export class StreamRegistry {
  /** The highest identifier that the peer has used; 0 for none, and always for a client. */
  highestPeerId = 0;
  /** What a client's next stream is called; may only rise. */
  nextLocalId = 1;
  /** What a live stream's send window starts with: the peer's SETTINGS_INITIAL_WINDOW_SIZE. */
  sendWindow = DEFAULT_WINDOW_OCTETS;
  /** What a live stream's receive window starts with. */
  recvWindow: number;
  /** Memory that queued content of live streams holds. Octets. */
  queuedCost = 0;
  /** Content of live streams that the owner has not consumed. Octets. */
  unconsumed = 0;
  /** Streams opened in the connection's life. */
  opened = 0;
  /** When the last stream ended or, before the first, the connection began. Milliseconds of the owner's clock. */
  idleSince = 0;
  /** The last run of identifiers that were skipped: all below `#gapEnd` and above `#gapStart` were never used. */
  #gapStart = 0;
  #gapEnd = 0;
  readonly #context: ConnectionContext;
  readonly #create: () => Stream;
  readonly #table = new StreamTable();
  readonly #closed = new ClosedStreams();
  readonly #held: HoldDown;
  readonly #free: Stream[] = [];
  /** Closed streams in its first #endedCount places; the owner has been told of those before #told. The array never shrinks, so that it is not allocated again for each call. */
  readonly #ended: Stream[] = [];
  #endedCount = 0;
  #told = 0;

  /** `create` makes a stream object when there is none to use again. */
  constructor(context: ConnectionContext, create: () => Stream) {
    this.#context = context;
    this.#create = create;
    // RFC 9113, section 6.5.3: until the peer has acknowledged a smaller window, it may use the default one.
    this.recvWindow = Math.max(DEFAULT_WINDOW_OCTETS, context.options.streamWindowBytes);
    this.#held = new HoldDown(context.options.limits.resetHoldMs);
  }

  /** Live streams. */
  get live(): number {
    return this.#table.size;
  }

  /** Live streams and the places that reset ones still hold. */
  get taken(): number {
    return this.#table.size + this.#held.count(this.#context.now);
  }

  /** Whether so many identifiers are used that the connection should be replaced. */
  get isRetiring(): boolean {
    return Math.max(this.highestPeerId, this.nextLocalId) >= RETIRING_STREAM_ID;
  }

  /** Whether a client has an identifier left. */
  get canOpen(): boolean {
    return this.nextLocalId <= MAX_STREAM_ID;
  }

  /** The live stream of that identifier, or null for an idle or closed one. */
  find(streamId: number): Stream | null {
    return this.#table.find(streamId);
  }

  /** Whether the stream has never been used and not been skipped (RFC 9113, section 5.1.1). */
  isIdle(streamId: number): boolean {
    const isClientId = (streamId & 1) === 1;
    if (this.#context.isServer) {
      return isClientId ? streamId > this.highestPeerId : true;
    }
    return isClientId ? streamId >= this.nextLocalId : true;
  }

  /** How a stream ended that is neither live nor idle. */
  closureOf(streamId: number): Closure {
    return this.#closed.find(streamId);
  }

  /** Whether an identifier below the highest one was skipped, as far as is remembered. */
  wasSkipped(streamId: number): boolean {
    return streamId > this.#gapStart && streamId < this.#gapEnd;
  }

  /** Uses up an identifier of the peer's, and all idle ones below it (RFC 9113, section 5.1.1). */
  useRemoteId(streamId: number): void {
    if (streamId > this.highestPeerId + 2) {
      this.#gapStart = this.highestPeerId;
      this.#gapEnd = streamId;
    }
    this.highestPeerId = streamId;
  }

  /** A stream that the peer opens, after useRemoteId. */
  openRemote(streamId: number): Stream {
    return this.#open(streamId);
  }

  /** A stream that we open, with the next identifier; only while canOpen. */
  openLocal(): Stream {
    const streamId = this.nextLocalId;
    this.nextLocalId += 2;
    return this.#open(streamId);
  }

  /** Remembers how frames on a stream that never became live are to be taken. */
  refuse(streamId: number, closure: Closure): void {
    this.#closed.add(streamId, closure);
  }

  /** Ends a live stream. The object stays as it is, but closed, until the owner has been told. */
  close(stream: Stream, closure: Closure): void {
    this.#table.remove(stream);
    this.#closed.add(stream.id, closure);
    this.queuedCost -= stream.queue.cost;
    this.unconsumed -= stream.unconsumed;
    stream.state = StreamState.CLOSED;
    stream.queue.clear();
    stream.unconsumed = 0;
    stream.trailers = null;
    this.#ended[this.#endedCount++] = stream;
    this.#context.gate.isYielding = true;
    if (this.#context.isServer && closure !== Closure.RESET_BY_PEER) {
      this.#context.abuse.countEndedRequest(0, false);
    }
    if (this.#table.size === 0) {
      this.idleSince = this.#context.now;
    }
  }

  /** Keeps the stream's place in the concurrency limit for a while, beginning now. */
  hold(): void {
    this.#held.add(this.#context.now);
  }

  /** All live streams, as a copy. */
  list(): Stream[] {
    return this.#table.list();
  }

  /** The live stream with the most unconsumed content. */
  findHeaviest(): Stream | null {
    let heaviest: Stream | null = null;
    for (const stream of this.#table.list()) {
      if (stream.unconsumed > (heaviest?.unconsumed ?? 0)) {
        heaviest = stream;
      }
    }
    return heaviest;
  }

  /** Tells the owner of every stream that has ended, and takes the objects back. */
  tellEnded(): void {
    while (this.#told < this.#endedCount) {
      const stream = this.#ended[this.#told++];
      if (stream === undefined) {
        break;
      }
      if (stream.isAnnounced) {
        this.#context.handler.onStreamClosed(stream);
      }
      stream.recycle();
      if (this.#free.length < MAX_FREE) {
        this.#free.push(stream);
      }
    }
    this.#endedCount = 0;
    this.#told = 0;
  }

  #open(streamId: number): Stream {
    const stream = this.#free.pop() ?? this.#create();
    stream.open(streamId, this.#context.now);
    stream.sendWindow = this.sendWindow;
    stream.recvWindow = this.recvWindow;
    this.opened++;
    this.#table.add(stream);
    return stream;
  }
}
