import type { Socket } from 'node:net';
import { isGrpcContentType } from '../grpc/content-type.ts';
import {
  type AbuseKind,
  type ConnectionError,
  type ConnectionHandler,
  type ConnectionOptions,
  ErrorCode,
  FieldList,
  Http2Connection,
  type Http2Stream,
  NameId,
  type ResetCause,
} from '../http2/index.ts';
import type { ReadSink } from '../transport/adopt-socket.ts';
import { Http2Transport, type TransportOwner } from '../transport/http2-transport.ts';
import type { Turn } from '../transport/turn.ts';
import type { RecordedPlan } from './call-record.ts';
import type { DownstreamPeer, DownstreamStreamHandler } from './downstream-stream.ts';
import { ForwardedHeaders, type ForwardedHeadersOptions } from './forwarded-headers.ts';
import { LocalCall, type LocalCallHome, toLocalRequest } from './local-call.ts';
import { LocalReason } from './local-reason.ts';
import { toPlainAddress } from './plain-address.ts';
import type { Relay } from './relay.ts';
import type { RequestCounter } from './request-counter.ts';
import { toPathname } from './route-match.ts';
import type { Router } from './router.ts';
import { UnroutedCall } from './unrouted-call.ts';

/** What the HTTP/2 connections of a listener share. */
export interface DownstreamHome extends LocalCallHome {
  readonly turn: Turn;
  readonly relay: Relay;
  readonly router: Router;
  readonly counter: RequestCounter;
  readonly forwardedHeaders: ForwardedHeadersOptions;
  /** Whether GET and HEAD of that path, without its query, are answered here whatever is routed. */
  readonly isHealthPath: (pathname: string) => boolean;
  /** Whether peers are to leave. */
  readonly isDraining: boolean;
  onAbuse(kind: AbuseKind): void;
  onConnectionError(error: ConnectionError): void;
  /** The socket is gone: the last word. */
  onGone(connection: DownstreamConnection): void;
}

/** What a listener hands over. */
export interface AcceptedClient {
  /** Its first octets are unread. */
  readonly socket: Socket;
  /** Why nothing that is routed is for this client; null if it is. */
  readonly denial: LocalReason | null;
}

/** What is answered in place of an endpoint. */
interface Reply {
  readonly reason: LocalReason;
  readonly isGrpc: boolean;
  /** The route that would have taken the request; default none. */
  readonly plan?: RecordedPlan | null;
}

/** What GOAWAY says while the listener drains. */
const DRAINING = 'draining';
/** How long streams may go on then: until the listener closes. */
const ANY_TIME_MS = 0;

/** One client connection: it leads each request to the exchange or the local answer that serves it. */
export class DownstreamConnection implements ConnectionHandler, TransportOwner, ReadSink {
  readonly #home: DownstreamHome;
  readonly #peer: DownstreamPeer;
  readonly #connection: Http2Connection;
  readonly #transport: Http2Transport;
  readonly #forwardedHeaders: ForwardedHeaders;
  readonly #denial: LocalReason | null;
  #hadRequest = false;
  #hadAbuse = false;

  /** Takes the socket over. */
  constructor({ socket, denial }: AcceptedClient, home: DownstreamHome, options: Partial<ConnectionOptions>) {
    this.#home = home;
    this.#denial = denial;
    this.#peer = {
      remoteAddress: toPlainAddress(socket.remoteAddress ?? ''),
      remotePort: socket.remotePort,
      isTls: 'encrypted' in socket,
    };
    this.#forwardedHeaders = new ForwardedHeaders(home.forwardedHeaders, this.#peer);
    this.#connection = new Http2Connection('server', this, options);
    this.#transport = new Http2Transport(socket, this.#connection, home.turn, { owner: this, keepsHalfOpen: true });
  }

  /** Begins. Called once; `head` is what has been read from the socket already. */
  start(head: Buffer | null): void {
    this.#transport.start(head);
  }

  /** For ReadSink. */
  receive(octets: Buffer, end: number): boolean {
    return this.#transport.receive(octets, end);
  }

  /**
   * Asks the peer to leave: now, or with its first request. A peer that was told before it asked anything would only come back, and be told
   * again.
   */
  askToLeave(): void {
    if (this.#hadRequest) {
      this.#connection.shutdown(DRAINING, ANY_TIME_MS);
    }
  }

  /** Ends at once, with GOAWAY. */
  abort(): void {
    this.#connection.abort(ErrorCode.NO_ERROR, DRAINING);
  }

  onHeaders(stream: Http2Stream, fields: FieldList): void {
    this.#begin();
    stream.context = this.#serve(stream, fields);
  }

  onHeadersOverLimit(stream: Http2Stream): void {
    const handler = handlerOf(stream);
    if (handler !== null) {
      handler.onDownstreamOverLimit();
      return;
    }
    this.#begin();
    // What would tell a gRPC call is lost; its client knows what 431 means.
    this.#reply(stream, new FieldList(), { reason: LocalReason.HEADERS_TOO_LARGE, isGrpc: false });
  }

  onInterim(): void {
    // Only clients get interim responses.
  }

  onData(stream: Http2Stream, octets: Buffer, start: number, end: number): void {
    const handler = handlerOf(stream);
    if (handler === null) {
      stream.consume(end - start);
    } else {
      handler.onDownstreamData(octets, start, end);
    }
  }

  onTrailers(stream: Http2Stream, fields: FieldList): void {
    handlerOf(stream)?.onDownstreamTrailers(fields);
  }

  onReset(stream: Http2Stream, code: number, cause: ResetCause): void {
    handlerOf(stream)?.onDownstreamReset(code, cause);
  }

  onSent(stream: Http2Stream, octets: number): void {
    handlerOf(stream)?.onDownstreamSent(octets);
  }

  onStreamClosed(stream: Http2Stream): void {
    handlerOf(stream)?.onDownstreamClosed();
    this.#home.counter.end();
  }

  onGoaway(): void {
    // A client that leaves gets the answers that it waits for; the engine ends the connection behind them.
  }

  onCapacity(): void {
    // A server opens no streams.
  }

  onPingAck(): void {
    // Keepalive is the engine's own.
  }

  onOutput(isUrgent: boolean): void {
    this.#transport.onOutput(isUrgent);
  }

  onAnswers(): void {
    this.#transport.onAnswers();
  }

  onAbuse(kind: AbuseKind): void {
    this.#hadAbuse = true;
    this.#home.onAbuse(kind);
  }

  onClose(error: ConnectionError | null): void {
    if (error !== null && error.code !== ErrorCode.NO_ERROR && !this.#hadAbuse) {
      this.#home.onConnectionError(error);
    }
    this.#transport.onClose();
  }

  onTransportClosed(): void {
    this.#home.onGone(this);
  }

  onTransportDefect(error: Error): void {
    this.#home.onLocalError(error);
  }

  /** A request has come. */
  #begin(): void {
    this.#hadRequest = true;
    this.#home.counter.begin();
    if (this.#home.isDraining) {
      this.#connection.shutdown(DRAINING, ANY_TIME_MS);
    }
  }

  /** Decides who serves the request; null when it has been answered already. */
  #serve(stream: Http2Stream, fields: FieldList): DownstreamStreamHandler | null {
    const path = fields.get(NameId.PATH);
    if (path === null) {
      // RFC 9113, section 8.5: only CONNECT has none.
      return this.#reply(stream, fields, { reason: LocalReason.NOT_IMPLEMENTED, isGrpc: false });
    }
    const { relay, router } = this.#home;
    const isProbe = this.#isProbe(fields);
    const route = isProbe ? null : router.find(fields);
    if (route === null) {
      return isGrpcRequest(fields)
        ? this.#reply(stream, fields, { reason: LocalReason.NO_ROUTE, isGrpc: true })
        : this.#answer(stream, fields, isProbe);
    }
    if (route.kind === 'local') {
      return route.onStream(stream, fields, { peer: this.#peer, log: this.#watch(fields, true) });
    }
    if (this.#denial !== null) {
      return this.#reply(stream, fields, { reason: this.#denial, isGrpc: isGrpcRequest(fields), plan: route });
    }
    if (route.kind === 'http1') {
      return route.onStream(stream, fields, this.#peer);
    }
    this.#forwardedHeaders.apply(fields);
    const exchange = relay.take();
    exchange.start(stream, fields, route, this.#peer);
    return exchange;
  }

  #isProbe(fields: FieldList): boolean {
    const method = fields.get(NameId.METHOD)?.valueText();
    return (
      (method === 'GET' || method === 'HEAD') && this.#home.isHealthPath(toPathname(fields.get(NameId.PATH)?.valueText() ?? ''))
    );
  }

  #answer(stream: Http2Stream, fields: FieldList, isProbe: boolean): LocalCall {
    const call = new LocalCall(stream, toLocalRequest(fields, this.#peer), this.#home, this.#watch(fields, isProbe));
    call.start();
    return call;
  }

  #reply(stream: Http2Stream, fields: FieldList, { reason, isGrpc, plan = null }: Reply): null {
    this.#home.relay.observer?.onLocalReply(reason);
    const isHead = fields.get(NameId.METHOD)?.valueText() === 'HEAD';
    this.#home.replies.send(stream, reason, { isGrpc, isHead, hasHeaders: false });
    const call = this.#watch(fields, false, plan);
    if (call !== null) {
      call.record.isGrpc = isGrpc;
      call.record.onLocalAnswer(reason, false);
      call.end(this.#home.clock.now());
    }
    return null;
  }

  /** For a request that does not become a call; null if nobody wants to know. */
  #watch(fields: FieldList, isProbe: boolean, plan: RecordedPlan | null = null): UnroutedCall | null {
    const { clock, relay } = this.#home;
    if (relay.observer?.onUnroutedEnd === undefined) {
      return null;
    }
    const { remoteAddress, remotePort } = this.#peer;
    const request = { fields: fields.retain(), protocol: 'HTTP/2', remoteAddress, remotePort, isProbe, plan } as const;
    return new UnroutedCall(relay.observer, request, clock.now());
  }
}

/** `onHeaders` is the only place that sets the context of a server's stream. */
function handlerOf(stream: Http2Stream): DownstreamStreamHandler | null {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- an interface cannot be tested for, and this is once per event
  return stream.context as DownstreamStreamHandler | null;
}

function isGrpcRequest(fields: FieldList): boolean {
  return isGrpcContentType(fields.get(NameId.CONTENT_TYPE)?.valueText() ?? '');
}
