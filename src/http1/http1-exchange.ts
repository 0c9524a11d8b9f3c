import type { Dispatcher } from 'undici';
import type { Endpoint } from '../model/endpoint.ts';
import { resultOfLocalReason } from '../proxy/attempt-result.ts';
import { LocalReason, reasonOfNoConnection } from '../proxy/local-reason.ts';
import { type ConnectFailure, NoConnectionReason } from '../upstream/stream-handler.ts';
import type { Timer } from '../util/clock.ts';
import { ConnectError } from './connector.ts';
import { ContentWatch } from './content-watch.ts';
import type { EndpointClient } from './endpoint-client.ts';
import type { ExchangeOptions, HeldExchange, Http1Subset } from './exchange-home.ts';
import { reasonOfFailure } from './failure.ts';
import { removeConnectionFields, toRawFields, toTrailers } from './fields.ts';
import { MAX_INTERIM_RESPONSES, MAX_RESPONSE_FIELDS } from './options.ts';
import { hasNoContent, toResponseFields } from './response-fields.ts';

/** A connection that was given may be lost before the request is on it: so often another is asked for. */
const MAX_ACQUISITIONS = 8;

/**
 * How far the exchange is.
 *
 *   WAITING ──client──► STARTING ──request on the socket──► OPEN ──response headers──► RESPONDING ──response complete──► OVER
 *      ▲                   │                                 │                                                           ▲
 *      └──never connected──┘         error, timeout, client gone, local answer ──────────────────────────────────────────┘
 */
const Phase = { WAITING: 0, STARTING: 1, OPEN: 2, RESPONDING: 3, OVER: 4 } as const;
type Phase = (typeof Phase)[keyof typeof Phase];

/**
 * One request on its way to an endpoint, and its response. A request that never got onto a socket goes to another endpoint; nothing else is
 * tried again. Content is read from one side as the other takes it.
 */
export class Http1Exchange implements Dispatcher.DispatchHandler, HeldExchange {
  readonly tried = new Set<string>();
  readonly excluded = null;
  readonly hash: number;
  readonly subset: Http1Subset | null;
  readonly #options: ExchangeOptions;
  #phase: Phase = Phase.WAITING;
  #client: EndpointClient | null = null;
  #controller: Dispatcher.DispatchController | null = null;
  #acquisitions = 0;
  #interims = 0;
  #lastFailure: ConnectFailure | null = null;
  /** Whether the client has the whole response, though its end has not come from the endpoint. */
  #isAnswered = false;
  #routeTimer: Timer | null = null;
  #waitTimer: Timer | null = null;
  #contentWatch: ContentWatch | null = null;

  constructor(options: ExchangeOptions) {
    this.#options = options;
    this.hash = options.hash;
    this.subset = options.subset;
  }

  /** Begins; the downstream side may hear from within. Called once. */
  start(): void {
    const { home, timeoutMs } = this.#options;
    home.add(this);
    if (timeoutMs > 0) {
      this.#routeTimer = home.clock.setTimer(timeoutMs, () => this.#fail(LocalReason.ROUTE_TIMEOUT));
    }
    this.#acquire();
  }

  /** A connection may be had now. */
  onPlace(): void {
    if (this.#phase === Phase.WAITING) {
      this.#acquire();
    }
  }

  /** Ends the exchange as its cluster closes. */
  abandon(): void {
    this.#fail(LocalReason.DRAINING);
  }

  /** The request cannot be understood to its end. */
  refuse(reason: LocalReason): void {
    this.#fail(reason);
  }

  /** The client takes content again. */
  onDownstreamReady(): void {
    if (this.#phase === Phase.RESPONDING && this.#controller?.paused === true) {
      this.#controller.resume();
    }
  }

  /** Content has come from the client. */
  onDownstreamData(octets: number): void {
    this.#contentWatch?.onProgress();
    this.#options.log?.onRequestData(octets);
  }

  /** The client is gone, has ended the request alone (`isReset`), or has all of its answer: the last word. Called once. */
  onDownstreamClosed(isReset = false): void {
    if (this.#phase !== Phase.OVER) {
      if (!this.#isAnswered) {
        this.#options.log?.onCancel(!isReset);
      }
      this.#leave(new Error('the client is gone'));
    }
    this.#options.log?.onEnd();
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    const { home, log } = this.#options;
    const client = this.#client;
    if (this.#phase !== Phase.STARTING || client === null) {
      controller.abort(new Error('nobody waits for the response'));
      return;
    }
    this.#controller = controller;
    this.#phase = Phase.OPEN;
    this.#stopWaiting();
    this.#watchContent();
    log?.onAttempt(client.endpoint);
    home.onStarted(this, client);
  }

  onBodySent(chunk: Uint8Array): void {
    if (this.#phase !== Phase.OVER) {
      this.#contentWatch?.onProgress();
      this.#options.down.onBodyTaken(chunk.byteLength);
    }
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number): void {
    if (this.#phase !== Phase.OPEN) {
      return;
    }
    const received = toRawFields(controller.rawHeaders);
    if (status < 200) {
      this.#onInterim(status, received);
      return;
    }
    const { home, request, down, log } = this.#options;
    const result = toResponseFields(received, home.clock.wallNow());
    if (result.kind === 'refused') {
      this.#fail(result.reason);
      return;
    }
    if (this.#client !== null) {
      home.onResult(this.#client, status);
    }
    this.#phase = Phase.RESPONDING;
    this.#isAnswered = hasNoContent(request.method, status, result.fields);
    log?.onHeaders(status, result.fields, request.body?.isFinished ?? true);
    down.sendHeaders(status, result.fields, this.#isAnswered);
  }

  onResponseData(controller: Dispatcher.DispatchController, octets: Buffer): void {
    if (this.#phase === Phase.RESPONDING && !this.#isAnswered) {
      this.#contentWatch?.onProgress();
      this.#options.log?.onResponseData(octets.length);
      if (!this.#options.down.sendData(octets)) {
        controller.pause();
      }
    }
  }

  onResponseEnd(controller: Dispatcher.DispatchController): void {
    if (this.#phase !== Phase.RESPONDING) {
      return;
    }
    const trailers = toRawFields(controller.rawTrailers);
    if (trailers.length > 2 * MAX_RESPONSE_FIELDS) {
      this.#fail(LocalReason.UPSTREAM_HEADERS_TOO_LARGE);
      return;
    }
    const { home, down, log } = this.#options;
    const client = this.#client;
    const isAnswered = this.#isAnswered;
    log?.onTrailers(trailers);
    log?.onResponseEnd();
    this.#finish();
    if (!isAnswered) {
      down.sendEnd(toTrailers(trailers));
    }
    down.dropRequest();
    if (client !== null) {
      // undici is in the middle of its work; a request that came to it now would not be checked for octets that nobody asked for.
      queueMicrotask(() => home.give(client));
    }
  }

  onResponseError(_controller: Dispatcher.DispatchController | null, error: Error): void {
    if (this.#phase === Phase.OVER) {
      return;
    }
    const reason = reasonOfFailure(error);
    if (this.#phase === Phase.STARTING) {
      this.#onNotStarted(error, reason);
      return;
    }
    if (reason === LocalReason.INTERNAL) {
      this.#options.home.onDefect(error);
    }
    this.#fail(reason);
  }

  #acquire(): void {
    const { home } = this.#options;
    const acquired = home.acquire(this);
    if (acquired.kind === 'none') {
      this.#fail(reasonOfNoConnection(this.#lastFailure ?? acquired.reason));
      return;
    }
    if (acquired.kind === 'client') {
      this.#acquisitions++;
      this.#client = acquired.client;
      this.#phase = Phase.STARTING;
    }
    if (this.#client?.isConnected !== true) {
      this.#waitTimer ??= home.clock.setTimer(home.maxWaitMs, () => this.#onWaitedTooLong());
    }
    if (acquired.kind === 'client') {
      acquired.client.send(this.#toDispatch(acquired.client.endpoint), this);
    }
  }

  #toDispatch(endpoint: Endpoint): Dispatcher.DispatchOptions {
    const { method, path, authority, fields, contentLength, body } = this.#options.request;
    const headers = ['host', authority ?? defaultAuthority(endpoint), ...fields];
    if (contentLength !== null) {
      headers.push('content-length', String(contentLength));
    }
    return { method, path, headers, body };
  }

  /** Nothing has been sent, so that the request may go elsewhere. */
  #onNotStarted(error: Error, reason: LocalReason): void {
    const { home, log } = this.#options;
    const client = this.#client;
    this.#client = null;
    this.#phase = Phase.WAITING;
    if (reason === LocalReason.BAD_REQUEST) {
      // undici does not send such a request, and there is nothing wrong with the connection.
      this.#fail(reason);
      if (client !== null) {
        home.give(client);
      }
      return;
    }
    if (client !== null) {
      if (error instanceof ConnectError) {
        this.tried.add(client.endpoint.key);
        this.#lastFailure = error.failure;
        home.onConnectFailed(client, error.failure);
      }
      home.discard(client);
    }
    if (this.#acquisitions >= MAX_ACQUISITIONS) {
      this.#fail(reasonOfNoConnection(this.#lastFailure ?? NoConnectionReason.CONNECT_FAILED));
      return;
    }
    log?.onRetry();
    this.#acquire();
  }

  #onInterim(status: number, received: readonly string[]): void {
    this.#interims++;
    if (status < 102 || this.#interims > MAX_INTERIM_RESPONSES || received.length > 2 * MAX_RESPONSE_FIELDS) {
      this.#fail(LocalReason.UPSTREAM_PROTOCOL);
      return;
    }
    this.#options.down.sendInterim(status, removeConnectionFields(received, ['content-length']));
  }

  #watchContent(): void {
    const { home, request } = this.#options;
    if (request.body !== null) {
      this.#contentWatch = new ContentWatch({
        clock: home.clock,
        timeoutMs: home.contentTimeoutMs,
        body: request.body,
        onStall: (reason) => this.#fail(reason),
      });
    }
  }

  #onWaitedTooLong(): void {
    const isQueued = this.#phase === Phase.WAITING;
    this.#fail(isQueued ? LocalReason.QUEUE_TIMEOUT : LocalReason.CONNECT_TIMEOUT);
  }

  /** The endpoint's part is over; the client is told. */
  #fail(reason: LocalReason): void {
    if (this.#phase === Phase.OVER) {
      return;
    }
    const { home, down, log } = this.#options;
    const hasHeaders = this.#phase === Phase.RESPONDING;
    const isAnswered = this.#isAnswered;
    const result = isAnswered ? 0 : resultOfLocalReason(reason, hasHeaders);
    if (this.#client !== null && result !== 0) {
      home.onResult(this.#client, result);
    }
    this.#leave(new Error(`the exchange has failed: ${reason}`));
    if (!isAnswered) {
      log?.onLocalAnswer(reason, hasHeaders);
      down.fail(reason);
    }
    down.dropRequest();
  }

  /** Lets go of the endpoint in the middle of things. */
  #leave(error: Error): void {
    const { home } = this.#options;
    const client = this.#client;
    const controller = this.#controller;
    this.#finish();
    controller?.abort(error);
    if (client !== null) {
      home.discard(client);
    }
  }

  #finish(): void {
    this.#phase = Phase.OVER;
    this.#routeTimer?.cancel();
    this.#routeTimer = null;
    this.#contentWatch?.close();
    this.#stopWaiting();
    this.#client = null;
    this.#controller = null;
    this.#options.home.remove(this);
  }

  #stopWaiting(): void {
    this.#waitTimer?.cancel();
    this.#waitTimer = null;
  }
}

/** For a request that names no host, which only HTTP/1.0 allows: RFC 9112, section 3.2, wants one. */
function defaultAuthority({ address, hostname, key }: Endpoint): string {
  if (address.kind === 'unix') {
    return 'localhost';
  }
  return hostname === null ? key : `${hostname}:${address.port}`;
}
