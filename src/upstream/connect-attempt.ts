import { connect, type IpcNetConnectOpts, type Socket, type TcpNetConnectOpts } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { Endpoint } from '../model/endpoint.ts';
import { sharedReadBuffer } from '../transport/read-buffer.ts';
import { placeOptions } from '../util/either-address.ts';
import { describeSocketError, errorCode } from '../util/socket-reasons.ts';
import { type ConnectFailure, NoConnectionReason } from './stream-handler.ts';
import type { UpstreamConnection } from './upstream-connection.ts';
import type { UpstreamTls } from './upstream-tls.ts';

/** How often the kernel asks a silent endpoint whether it is still there, as no PING is sent by default. Milliseconds. */
const TCP_KEEPALIVE_MS = 60_000;

/** What may be read before TLS has said that it is secured; then reading pauses. Octets. */
const MAX_HEAD_OCTETS = 65_536;

/** Who wants the connection. */
export interface AttemptOwner {
  /** The socket is connected and, with TLS, secured; the owner makes a connection of it and sets `attempt.connection`. */
  onSocket(attempt: ConnectAttempt, socket: Socket): void;
  /** There is no socket. Not called after `cancel`. */
  onAttemptFailed(attempt: ConnectAttempt, failure: ConnectFailure, message: string): void;
}

/**
 * One attempt to connect to an endpoint: TCP or unix socket, then TLS, then the endpoint's first frame. Its owner looks after the deadline.
 *
 *   connecting ──► securing (with TLS) ──► onSocket: starting ──SETTINGS──► done
 */
export class ConnectAttempt {
  readonly endpoint: Endpoint;
  /** When the attempt is given up. Clock.now(). */
  readonly deadlineMs: number;
  /** What the owner has made of the socket; null before. */
  connection: UpstreamConnection | null = null;
  readonly #owner: AttemptOwner;
  readonly #tls: UpstreamTls | null;
  #socket: Socket | null = null;
  #isConnected = false;
  /** What was read before there was a connection to give it to. */
  #head: Buffer | null = null;

  constructor(endpoint: Endpoint, deadlineMs: number, owner: AttemptOwner, tls: UpstreamTls | null) {
    this.endpoint = endpoint;
    this.deadlineMs = deadlineMs;
    this.#owner = owner;
    this.#tls = tls;
  }

  /** What is being waited for, for the message of a timeout. */
  get stage(): string {
    if (this.connection !== null) {
      return 'its first HTTP/2 frame';
    }
    return this.#isConnected ? 'the TLS handshake' : 'the connection';
  }

  /** Begins; the owner never hears from within. */
  start(): void {
    const tls = this.#tls;
    const where = placeOf(this.endpoint);
    // The types do not know it for TLS.
    const reads = { onread: { buffer: sharedReadBuffer(), callback: this.#onRead } };
    const socket =
      tls === null ? connect({ ...where, ...reads }) : connectTls({ ...where, ...reads, ...tls.optionsFor(this.endpoint) });
    this.#socket = socket;
    socket.once('connect', this.#onConnect);
    socket.once('error', this.#onError);
    socket.once('close', this.#onClose);
    if (tls !== null) {
      socket.once('secureConnect', this.#onSecure);
    }
  }

  /** Gives up without a word. */
  cancel(): void {
    if (this.connection !== null) {
      this.connection.destroy();
      return;
    }
    const socket = this.#release();
    socket?.on('error', ignore);
    socket?.destroy();
  }

  /** What has been read so far; the caller makes sure that it comes first. */
  takeHead(): Buffer | null {
    const head = this.#head;
    this.#head = null;
    return head;
  }

  readonly #onRead = (length: number): boolean => {
    if (this.connection !== null) {
      return this.connection.receive(sharedReadBuffer(), length);
    }
    const octets = sharedReadBuffer().subarray(0, length);
    this.#head = this.#head === null ? Buffer.from(octets) : Buffer.concat([this.#head, octets]);
    return this.#head.length < MAX_HEAD_OCTETS;
  };

  readonly #onConnect = (): void => {
    this.#isConnected = true;
    if (this.#tls === null) {
      this.#hand();
    }
  };

  readonly #onSecure = (): void => {
    const socket = this.#socket;
    if (socket === null || !('alpnProtocol' in socket)) {
      return;
    }
    if (socket.alpnProtocol === 'h2') {
      this.#hand();
    } else {
      this.#fail(NoConnectionReason.TLS_FAILED, 'TLS handshake failed: the server does not offer HTTP/2 (ALPN h2)');
    }
  };

  readonly #onError = (error: Error): void => {
    const isTls = this.#tls !== null && this.#isConnected;
    const failure = isTls ? NoConnectionReason.TLS_FAILED : NoConnectionReason.CONNECT_FAILED;
    const message = isTls ? this.#tls.describeFailure(error) : describeSocketError(errorCode(error), error.message);
    this.#fail(failure, message);
  };

  readonly #onClose = (): void => {
    this.#fail(NoConnectionReason.CONNECT_FAILED, 'the endpoint closed the connection');
  };

  #hand(): void {
    const socket = this.#release();
    if (socket !== null) {
      this.#owner.onSocket(this, socket);
    }
  }

  #fail(failure: ConnectFailure, message: string): void {
    if (this.#socket !== null) {
      this.cancel();
      this.#owner.onAttemptFailed(this, failure, message);
    }
  }

  #release(): Socket | null {
    const socket = this.#socket;
    this.#socket = null;
    if (socket !== null) {
      socket.off('connect', this.#onConnect);
      socket.off('secureConnect', this.#onSecure);
      socket.off('error', this.#onError);
      socket.off('close', this.#onClose);
    }
    return socket;
  }
}

function placeOf({ address }: Endpoint): TcpNetConnectOpts | IpcNetConnectOpts {
  return address.kind === 'unix'
    ? { path: address.path }
    : {
        ...placeOptions(address),
        noDelay: true,
        keepAlive: true,
        keepAliveInitialDelay: TCP_KEEPALIVE_MS,
      };
}

function ignore(): void {
  // The socket was given up: nobody waits for its errors.
}
