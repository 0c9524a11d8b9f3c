import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { buildConnector } from 'undici';
import type { Endpoint } from '../model/endpoint.ts';
import { type ConnectFailure, NoConnectionReason } from '../upstream/stream-handler.ts';
import type { UpstreamTls } from '../upstream/upstream-tls.ts';
import type { Clock, Timer } from '../util/clock.ts';
import { placeOptions } from '../util/either-address.ts';
import { describeSocketError, errorCode } from '../util/socket-reasons.ts';

/** How often the kernel asks a silent endpoint whether it is still there. Milliseconds. */
const TCP_KEEPALIVE_MS = 60_000;

/** There is no connection, so that nothing of the request can have been sent. */
export class ConnectError extends Error {
  readonly failure: ConnectFailure;

  /** @param message words for an operator. */
  constructor(failure: ConnectFailure, message: string) {
    super(message);
    this.failure = failure;
  }
}

export interface ConnectorOptions {
  readonly endpoint: Endpoint;
  /** Null is cleartext. */
  readonly tls: UpstreamTls | null;
  /** TCP and TLS together. Milliseconds. */
  readonly timeoutMs: number;
  readonly clock: Clock;
}

/** Opens the sockets of one undici client, one at a time: TCP or a unix socket, then TLS, within one deadline. */
export class Connector {
  readonly #options: ConnectorOptions;
  #socket: Socket | null = null;
  #timer: Timer | null = null;

  constructor(options: ConnectorOptions) {
    this.#options = options;
  }

  /** What undici calls. */
  readonly connect = (_: buildConnector.Options, callback: buildConnector.Callback): void => {
    const { tls, timeoutMs, clock } = this.#options;
    const socket = this.#open();
    let isConnected = false;
    const settle = (error: ConnectError | null): void => {
      if (this.#socket !== socket) {
        return;
      }
      this.#release();
      if (error === null) {
        callback(null, socket);
      } else {
        socket.destroy();
        callback(error, null);
      }
    };
    this.#socket = socket;
    this.#timer = clock.setTimer(timeoutMs, () => {
      const stage = isConnected ? 'TLS handshake' : 'connection';
      settle(new ConnectError(NoConnectionReason.CONNECT_TIMEOUT, `no ${stage} within ${timeoutMs} ms`));
    });
    socket.once('connect', () => {
      isConnected = true;
      if (tls === null) {
        settle(null);
      }
    });
    socket.once('secureConnect', () => settle(null));
    socket.on('error', (error) => settle(this.#toFailure(error, isConnected)));
    socket.once('close', () => {
      settle(new ConnectError(NoConnectionReason.CONNECT_FAILED, 'the endpoint closed the connection'));
    });
  };

  /** Gives up what is under way, without a word. */
  cancel(): void {
    const socket = this.#socket;
    this.#release();
    socket?.destroy();
  }

  #release(): void {
    this.#timer?.cancel();
    this.#timer = null;
    this.#socket = null;
  }

  #open(): Socket {
    const { endpoint, tls } = this.#options;
    const { address } = endpoint;
    const where =
      address.kind === 'unix'
        ? { path: address.path }
        : { ...placeOptions(address), noDelay: true, keepAlive: true, keepAliveInitialDelay: TCP_KEEPALIVE_MS };
    return tls === null ? connect(where) : connectTls({ ...where, ...tls.optionsFor(endpoint), ALPNProtocols: ['http/1.1'] });
  }

  #toFailure(error: Error, isConnected: boolean): ConnectError {
    const { tls } = this.#options;
    return tls !== null && isConnected
      ? new ConnectError(NoConnectionReason.TLS_FAILED, tls.describeFailure(error))
      : new ConnectError(NoConnectionReason.CONNECT_FAILED, describeSocketError(errorCode(error), error.message));
  }
}
