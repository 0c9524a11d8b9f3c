import { isGrpcContentType } from '../grpc/content-type.ts';
import { ErrorCode, type FieldList, type Http2Stream, NameId, ResetCause } from '../http2/index.ts';
import type { AttemptResults, NoConnectionReason } from '../upstream/stream-handler.ts';
import type { UpstreamConnection } from '../upstream/upstream-connection.ts';
import type { Clock } from '../util/clock.ts';
import { RESET_RESULT, resultOfResponse, TIMEOUT_RESULT } from './attempt-result.ts';
import { clientTimeoutMs } from './call-deadline.ts';
import { CallRecord } from './call-record.ts';
import { CallTimer } from './call-timer.ts';
import type { DeadlineWheel } from './deadline-wheel.ts';
import type { DownstreamPeer, DownstreamStreamHandler } from './downstream-stream.ts';
import { LocalReason, reasonOfNoConnection } from './local-reason.ts';
import type { LocalReplies } from './local-replies.ts';
import type { CallObserver } from './observer.ts';
import type { ReplayBudget } from './request-replay.ts';
import { RequestSide } from './request-side.ts';
import type { Http2Route } from './router.ts';
import { type AttemptOwner, UpstreamAttempt } from './upstream-attempt.ts';
import { EndAction, judgeUpstreamEnd, reasonOfUpstreamEnd, toDownstreamCode } from './upstream-end.ts';

/** Attempts after one that was refused without having been processed (gRPC A6, "Transparent Retries"). */
const MAX_TRANSPARENT_RETRIES = 1;

/**
 * How far the call is.
 *
 *   IDLE ──request──► WAITING ──connection──► OPEN ──response headers──► RESPONDING ──response complete──► OVER ──both streams gone──► IDLE
 *                        ▲                     │                                                            ▲
 *                        └────not processed────┘         error, reset, deadline, local answer ──────────────┘
 */
const Phase = { IDLE: 0, WAITING: 1, OPEN: 2, RESPONDING: 3, OVER: 4 } as const;
type Phase = (typeof Phase)[keyof typeof Phase];

/** What an exchange needs of those who have it. */
export interface ExchangeHome {
  readonly clock: Clock;
  readonly wheel: DeadlineWheel;
  readonly replies: LocalReplies;
  readonly observer: CallObserver | null;
  readonly budget: ReplayBudget;
  /** The exchange's streams are gone: it may be used again. */
  give(exchange: Exchange): void;
}

/**
 * One downstream stream paired with one upstream stream. Credit is given hop by hop (RFC 9113, section 5.2.1): content is consumed on one side
 * as it leaves on the other. Objects are used again, and nothing is allocated for a call or a frame.
 */
export class Exchange implements DownstreamStreamHandler, AttemptOwner {
  /** Its place among those of its home, which alone writes it. */
  liveIndex = 0;
  #phase: Phase = Phase.IDLE;
  #down: Http2Stream | null = null;
  /** Where the attempt is counted; null where nobody counts. */
  #results: AttemptResults | null = null;
  /** Whether the deadline is the route's, not the client's. */
  #isRouteTimeout = false;
  readonly #request: RequestSide;
  readonly #attempt: UpstreamAttempt;
  readonly #deadline: CallTimer;
  readonly #record: CallRecord;
  readonly #home: ExchangeHome;

  constructor(home: ExchangeHome) {
    this.#home = home;
    this.#request = new RequestSide(home.budget);
    this.#attempt = new UpstreamAttempt(this, this.#request);
    this.#deadline = new CallTimer(home.wheel, () => this.#onDeadline());
    this.#record = new CallRecord(this.#request.fields, home.observer?.wantsResponseFields === true);
  }

  /** A request has come. What the list holds, which is taken from it, is what goes upstream. */
  start(down: Http2Stream, fields: FieldList, route: Http2Route, peer: DownstreamPeer): void {
    const { clock, observer } = this.#home;
    const nowMs = clock.now();
    const record = this.#record;
    this.#down = down;
    record.begin(route, peer.remoteAddress, nowMs);
    record.remotePort = peer.remotePort ?? 0;
    record.isGrpc = isGrpcContentType(fields.get(NameId.CONTENT_TYPE)?.valueText() ?? '');
    this.#attempt.subset = route.subset ?? null;
    this.#attempt.hash = route.cluster.requestHash?.of(fields, peer.remoteAddress) ?? 0;
    this.#setDeadline(fields, route.timeoutMs, nowMs);
    this.#request.begin(fields, down.isRecvEnded);
    this.#phase = Phase.WAITING;
    observer?.onCallStart(record);
    this.#attempt.begin(route.cluster);
  }

  /** Ends the call as the listener ends. */
  abandon(): void {
    this.#fail(LocalReason.DRAINING);
  }

  onDownstreamData(octets: Buffer, start: number, end: number): void {
    const down = this.#down;
    this.#record.requestOctets += end - start;
    if (down === null || this.#phase === Phase.OVER) {
      down?.consume(end - start);
      return;
    }
    this.#request.receive(octets, start, end, down, this.#taker);
  }

  onDownstreamTrailers(fields: FieldList): void {
    if (this.#phase !== Phase.OVER) {
      this.#request.receiveTrailers(fields, this.#taker);
    }
  }

  onDownstreamOverLimit(): void {
    this.#fail(LocalReason.HEADERS_TOO_LARGE);
  }

  onDownstreamSent(octets: number): void {
    this.#attempt.stream?.consume(octets);
  }

  onDownstreamReset(_code: number, cause: ResetCause): void {
    if (this.#phase !== Phase.OVER) {
      this.#record.onCancel(cause === ResetCause.CONNECTION);
      this.#leaveUpstream();
    }
  }

  onDownstreamClosed(): void {
    if (this.#phase !== Phase.OVER) {
      this.onDownstreamReset(ErrorCode.CANCEL, ResetCause.CONNECTION);
    }
    const { clock, observer } = this.#home;
    this.#down = null;
    if (observer !== null) {
      this.#record.durationMs = clock.now() - this.#record.startedAtMs;
      observer.onCallEnd(this.#record);
    }
    this.#recycle();
  }

  onAttempt(stream: Http2Stream, { endpoint, results }: UpstreamConnection): void {
    this.#results = results;
    this.#phase = Phase.OPEN;
    this.#record.endpoint = endpoint;
    if (!this.#request.isBare) {
      this.#request.sendTo(stream, this.#down);
    }
  }

  onNoAttempt(reason: NoConnectionReason): void {
    this.#fail(this.#record.retries > 0 ? LocalReason.REFUSED : reasonOfNoConnection(reason));
  }

  onUpstreamHeaders(fields: FieldList, isEndOfStream: boolean): void {
    const down = this.#down;
    if (down === null || this.#phase !== Phase.OPEN) {
      return;
    }
    this.#results?.onResult(resultOfResponse(fields, this.#record.isGrpc));
    this.#phase = Phase.RESPONDING;
    this.#request.commit();
    this.#record.isRequestWhole = down.isRecvEnded;
    this.#record.onHeaders(fields, this.#home.observer === null ? 0 : this.#home.clock.now());
    down.sendHeaders(fields, isEndOfStream);
    if (isEndOfStream) {
      this.#complete(down, fields);
    }
  }

  onUpstreamInterim(fields: FieldList): void {
    if (this.#phase === Phase.OPEN) {
      this.#down?.sendInterim(fields);
    }
  }

  onUpstreamHeadersOverLimit(): void {
    if (this.#isUnderWay) {
      this.#results?.onResult(RESET_RESULT);
    }
    this.#fail(LocalReason.UPSTREAM_HEADERS_TOO_LARGE);
  }

  onUpstreamData(octets: Buffer, start: number, end: number): void {
    const up = this.#attempt.stream;
    const down = this.#down;
    if (up === null || down === null || this.#phase !== Phase.RESPONDING) {
      up?.consume(end - start);
      return;
    }
    const isEnd = up.isRecvEnded;
    this.#record.responseOctets += end - start;
    up.consume(down.sendData(octets, start, end, isEnd));
    if (isEnd) {
      this.#complete(down, null);
    }
  }

  onUpstreamTrailers(fields: FieldList): void {
    const down = this.#down;
    if (down !== null && this.#phase === Phase.RESPONDING) {
      this.#record.keepTrailers(fields);
      down.sendTrailers(fields);
      this.#complete(down, fields);
    }
  }

  onUpstreamSent(octets: number): void {
    this.#request.credit(octets, this.#down);
  }

  onUpstreamReset(code: number, cause: ResetCause): void {
    if (!this.#isUnderWay) {
      return;
    }
    this.#results?.onResult(RESET_RESULT);
    const isRetryable = this.#request.isWhole && this.#record.retries < MAX_TRANSPARENT_RETRIES;
    const hasResponse = this.#phase === Phase.RESPONDING;
    const action = judgeUpstreamEnd(code, cause, { hasResponse, isRetryable });
    if (action === EndAction.RETRY) {
      // Goes on in onUpstreamClosed, as one attempt must not hear of the other's end.
      this.#phase = Phase.WAITING;
      this.#attempt.excluded = this.#record.endpoint;
      this.#record.retries++;
      this.#home.observer?.onRetry(this.#record);
    } else if (action === EndAction.ANSWER) {
      this.#fail(reasonOfUpstreamEnd(code, cause));
    } else {
      this.#leaveUpstream();
      this.#record.onReset(toDownstreamCode(code));
      this.#down?.reset(toDownstreamCode(code));
    }
  }

  onUpstreamClosed(): void {
    this.#attempt.stream = null;
    if (this.#phase === Phase.WAITING) {
      this.#attempt.beginAgain();
    } else {
      this.#recycle();
    }
  }

  /** Whether an endpoint is at work on the call. */
  get #isUnderWay(): boolean {
    return this.#phase === Phase.OPEN || this.#phase === Phase.RESPONDING;
  }

  /** The upstream stream that takes the request; null while there is none, or only one that refused it and is not gone yet. */
  get #taker(): Http2Stream | null {
    return this.#phase === Phase.WAITING ? null : this.#attempt.stream;
  }

  #setDeadline(fields: FieldList, routeTimeoutMs: number, nowMs: number): void {
    const clientMs = this.#record.isGrpc ? clientTimeoutMs(fields) : Number.POSITIVE_INFINITY;
    const routeMs = routeTimeoutMs === 0 ? Number.POSITIVE_INFINITY : routeTimeoutMs;
    this.#isRouteTimeout = routeMs < clientMs;
    const timeoutMs = Math.min(clientMs, routeMs);
    if (timeoutMs !== Number.POSITIVE_INFINITY) {
      this.#deadline.set(nowMs + timeoutMs);
    }
  }

  #onDeadline(): void {
    if (this.#isRouteTimeout && this.#phase === Phase.OPEN) {
      // The client's own deadline says nothing of the endpoint: it may be as short as it likes.
      this.#results?.onResult(TIMEOUT_RESULT);
    }
    this.#fail(this.#isRouteTimeout ? LocalReason.ROUTE_TIMEOUT : LocalReason.DEADLINE);
  }

  /** The whole response is on its way. The rest of the request, if there is any, is of no use (RFC 9113, section 8.1). */
  #complete(down: Http2Stream, last: FieldList | null): void {
    this.#record.onResponseEnd(last);
    this.#leaveUpstream();
    if (!down.isRecvEnded) {
      down.stopReceiving();
    }
  }

  /** Answers the client here, or ends what has been answered so far. */
  #fail(reason: LocalReason): void {
    if (this.#phase === Phase.IDLE || this.#phase === Phase.OVER) {
      return;
    }
    const hasHeaders = this.#phase === Phase.RESPONDING;
    this.#leaveUpstream();
    this.#record.onLocalAnswer(reason, hasHeaders);
    this.#home.observer?.onLocalReply(reason);
    if (this.#down !== null) {
      const isHead = this.#request.fields.get(NameId.METHOD)?.valueText() === 'HEAD';
      this.#home.replies.send(this.#down, reason, { isGrpc: this.#record.isGrpc, isHead, hasHeaders });
    }
  }

  /** Nothing more is wanted of the endpoint. */
  #leaveUpstream(): void {
    this.#phase = Phase.OVER;
    this.#deadline.cancel();
    this.#request.commit();
    this.#attempt.leave();
  }

  #recycle(): void {
    if (this.#down === null && this.#attempt.stream === null && this.#phase === Phase.OVER) {
      this.#phase = Phase.IDLE;
      this.#attempt.clear();
      this.#results = null;
      this.#request.clear();
      this.#home.give(this);
    }
  }
}
