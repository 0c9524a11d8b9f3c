import type { ErrorCode, StreamError } from '../errors.ts';
import type { FrameEncoder } from '../frame/frame-encoder.ts';
import { Closure } from '../stream/closed-streams.ts';
import type { Stream } from '../stream/stream.ts';
import type { ConnectionContext } from './context.ts';
import { ResetCause } from './handler.ts';
import type { StreamRegistry } from './stream-registry.ts';

/** RST_STREAM that this engine decides on, not the owner (RFC 9113, section 5.4.2). */
export class StreamResets {
  readonly #context: ConnectionContext;
  readonly #frames: FrameEncoder;
  readonly #streams: StreamRegistry;

  constructor(context: ConnectionContext, frames: FrameEncoder, streams: StreamRegistry) {
    this.#context = context;
    this.#frames = frames;
    this.#streams = streams;
  }

  /** Ends a live stream and tells the owner, if it knows the stream. Its place stays taken for a while: its work may go on. */
  reset(stream: Stream, code: ErrorCode): void {
    this.#frames.rstStream(stream.id, code);
    this.#streams.hold();
    this.#streams.close(stream, Closure.RESET_BY_US);
    if (stream.isAnnounced) {
      this.#context.handler.onReset(stream, code, ResetCause.ENGINE);
    }
  }

  /** Answers an error of the peer's. Such answers are counted, as a peer can provoke them without end (CVE-2019-9514, CVE-2025-8671). */
  recvError(error: StreamError): void {
    const { abuse, now } = this.#context;
    const stream = this.#streams.find(error.streamId);
    if (stream === null) {
      this.#frames.rstStream(error.streamId, error.code);
      this.#streams.refuse(error.streamId, Closure.RESET_BY_US);
    } else {
      this.reset(stream, error.code);
    }
    abuse.countAnswer();
    abuse.countReset(now);
  }
}
