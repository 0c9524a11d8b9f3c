import type { Socket } from 'node:net';
import { type Channel, connectivityState } from '@grpc/grpc-js';
import type { Address } from '../model/address.ts';
import { type HealthCall, type HealthCallHandler, type HealthCallRequest, startHealthCall } from './grpc-call.ts';
import { createGrpcChannel } from './grpc-channel.ts';
import { connectTls, secured, type TlsTarget } from './tls-connect.ts';

/** Where and as whom to connect. */
export interface GrpcTarget {
  readonly address: Address;
  readonly authority: string;
  readonly userAgent: string;
  /** Null is cleartext with prior knowledge. */
  readonly tls: TlsTarget | null;
}

/** How far connecting got; `ready` once the server's SETTINGS came in. */
export type ConnectStage = 'tcp' | 'tls' | 'http2' | 'ready';

/** What is known of a connection, to explain why it or a call on it failed. */
export interface ConnectionFacts {
  readonly stage: ConnectStage;
  /** It did not become ready within this many milliseconds, and was given up; null if that is not why it is gone. */
  readonly connectTimeoutMs: number | null;
  /** It is gone, or going. */
  readonly lost: boolean;
  /** The first error of the socket or of TLS. */
  readonly error: Error | null;
  /** What came in before it failed, in octets of the application's. */
  readonly bytesRead: number;
  readonly secure: boolean;
  readonly clientCertificate: boolean;
}

/**
 * One connection to one endpoint, which never connects again: whoever needs a new connection makes a new object.
 *
 *   connecting ──SETTINGS──► ready ──GOAWAY──► draining ──► closed
 *        └──────── failure, close ─┴───────────────────────────┘
 */
export type ConnectionState = 'connecting' | 'ready' | 'draining' | 'closed';

/** A gRPC connection for health checks, on grpc-js, with the socket under our own control. */
export class GrpcConnection {
  readonly #channel: Channel;
  readonly #abort = new AbortController();
  readonly #onStateChange: (state: ConnectionState) => void;
  readonly #tls: TlsTarget | null;
  readonly #closed = Promise.withResolvers<void>();
  #state: ConnectionState = 'connecting';
  #stage: ConnectStage = 'tcp';
  #connectTimeoutMs: number | null = null;
  #error: Error | null = null;
  #socket: Socket | null = null;

  /** Starts to connect at once. `onStateChange` tells every state that is entered. */
  constructor(target: GrpcTarget, onStateChange: (state: ConnectionState) => void) {
    this.#onStateChange = onStateChange;
    this.#tls = target.tls;
    this.#channel = createGrpcChannel({
      ...target,
      isSecure: target.tls !== null,
      secure: (socket) => this.#secure(socket),
      signal: this.#abort.signal,
    });
    this.#channel.getConnectivityState(true);
    this.#watchChannel(connectivityState.IDLE);
  }

  get state(): ConnectionState {
    return this.#state;
  }

  get facts(): ConnectionFacts {
    return {
      stage: this.#stage,
      connectTimeoutMs: this.#connectTimeoutMs,
      lost: this.#state === 'closed' || this.#state === 'draining' || this.#socket?.destroyed === true,
      error: this.#error,
      bytesRead: this.#socket?.bytesRead ?? 0,
      secure: this.#tls !== null,
      clientCertificate: this.#tls?.clientCertificate === true,
    };
  }

  /** Resolves once the socket is gone. */
  get closed(): Promise<void> {
    return this.#closed.promise;
  }

  /** Starts a call; it waits for the connection. The handler is never called before this returns. */
  call(request: HealthCallRequest, handler: HealthCallHandler): HealthCall {
    return startHealthCall(this.#channel, request, handler);
  }

  /** Gives up connecting, after so many milliseconds; calls that wait end UNAVAILABLE. */
  timeOutConnecting(afterMs: number): void {
    if (this.#state === 'connecting') {
      this.#connectTimeoutMs = afterMs;
      this.close();
    }
  }

  /** Ends every call and the connection. May be called again. */
  close(): void {
    if (this.#state === 'closed') {
      return;
    }
    this.#enter('closed');
    this.#channel.close();
    if (this.#socket === null) {
      this.#abort.abort();
      this.#closed.resolve();
    } else {
      // One turn later, so that the GOAWAY of a working connection is on its way.
      const socket = this.#socket;
      setImmediate(() => socket.destroy());
    }
  }

  /** Takes over the socket that grpc-js connected, and puts TLS on it. */
  async #secure(raw: Socket): Promise<Socket> {
    raw.on('error', (error) => this.#recordError(error));
    if (this.#state === 'closed') {
      raw.destroy();
      throw new Error('closed while connecting');
    }
    if (this.#tls === null) {
      this.#adopt(raw, raw);
    } else {
      this.#stage = 'tls';
      const socket = connectTls(raw, this.#tls, 'h2');
      socket.on('error', (error) => this.#recordError(error));
      this.#adopt(raw, socket);
      await secured(socket);
    }
    this.#stage = 'http2';
    return this.#socket ?? raw;
  }

  #adopt(raw: Socket, socket: Socket): void {
    this.#socket = socket;
    raw.once('close', () => {
      socket.destroy();
      this.#closed.resolve();
      if (this.#state === 'draining') {
        this.close();
      }
    });
  }

  #recordError(error: Error): void {
    this.#error ??= error;
  }

  #watchChannel(from: connectivityState): void {
    const channel = this.#channel;
    channel.watchConnectivityState(from, Number.POSITIVE_INFINITY, () => {
      if (this.#state === 'closed') {
        return;
      }
      const state = channel.getConnectivityState(false);
      this.#onChannelState(state);
      if (this.#state === 'connecting' || this.#state === 'ready') {
        this.#watchChannel(state);
      }
    });
  }

  #onChannelState(state: connectivityState): void {
    switch (state) {
      case connectivityState.CONNECTING:
        return;
      case connectivityState.READY:
        this.#stage = 'ready';
        this.#enter('ready');
        return;
      case connectivityState.IDLE:
        // grpc-js leaves READY for IDLE both after a GOAWAY, when calls may still end, and when the socket is gone.
        if (this.#state === 'ready' && this.#socket?.destroyed === false) {
          this.#enter('draining');
          return;
        }
        this.close();
        return;
      case connectivityState.TRANSIENT_FAILURE:
      case connectivityState.SHUTDOWN:
        this.close();
    }
  }

  #enter(state: ConnectionState): void {
    this.#state = state;
    this.#onStateChange(state);
  }
}
