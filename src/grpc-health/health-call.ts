import { decodeHealthCheckRequest, encodeHealthListResponse } from '../grpc/health-message.ts';
import { MESSAGE_PREFIX_OCTETS, MessageReader } from '../grpc/message.ts';
import type { ServingStatus } from '../grpc/serving-status.ts';
import { GrpcStatus } from '../grpc/status.ts';
import { type FieldList, type Http2Stream, ResetCause } from '../http2/index.ts';
import type { DeadlineEntry, DeadlineWheel } from '../proxy/deadline-wheel.ts';
import type { DownstreamPeer, DownstreamStreamHandler } from '../proxy/downstream-stream.ts';
import { LOCAL_ANSWERS, LocalReason } from '../proxy/local-reason.ts';
import type { LocalReplies } from '../proxy/local-replies.ts';
import type { UnroutedCall } from '../proxy/unrouted-call.ts';
import type { Clock } from '../util/clock.ts';
import type { HealthReplies, Refusal } from './health-replies.ts';
import { readTimeoutMs } from './request-timeout.ts';
import { findServingStatus, listServingStatuses, type ServingState, toHttpCode, WHOLE } from './serving-names.ts';
import type { OpenWatch, WatchList } from './watch-list.ts';

/** What the message of a request may have. Names have at most 256. */
export const MAX_REQUEST_OCTETS = 4096;
/** What a response to List may have: it is kept whole while the client takes it. */
export const MAX_LIST_OCTETS = 65_536;
/** How long a request may take to come in. Milliseconds. */
export const REQUEST_TIMEOUT_MS = 30_000;

/** The three methods of grpc.health.v1.Health, and one that says by its status alone what the whole is. */
export type HealthMethod = 'check' | 'list' | 'watch' | 'status';

/** What calls need of their service. */
export interface HealthCallHome {
  readonly clock: Clock;
  readonly wheel: DeadlineWheel;
  readonly replies: HealthReplies;
  readonly localReplies: LocalReplies;
  readonly watches: WatchList;
  state(): ServingState;
  /** A call was answered, a Watch for the first time; `code` is what a GET would have been answered with. */
  onAnswer(code: number): void;
}

/** Which call it is, and who has it. */
export interface HealthCallOrigin {
  readonly method: HealthMethod;
  readonly peer: DownstreamPeer;
  /** For the access log; null if nobody wants to know. */
  readonly log: UnroutedCall | null;
}

/**
 * How far a call is.
 *
 *   READING ──request complete──► OVER, or for Watch ► WATCHING ──deadline, drain, client──► OVER
 *      └──────refused, deadline────► OVER
 */
type Phase = 'READING' | 'WATCHING' | 'OVER';

/** One call of the health service, answered from memory. */
export class HealthCall implements DownstreamStreamHandler, DeadlineEntry, OpenWatch {
  deadlineAtMs = 0;
  nextDeadline: DeadlineEntry | null = null;
  previousDeadline: DeadlineEntry | null = null;
  hasDeadline = false;
  readonly peer: DownstreamPeer;
  readonly #method: HealthMethod;
  readonly #log: UnroutedCall | null;
  readonly #home: HealthCallHome;
  readonly #reader = new MessageReader(MAX_REQUEST_OCTETS);
  readonly #stream: Http2Stream;
  #phase: Phase = 'READING';
  /** When the client gives up. Clock.now(); Infinity for never. */
  #endsAtMs = Number.POSITIVE_INFINITY;
  #received = 0;
  #watched = WHOLE;
  #told: ServingStatus | null = null;

  constructor(stream: Http2Stream, { method, peer, log }: HealthCallOrigin, home: HealthCallHome) {
    this.#method = method;
    this.#stream = stream;
    this.peer = peer;
    this.#log = log;
    this.#home = home;
  }

  /** Begins. Called once, where the request's header section is told. */
  start(fields: FieldList): void {
    const timeoutMs = readTimeoutMs(fields);
    if (timeoutMs === null) {
      this.#refuse('badTimeout');
      return;
    }
    const nowMs = this.#home.clock.now();
    this.#endsAtMs = nowMs + timeoutMs;
    if (this.#stream.isRecvEnded) {
      this.#handle();
    } else {
      this.#home.wheel.add(this, Math.min(this.#endsAtMs, nowMs + REQUEST_TIMEOUT_MS));
    }
  }

  onDownstreamData(octets: Buffer, start: number, end: number): void {
    this.#stream.consume(end - start);
    this.#received += end - start;
    if (this.#phase !== 'READING') {
      return;
    }
    const problem = this.#method === 'status' ? this.#ignore() : this.#reader.add(octets, start, end);
    if (problem !== null) {
      this.#refuse(problem);
    } else if (this.#stream.isRecvEnded) {
      this.#handle();
    }
  }

  onDownstreamTrailers(): void {
    if (this.#phase === 'READING') {
      this.#handle();
    }
  }

  onDownstreamOverLimit(): void {
    this.#fail(LocalReason.HEADERS_TOO_LARGE);
  }

  onDownstreamSent(): void {
    this.tell();
  }

  onDownstreamReset(_code: number, cause: ResetCause): void {
    if (this.#phase !== 'OVER') {
      this.#log?.record.onCancel(cause === ResetCause.CONNECTION);
    }
    this.#leave();
  }

  onDownstreamClosed(): void {
    this.#leave();
    if (this.#log !== null) {
      this.#log.record.requestOctets = this.#received;
      this.#log.end(this.#home.clock.now());
    }
  }

  onDeadline(): void {
    const isTooLate = this.#home.clock.now() >= this.#endsAtMs;
    this.#fail(isTooLate ? LocalReason.DEADLINE : LocalReason.REQUEST_TIMEOUT);
  }

  /** A message that still waits for the client is followed by the last word alone, once it has left: what was in between is never sent. */
  tell(): void {
    if (this.#phase !== 'WATCHING' || this.#stream.queuedOctets > 0) {
      return;
    }
    // health.proto: a Watch of an unknown name stays open, as the name may become known.
    const word = findServingStatus(this.#home.state(), this.#watched) ?? 'SERVICE_UNKNOWN';
    if (word !== this.#told) {
      this.#told = word;
      this.#note(GrpcStatus.OK, this.#home.replies.sendWord(this.#stream, word));
    }
  }

  end(): void {
    this.#fail(LocalReason.DRAINING);
  }

  /** The message of a status path means nothing, and so may be anything that is small. */
  #ignore(): Refusal | null {
    return this.#received > MESSAGE_PREFIX_OCTETS + MAX_REQUEST_OCTETS ? 'tooLarge' : null;
  }

  /** The request is complete. */
  #handle(): void {
    if (this.#method === 'status') {
      this.#answerStatus();
      return;
    }
    const result = this.#reader.finish();
    if (result.kind === 'problem') {
      this.#refuse(result.problem);
      return;
    }
    if (this.#method === 'list') {
      this.#answerList();
      return;
    }
    const service = decodeHealthCheckRequest(result.octets);
    if (service === null) {
      this.#refuse('malformed');
    } else if (this.#method === 'check') {
      this.#answerCheck(service);
    } else {
      this.#watch(service);
    }
  }

  #answerCheck(service: string): void {
    const word = findServingStatus(this.#home.state(), service);
    if (word === null) {
      this.#refuse('unknownService');
      return;
    }
    this.#leave();
    this.#note(GrpcStatus.OK, this.#home.replies.sendCheck(this.#stream, word));
    this.#home.onAnswer(toHttpCode(word));
  }

  #answerList(): void {
    const message = encodeHealthListResponse(listServingStatuses(this.#home.state()));
    if (message.length > MAX_LIST_OCTETS) {
      this.#refuse('tooManyNames');
      return;
    }
    this.#leave();
    this.#note(GrpcStatus.OK, this.#home.replies.sendMessage(this.#stream, message));
    this.#home.onAnswer(200);
  }

  #answerStatus(): void {
    if (findServingStatus(this.#home.state(), WHOLE) !== 'SERVING') {
      this.#refuse('down');
      return;
    }
    this.#leave();
    this.#note(GrpcStatus.OK, this.#home.replies.sendMessage(this.#stream, NO_MESSAGE));
    this.#home.onAnswer(200);
  }

  #watch(service: string): void {
    const { clock, replies, watches, wheel } = this.#home;
    wheel.remove(this);
    if (!watches.add(this)) {
      this.#refuse('tooManyWatches');
      return;
    }
    this.#watched = service;
    this.#phase = 'WATCHING';
    replies.sendHeaders(this.#stream);
    this.tell();
    this.#home.onAnswer(toHttpCode(this.#told ?? 'SERVICE_UNKNOWN'));
    if (watches.isDraining) {
      this.end();
    } else if (this.#endsAtMs !== Number.POSITIVE_INFINITY) {
      wheel.add(this, Math.max(this.#endsAtMs, clock.now()));
    }
  }

  #refuse(refusal: Refusal): void {
    this.#leave();
    const { grpcStatus, httpStatus } = this.#home.replies.refuse(this.#stream, refusal);
    this.#note(grpcStatus, 0);
    this.#home.onAnswer(httpStatus);
  }

  /** Ends the call for a reason that has nothing to do with health. */
  #fail(reason: LocalReason): void {
    if (this.#phase === 'OVER') {
      return;
    }
    const hasHeaders = this.#phase === 'WATCHING';
    this.#leave();
    this.#home.localReplies.send(this.#stream, reason, { isGrpc: true, isHead: false, hasHeaders });
    this.#log?.record.onLocalAnswer(reason, hasHeaders);
    if (!hasHeaders) {
      this.#home.onAnswer(LOCAL_ANSWERS[reason].httpStatus);
    }
  }

  /** What the access log says of the answer. */
  #note(grpcStatus: number, octets: number): void {
    if (this.#log !== null) {
      const { record } = this.#log;
      record.httpStatus = HTTP_OK;
      record.grpcStatus = grpcStatus;
      record.responseOctets += octets;
    }
  }

  /** Nothing more will be answered. */
  #leave(): void {
    this.#phase = 'OVER';
    this.#home.wheel.remove(this);
    this.#home.watches.remove(this);
  }
}

const NO_MESSAGE: Buffer = Buffer.alloc(0);
/** Of every gRPC response. */
const HTTP_OK = 200;
