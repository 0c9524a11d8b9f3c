// The one file that knows node:http2, so that another engine can take its place.
import {
  constants,
  createServer,
  type Http2Server as NodeHttp2Server,
  performServerHandshake,
  type ServerHttp2Session,
  type ServerHttp2Stream,
  type ServerSessionOptions,
} from 'node:http2';
import type { Socket } from 'node:net';
import { callHandler } from './guarded-handler.ts';
import { destroySoon } from './linger.ts';
import type { ListenerContext } from './listener-options.ts';
import { ConnectionActivity, type RequestCounter } from './request-counter.ts';

interface Http2Connection {
  readonly socket: Socket;
  readonly session: ServerHttp2Session;
  readonly activity: ConnectionActivity;
  hadRequest: boolean;
}

const CONNECTION_WINDOW_BYTES = 1024 * 1024;
/** RFC 9218, section 2.1: SETTINGS_NO_RFC7540_PRIORITIES. */
const NO_RFC7540_PRIORITIES = 0x9;

/** Serves HTTP/2 on sockets that a listener hands over, whatever ALPN said; it never listens itself. */
export class Http2Server {
  readonly #context: ListenerContext;
  readonly #counter: RequestCounter;
  readonly #options: ServerSessionOptions;
  /** Makes compatible requests and responses of streams. */
  readonly #compat: NodeHttp2Server = createServer();
  readonly #connections = new Set<Http2Connection>();
  #draining = false;

  constructor(context: ListenerContext, counter: RequestCounter) {
    this.#context = context;
    this.#counter = counter;
    this.#options = sessionOptions(context);
    this.#compat.on('request', (request, response) => callHandler(context, request, response));
    this.#compat.on('connect', (_request, response) => {
      response.statusCode = 501;
      response.end();
    });
  }

  get connections(): number {
    return this.#connections.size;
  }

  /** Takes over a socket whose first octets are unread. */
  accept(socket: Socket): void {
    const { clock, idleTimeoutMs, limits, observer } = this.#context;
    const session = performServerHandshake(socket, this.#options);
    const activity = new ConnectionActivity({
      counter: this.#counter,
      clock,
      idleTimeoutMs,
      firstRequestTimeoutMs: limits.firstRequestTimeoutMs,
      onIdle: () => {
        session.close();
        destroySoon(socket, clock);
      },
    });
    const connection: Http2Connection = { socket, session, activity, hadRequest: false };
    this.#connections.add(connection);
    const settingsTimer = clock.setTimer(limits.settingsTimeoutMs, () => {
      if (session.pendingSettingsAck) {
        observer.onRefusal('timeout', 'SETTINGS were not acknowledged');
        session.destroy(undefined, constants.NGHTTP2_SETTINGS_TIMEOUT);
      }
    });
    session.setLocalWindowSize(CONNECTION_WINDOW_BYTES);
    session.on('stream', (stream, headers, flags, rawHeaders) => {
      this.#track(connection, stream);
      this.#compat.emit('stream', stream, headers, flags, rawHeaders);
    });
    session.on('error', (error) => observer.onRefusal('http2', error.message));
    socket.once('finish', () => destroySoon(socket, clock));
    // A peer that closed its side may still want the answers to what it asked.
    socket.once('end', () => session.close());
    socket.once('close', () => {
      this.#connections.delete(connection);
      activity.close();
      settingsTimer.cancel();
    });
  }

  /** Tells every peer to leave: now, or with its first request if that is still to come. Streams go on. */
  startDrain(): void {
    this.#draining = true;
    for (const connection of this.#connections) {
      askToLeave(connection);
    }
  }

  /** Ends every connection at once. Idempotent. */
  close(): void {
    for (const { session, socket } of this.#connections) {
      session.destroy();
      socket.destroy();
    }
  }

  #track(connection: Http2Connection, stream: ServerHttp2Stream): void {
    connection.hadRequest = true;
    connection.activity.begin();
    stream.once('close', () => connection.activity.end());
    const { limits, observer } = this.#context;
    stream.setTimeout(limits.stallTimeoutMs, () => {
      if (stream.writableLength > 0) {
        observer.onRefusal('timeout', 'the peer does not take its response');
        stream.close(constants.NGHTTP2_CANCEL);
      }
    });
    if (this.#draining) {
      askToLeave(connection);
    }
  }
}

/**
 * GOAWAY with the last stream that is served; what the peer had under way above it, it may send again elsewhere (RFC 9113,
 * section 6.8). The notice that could come before is of no use here: nghttp2 takes no stream after any GOAWAY it has sent.
 */
function askToLeave({ session, hadRequest }: Http2Connection): void {
  // A peer that was told to leave before it asked anything would only come back, and be told again.
  if (hadRequest) {
    session.close();
  }
}

function sessionOptions({ limits }: ListenerContext): ServerSessionOptions {
  return {
    // Counts pseudo-header fields as well, of which a request has four.
    maxHeaderListPairs: limits.maxHeaderFields + 4,
    maxSettings: 32,
    maxSessionInvalidFrames: 100,
    maxSessionRejectedStreams: 100,
    streamResetBurst: 500,
    streamResetRate: 100,
    settings: {
      headerTableSize: 4096,
      initialWindowSize: 65_535,
      maxConcurrentStreams: limits.maxConcurrentStreams,
      maxFrameSize: 16_384,
      maxHeaderListSize: limits.maxHeaderBytes,
      customSettings: { [NO_RFC7540_PRIORITIES]: 1 },
    },
  };
}
