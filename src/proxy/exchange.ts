import { isGrpcContentType } from '../grpc/content-type.ts';
import { grpcStatusOfReset } from '../grpc/reset-code.ts';
import { GrpcStatus } from '../grpc/status.ts';
import { ErrorCode, type Field, type FieldList, type Http2Stream, NameId, ResetCause } from '../http2/index.ts';
import type { AttemptResults, NoConnectionReason } from '../upstream/stream-handler.ts';
import type { UpstreamConnection } from '../upstream/upstream-connection.ts';
import type { Clock } from '../util/clock.ts';
import type { Random } from '../util/random.ts';
import { RESET_RESULT, resultOfResponse, TIMEOUT_RESULT } from './attempt-result.ts';
import { clientTimeoutMs, DEADLINE_SLACK_MS } from './call-deadline.ts';
import { CallPhase as Phase } from './call-phase.ts';
import { CallRecord, statusOfEnd } from './call-record.ts';
import { CallRetry } from './call-retry.ts';
import { CallTimer } from './call-timer.ts';
import type { DeadlineWheel } from './deadline-wheel.ts';
import type { DownstreamPeer, DownstreamStreamHandler } from './downstream-stream.ts';
import { LOCAL_ANSWERS, LocalReason, reasonOfNoConnection } from './local-reason.ts';
import type { LocalReplies } from './local-replies.ts';
import type { CallObserver } from './observer.ts';
import type { ReplayBudget } from './request-replay.ts';
import { RequestSide } from './request-side.ts';
import type { Http2Route } from './router.ts';
import { type AttemptOwner, UpstreamAttempt } from './upstream-attempt.ts';
import { EndAction, judgeUpstreamEnd, reasonOfUpstreamEnd, toDownstreamCode } from './upstream-end.ts';

/** What an exchange needs of those who have it. */
export interface ExchangeHome {
  readonly clock: Clock;
  readonly random: Random;
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
  /** Whether an attempt was not processed, which is followed by another once, whatever the route says (gRPC A6, "Transparent Retries"). */
  #isRefused = false;
  readonly #request: RequestSide;
  readonly #attempt: UpstreamAttempt;
  readonly #deadline: CallTimer;
  readonly #retry: CallRetry;
  /** While an endpoint is at work, the end of that attempt; while the call waits, the begin of the next one. */
  readonly #attemptTimer: CallTimer;
  readonly #record: CallRecord;
  readonly #home: ExchangeHome;

  constructor(home: ExchangeHome) {
    this.#home = home;
    this.#request = new RequestSide(home.budget);
    this.#attempt = new UpstreamAttempt(this, this.#request);
    this.#deadline = new CallTimer(home.wheel, () => this.#onDeadline());
    this.#retry = new CallRetry(home.random);
    this.#attemptTimer = new CallTimer(home.wheel, () => this.#onAttemptTime());
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
    this.#setEnds(fields, route, nowMs);
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
    if (down.isRecvEnded) {
      this.#timeAttempt();
    }
  }

  onDownstreamTrailers(fields: FieldList): void {
    if (this.#phase !== Phase.OVER) {
      this.#request.receiveTrailers(fields, this.#taker);
      this.#timeAttempt();
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
    this.#timeAttempt();
  }

  onNoAttempt(reason: NoConnectionReason): void {
    this.#fail(this.#isRefused ? LocalReason.REFUSED : reasonOfNoConnection(reason));
  }

  onUpstreamHeaders(fields: FieldList, isEndOfStream: boolean): void {
    const down = this.#down;
    if (down === null || this.#phase !== Phase.OPEN) {
      return;
    }
    this.#results?.onResult(resultOfResponse(fields, this.#record.isGrpc));
    if (isEndOfStream && this.#retry.isOn && this.#repeat(statusOfEnd(fields), fields.get(NameId.GRPC_RETRY_PUSHBACK_MS))) {
      return;
    }
    this.#phase = Phase.RESPONDING;
    this.#commit();
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
    const isRetryable = this.#request.isWhole && !this.#isRefused;
    const hasResponse = this.#phase === Phase.RESPONDING;
    const action = judgeUpstreamEnd(code, cause, { hasResponse, isRetryable });
    if (action === EndAction.RETRY) {
      this.#isRefused = true;
      this.#goOn();
      return;
    }
    const reason = action === EndAction.ANSWER ? reasonOfUpstreamEnd(code, cause) : null;
    const status = reason === null ? grpcStatusOfReset(toDownstreamCode(code)) : LOCAL_ANSWERS[reason].grpcStatus;
    if (!hasResponse && this.#repeat(status, null)) {
      return;
    }
    if (reason !== null) {
      this.#fail(reason);
    } else {
      this.#leaveUpstream();
      this.#record.onReset(toDownstreamCode(code));
      this.#down?.reset(toDownstreamCode(code));
    }
  }

  onUpstreamClosed(): void {
    this.#attempt.stream = null;
    if (this.#phase === Phase.WAITING) {
      if (!this.#attemptTimer.hasDeadline) {
        this.#attempt.beginAgain();
      }
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

  #setEnds(fields: FieldList, { timeoutMs, retry, cluster }: Http2Route, nowMs: number): void {
    const clientMs = this.#record.isGrpc ? clientTimeoutMs(fields) : Number.POSITIVE_INFINITY;
    const routeMs = timeoutMs === 0 ? Number.POSITIVE_INFINITY : timeoutMs;
    this.#isRouteTimeout = routeMs < clientMs;
    const endMs = nowMs + Math.min(clientMs, routeMs);
    if (endMs !== Number.POSITIVE_INFINITY) {
      this.#deadline.set(endMs);
    }
    if (retry !== null && this.#record.isGrpc) {
      this.#retry.begin(retry, cluster.retries, { endMs, clientEndMs: nowMs + clientMs - DEADLINE_SLACK_MS });
    }
  }

  /** The endpoint has the whole request: from now on its time is running, where the route limits it. */
  #timeAttempt(): void {
    const { perTryTimeoutMs } = this.#retry;
    const isTimed = perTryTimeoutMs > 0 && this.#phase === Phase.OPEN && this.#down?.isRecvEnded === true;
    if (isTimed && !this.#attemptTimer.hasDeadline) {
      this.#attemptTimer.set(this.#home.clock.now() + perTryTimeoutMs);
    }
  }

  #onAttemptTime(): void {
    if (this.#phase === Phase.OPEN) {
      this.#results?.onResult(TIMEOUT_RESULT);
      if (!this.#repeat(GrpcStatus.DEADLINE_EXCEEDED, null)) {
        this.#fail(LocalReason.TRY_TIMEOUT);
      }
    } else if (this.#attempt.stream === null) {
      // Else onUpstreamClosed is still to come, and goes on.
      this.#attempt.beginAgain();
    }
  }

  /** Leaves the attempt, which has come to that status, for another one later, if the route has it so. */
  #repeat(status: number, pushback: Field | null): boolean {
    const retry = this.#retry;
    if (!retry.isOn || !this.#request.isWhole) {
      return false;
    }
    const nowMs = this.#home.clock.now();
    const delayMs = retry.plan({ status, pushback, nowMs });
    this.#record.retryDenial = retry.denial;
    if (delayMs < 0) {
      return false;
    }
    retry.mark(this.#request.fields, nowMs + delayMs);
    this.#goOn();
    this.#attemptTimer.set(nowMs + delayMs);
    this.#attempt.leave();
    return true;
  }

  /** Another attempt follows, when the stream of this one is closed: one attempt must not hear of the other's end. */
  #goOn(): void {
    this.#phase = Phase.WAITING;
    this.#attemptTimer.cancel();
    this.#attempt.excluded = this.#record.endpoint;
    this.#record.retries++;
    this.#home.observer?.onRetry(this.#record);
  }

  /** No other attempt follows. */
  #commit(): void {
    this.#request.commit();
    if (this.#retry.isOn) {
      this.#attemptTimer.cancel();
      this.#retry.settle();
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
    this.#commit();
    this.#attempt.leave();
  }

  #recycle(): void {
    if (this.#down === null && this.#attempt.stream === null && this.#phase === Phase.OVER) {
      this.#phase = Phase.IDLE;
      this.#isRefused = false;
      this.#attempt.clear();
      this.#results = null;
      this.#retry.clear();
      this.#request.clear();
      this.#home.give(this);
    }
  }
}
