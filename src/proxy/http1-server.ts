import { createServer, type IncomingMessage, type Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Timer } from '../util/clock.ts';
import { serveHttp1 } from './http1-routing.ts';
import { CountedResponse, watchHttp1Answer } from './http1-unrouted.ts';
import { closingResponse, endWithAnswer } from './linger.ts';
import type { ListenerContext } from './listener-context.ts';
import type { RefusalReason } from './listener-options.ts';
import { LocalReason } from './local-reason.ts';
import { ConnectionActivity, type RequestCounter } from './request-counter.ts';

interface Http1Connection {
  readonly socket: Socket;
  readonly activity: ConnectionActivity;
  /** Why nothing that is routed is for its client; null if it is. */
  readonly denial: LocalReason | null;
  /** In the order of their requests, so the first is the one being sent. */
  readonly responses: Set<ServerResponse>;
  /** The answer to what cannot be parsed; it waits for the responses before it. */
  lastAnswer: string | null;
  /** Runs while content comes that is thrown away, or wanted here. */
  contentTimer: Timer | null;
}

/** What node:http adds to errors of its parser. */
interface ParseError extends NodeJS.ErrnoException {
  /** What was read last. */
  readonly rawPacket?: Buffer;
}

interface Refusal {
  readonly reason: RefusalReason;
  readonly status: string;
  readonly body: string;
}

const BAD_REQUEST: Refusal = { reason: 'badRequest', status: '400 Bad Request', body: 'bad request' };
const TOO_SLOW: Refusal = { reason: 'timeout', status: '408 Request Timeout', body: 'request timeout' };
const REFUSALS: Readonly<Record<string, Refusal>> = {
  ERR_HTTP_REQUEST_TIMEOUT: TOO_SLOW,
  HPE_HEADER_OVERFLOW: { reason: 'limit', status: '431 Request Header Fields Too Large', body: 'header too large' },
  HPE_CHUNK_EXTENSIONS_OVERFLOW: { reason: 'limit', status: '413 Content Too Large', body: 'chunk extensions too large' },
};

/** What llhttp says of a request line. What it says of header sections, read in several parts, tells nothing of the first line. */
const FIRST_LINE_ERRORS: ReadonlySet<string> = new Set([
  'HPE_CR_EXPECTED',
  'HPE_INVALID_CONSTANT',
  'HPE_INVALID_METHOD',
  'HPE_INVALID_URL',
  'HPE_INVALID_VERSION',
  'HPE_LF_EXPECTED',
  'HPE_PAUSED_H2_UPGRADE',
]);

/** Serves HTTP/1.0 and HTTP/1.1 on sockets that a listener hands over; it never listens itself. */
export class Http1Server {
  readonly #context: ListenerContext;
  readonly #counter: RequestCounter;
  readonly #server: Server;
  readonly #connections = new Map<Duplex, Http1Connection>();
  #draining = false;

  constructor(context: ListenerContext, counter: RequestCounter) {
    this.#context = context;
    this.#counter = counter;
    this.#server = createHttpServer(context);
    this.#server.on('request', (request: IncomingMessage, response: ServerResponse) => this.#onRequest(request, response));
    this.#server.on('clientError', (error: ParseError, socket) => this.#onClientError(error, socket));
    this.#server.on('timeout', (socket) => this.#onStall(socket));
    this.#server.on('connect', (_request, socket) => this.#onConnect(socket));
  }

  get connections(): number {
    return this.#connections.size;
  }

  /** Takes over a socket whose first octets are unread. `denial`: why nothing that is routed is for its client; null if it is. */
  accept(socket: Socket, denial: LocalReason | null): void {
    const { clock, idleTimeoutMs } = this.#context;
    const activity = new ConnectionActivity({
      counter: this.#counter,
      clock,
      idleTimeoutMs,
      // Until then the header timeout of node:http runs.
      firstRequestTimeoutMs: idleTimeoutMs,
      onIdle: () => socket.destroy(),
    });
    const connection: Http1Connection = { socket, activity, denial, responses: new Set(), lastAnswer: null, contentTimer: null };
    this.#connections.set(socket, connection);
    socket.once('close', () => {
      this.#connections.delete(socket);
      activity.close();
      connection.contentTimer?.cancel();
    });
    this.#server.emit('connection', socket);
  }

  /** From now on every response says `Connection: close` and is the last of its connection. */
  startDrain(): void {
    this.#draining = true;
    for (const { responses } of this.#connections.values()) {
      for (const response of responses) {
        closeAfter(response);
      }
    }
  }

  /** Ends every connection at once. Idempotent. */
  close(): void {
    for (const { socket } of this.#connections.values()) {
      socket.destroy();
    }
    // Stops the timer that looks for slow requests.
    this.#server.close();
  }

  #onRequest(request: IncomingMessage, response: ServerResponse): void {
    const connection = this.#connections.get(request.socket);
    if (connection === undefined) {
      return;
    }
    this.#track(connection, response);
    const { limits, observer } = this.#context;
    if (connection.responses.size > limits.maxPipelinedRequests) {
      observer.onRefusal('limit', `more than ${limits.maxPipelinedRequests} requests wait on one connection`);
      connection.socket.destroy();
      return;
    }
    if (this.#draining) {
      closeAfter(response);
    }
    if (request.rawHeaders.length / 2 > limits.maxHeaderFields) {
      observer.onRefusal('limit', `more than ${limits.maxHeaderFields} header fields`);
      const answer = { isProbe: false, plan: null, reason: LocalReason.HEADERS_TOO_LARGE };
      watchHttp1Answer(this.#context, request, response, answer);
      closeAfter(response);
      response.statusCode = 431;
      response.end();
      return;
    }
    const isRelayed = serveHttp1(this.#context, request, response, connection.denial);
    if (!isRelayed) {
      this.#limitContent(connection, request);
    } else if (announcesContent(request)) {
      // Before that, the route looks after it: a slow upload may take any time.
      response.once('close', () => this.#limitContent(connection, request));
    }
  }

  /** Content that no route wants, or none any more, has its time. */
  #limitContent(connection: Http1Connection, request: IncomingMessage): void {
    const { clock, limits } = this.#context;
    connection.contentTimer?.cancel();
    connection.contentTimer = null;
    if (announcesContent(request) && !request.complete && !connection.socket.destroyed) {
      const timer = clock.setTimer(limits.requestTimeoutMs, () => this.#onSlowContent(connection, request));
      connection.contentTimer = timer;
      request.once('close', () => timer.cancel());
    }
  }

  #onSlowContent(connection: Http1Connection, request: IncomingMessage): void {
    if (!request.complete && connection.lastAnswer === null) {
      this.#context.observer.onRefusal(TOO_SLOW.reason, 'the content of a request does not end');
      this.#refuse(connection, closingResponse(TOO_SLOW.status, `${TOO_SLOW.body}\n`));
    }
  }

  #track(connection: Http1Connection, response: ServerResponse): void {
    connection.responses.add(response);
    connection.activity.begin();
    response.once('close', () => {
      connection.responses.delete(response);
      connection.activity.end();
      this.#sendLastAnswer(connection);
    });
  }

  /** Called by node:http for what its parser refuses, for requests that are too slow, and for errors of the socket. */
  #onClientError(error: ParseError, socket: Duplex): void {
    const connection = this.#connections.get(socket);
    if (connection === undefined || connection.lastAnswer !== null) {
      return;
    }
    const code = error.code ?? '';
    if (!code.startsWith('HPE_') && code !== 'ERR_HTTP_REQUEST_TIMEOUT') {
      socket.destroy();
      return;
    }
    if (connection.responses.size === 0 && FIRST_LINE_ERRORS.has(code) && isOtherProtocol(error)) {
      // Also a broken HTTP/2 preface, which RFC 9113, section 3.4 wants to end the connection.
      this.#context.observer.onRefusal('garbage', error.message);
      socket.destroy();
      return;
    }
    const { reason, status, body } = REFUSALS[code] ?? BAD_REQUEST;
    this.#context.observer.onRefusal(reason, error.message);
    this.#refuse(connection, closingResponse(status, `${body}\n`));
  }

  /** RFC 9110, section 9.3.6: this is no tunnel. node:http has let go of the socket by now. */
  #onConnect(socket: Duplex): void {
    const connection = this.#connections.get(socket);
    if (connection !== undefined) {
      this.#context.observer.onRefusal('badRequest', 'CONNECT');
      this.#refuse(connection, closingResponse('501 Not Implemented', 'CONNECT is not implemented\n'));
    }
  }

  /** Called by node:http when nothing moved for a while: fine unless a response waits for the peer. */
  #onStall(socket: Socket): void {
    if (socket.writableLength > 0) {
      this.#context.observer.onRefusal('timeout', 'the peer does not take its response');
      socket.destroy();
    }
  }

  #refuse(connection: Http1Connection, answer: string): void {
    connection.lastAnswer = answer;
    this.#sendLastAnswer(connection);
  }

  /** Responses to earlier requests go first; what has begun as a response cannot be followed by half of another. */
  #sendLastAnswer({ socket, responses, lastAnswer }: Http1Connection): void {
    if (lastAnswer !== null && ![...responses].some(isAwaited) && socket.writable) {
      endWithAnswer(socket, lastAnswer, this.#context.clock);
    }
  }
}

function announcesContent({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0';
}

/** Whether there is a response to wait for: not one to a request that has not come in whole, as the connection ends because of it. */
function isAwaited(response: ServerResponse): boolean {
  return response.req.complete || response.headersSent;
}

function createHttpServer({ limits, callObserver }: ListenerContext): Server {
  const responseClass: typeof ServerResponse = callObserver?.onUnroutedEnd === undefined ? ServerResponse : CountedResponse;
  const server = createServer({
    ServerResponse: responseClass,
    // The listener's own idle timer rules both versions; node's would end connections after 5 s.
    keepAliveTimeout: 0,
    headersTimeout: limits.headersTimeoutMs,
    // Content has a time of its own here, as that of relayed requests may take any.
    requestTimeout: 0,
    connectionsCheckingInterval: limits.requestCheckIntervalMs,
    maxHeaderSize: limits.maxHeaderBytes,
    // Some probers send none (RFC 9112, section 3.2 wants one), and nothing here depends on it.
    requireHostHeader: false,
    insecureHTTPParser: false,
  });
  server.maxRequestsPerSocket = 0;
  server.timeout = limits.stallTimeoutMs;
  // One more than is allowed: node drops the rest silently, so this is how the excess shows.
  server.maxHeadersCount = limits.maxHeaderFields + 1;
  // Otherwise a client that closes its side after the request loses an answer that was not ready by then.
  Object.assign(server, { httpAllowHalfOpen: true });
  // Starts the timer behind headersTimeout, which waits for this event.
  server.emit('listening');
  return server;
}

function closeAfter(response: ServerResponse): void {
  if (!response.headersSent) {
    response.setHeader('connection', 'close');
  }
}

/** Whether the first line is whole and names no version of HTTP/1: its sender would not understand an answer. */
function isOtherProtocol({ rawPacket }: ParseError): boolean {
  const lineEnd = rawPacket?.indexOf('\n') ?? -1;
  return rawPacket !== undefined && lineEnd > 0 && !rawPacket.subarray(0, lineEnd).includes('HTTP/1');
}
