import type { FieldList, Http2Stream, ResetCause } from '../http2/index.ts';
import type { UnroutedCall } from './unrouted-call.ts';

/**
 * What happens to one downstream stream after its request's header section. The rules of ConnectionHandler apply: lists and ranges are valid
 * during the call.
 */
export interface DownstreamStreamHandler {
  /** Content. `isRecvEnded` of the stream is true with the last part. */
  onDownstreamData(octets: Buffer, start: number, end: number): void;
  onDownstreamTrailers(fields: FieldList): void;
  /** The trailers were above the limits and are lost. */
  onDownstreamOverLimit(): void;
  /** That much response content which sendData had left waiting has gone into the output. */
  onDownstreamSent(octets: number): void;
  /** The stream ended early, not by the handler. */
  onDownstreamReset(code: number, cause: ResetCause): void;
  /** The last word, however the stream ended: the handler forgets the stream. */
  onDownstreamClosed(): void;
}

/** What is known of the client of a stream. */
export interface DownstreamPeer {
  /** Its address without port; empty for a unix socket. */
  readonly remoteAddress: string;
  /** Its port; absent for a unix socket. */
  readonly remotePort?: number | undefined;
  /** Whether the client speaks TLS. */
  readonly isTls: boolean;
}

/** Takes a stream whose request has just come, and gives what is to be told of it from now on. The list is valid during the call. */
export type StreamOpener = (stream: Http2Stream, fields: FieldList, peer: DownstreamPeer) => DownstreamStreamHandler;

/** Who asks for what is answered here. */
export interface LocalStreamOrigin {
  readonly peer: DownstreamPeer;
  /** Is told of the answer, and of the end; null if nobody wants to know. */
  readonly log: UnroutedCall | null;
}

/** The same for what is answered here; it gives null when that has been done already. */
export type LocalStreamOpener = (
  stream: Http2Stream,
  fields: FieldList,
  origin: LocalStreamOrigin,
) => DownstreamStreamHandler | null;
