import type { ConnectionError } from '../errors.ts';
import type { FieldList } from '../hpack/field-list.ts';
import type { Http2Stream } from '../stream/stream.ts';
import type { AbuseKind } from './abuse-limits.ts';

/** Who ended a stream before its messages were complete. */
export const ResetCause = {
  /** The peer, by RST_STREAM with the code that is told. */
  PEER: 'peer',
  /** This engine, because of what the peer sent or failed to do. */
  ENGINE: 'engine',
  /** GOAWAY of the peer: it has not processed the stream, which may be tried again elsewhere (RFC 9113, section 6.8). */
  UNPROCESSED: 'unprocessed',
  /** The connection ended. */
  CONNECTION: 'connection',
} as const;
export type ResetCause = (typeof ResetCause)[keyof typeof ResetCause];

/**
 * What a connection tells its owner. Called only from within `receive`, `receiveDeferred`, `tick`, `takeOutput`, `transportClosed` and
 * `abort`, never from within a method of a stream; only `onOutput` and `onAbuse` may come at any time, and must not call the connection.
 * Field lists and ranges are valid during the call. Every other method of the connection and its streams may be called from here.
 * What a method throws ends the connection with INTERNAL_ERROR and reaches the caller of the engine.
 */
export interface ConnectionHandler {
  /**
   * A valid request (server) or final response (client). `isEndOfStream`: nothing follows. A request has its host in `:authority`, if
   * anywhere, and no `host` field.
   */
  onHeaders(stream: Http2Stream, fields: FieldList, isEndOfStream: boolean): void;
  /**
   * A field section above the limits, decoded and dropped. A server answers 431, or gRPC status 8, and may reset; a client resets. Nothing
   * else of the message is told.
   */
  onHeadersOverLimit(stream: Http2Stream): void;
  /** An interim response (client). */
  onInterim(stream: Http2Stream, fields: FieldList): void;
  /** Content, in pieces as they arrive. `stream.isRecvEnded` is true with the last one, which may be empty. */
  onData(stream: Http2Stream, octets: Buffer, start: number, end: number): void;
  /** Trailers: the peer's message is complete. */
  onTrailers(stream: Http2Stream, fields: FieldList): void;
  /** The stream ended early, not by the owner; what was queued for it is dropped. `code` is the peer's, any 32-bit number, or ours. */
  onReset(stream: Http2Stream, code: number, cause: ResetCause): void;
  /** That many octets of the stream that sendData had left waiting have gone into the output. */
  onSent(stream: Http2Stream, octets: number): void;
  /** The last word about a stream, however it ended. Its object now belongs to the engine again. */
  onStreamClosed(stream: Http2Stream): void;
  /** The peer will take no new streams. `debug` is text of the peer's, to be escaped before it is shown. */
  onGoaway(lastStreamId: number, code: number, debug: string): void;
  /** `openCapacity` may have risen from 0: the peer changed its settings, or a place became free. */
  onCapacity(): void;
  /** The PING that `ping` sent has been acknowledged. */
  onPingAck(): void;
  /** There is output to take, at the end of this turn of the loop or, if urgent, as soon as the call that caused it returns. */
  onOutput(isUrgent: boolean): void;
  /**
   * There are acknowledgements of PING to take and nothing else, while streams live: what answers those is likely to follow at once, and one
   * write is better than two. The owner takes the output some milliseconds later at the latest; what comes before then, comes behind them, as
   * RFC 9113, section 6.7, wants them first. A handler without this method gets onOutput instead.
   */
  onAnswers?(): void;
  /** A limit was reached; the answer is given by the engine. For metrics. */
  onAbuse(kind: AbuseKind): void;
  /**
   * No more calls follow but onOutput. The owner writes what output there is, ends the transport, and destroys it a second later at the latest.
   * `error` is null after a graceful end or a lost transport.
   */
  onClose(error: ConnectionError | null): void;
}
