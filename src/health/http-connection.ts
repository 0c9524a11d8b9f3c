import type { EventEmitter } from 'node:events';
import { connect, type Socket } from 'node:net';
import { callbackify } from 'node:util';
import type { buildConnector, Client } from 'undici';
import { toError } from '../errors.ts';
import type { Address } from '../model/address.ts';
import { placeOptions } from '../util/either-address.ts';
import { undici } from '../util/late-modules.ts';
import { errorCode } from '../util/socket-reasons.ts';
import { type HttpEnd, HttpResponseReader } from './http-response.ts';
import { connectTls, secured, type TlsTarget } from './tls-connect.ts';

/** Header sections of answers to health checks are far shorter. Octets. */
export const MAX_HEADER_BYTES = 16_384;
/** How much earlier than the endpoint has announced (Keep-Alive: timeout) an idle connection is closed. Milliseconds. */
const KEEP_ALIVE_MARGIN_MS = 1_000;
/** The longest timer that Node has: a connection in use by checks never goes idle on its own. Milliseconds. */
const NEVER_IDLE_MS = 2_147_483_647;
/** undici wants an origin; where to connect is decided here. */
const ORIGIN = 'http://endpoint';

/** Where and as whom to connect. */
export interface HttpTarget {
  readonly address: Address;
  /** Null is cleartext. */
  readonly tls: TlsTarget | null;
}

/** How far connecting got. */
export type HttpStage = 'tcp' | 'tls' | 'ready';

/** What is known of a connection, to explain why it or a request on it failed. */
export interface HttpFacts {
  readonly stage: HttpStage;
  /** It was given up after so many milliseconds; null if that is not why it is gone. */
  readonly timeoutMs: number | null;
  /** The first error of the socket or of TLS. */
  readonly error: Error | null;
  /** What came in before it failed, in octets of the application's. */
  readonly bytesRead: number;
  readonly secure: boolean;
  readonly clientCertificate: boolean;
}

export interface HttpGet {
  readonly path: string;
  readonly headers: Readonly<Record<string, string | string[]>>;
}

/** One connection to one endpoint for GET over HTTP/1.1, on undici. It never connects again: whoever needs a new one makes a new object. */
export class HttpConnection {
  readonly #target: HttpTarget;
  readonly #client: Client;
  readonly #closed = Promise.withResolvers<void>();
  #stage: HttpStage = 'tcp';
  #timeoutMs: number | null = null;
  #error: Error | null = null;
  #raw: Socket | null = null;
  /** That of TLS, or the raw one. */
  #socket: Socket | null = null;
  #isOver = false;
  /** Ends the request that is under way. */
  #settle: ((end: HttpEnd) => void) | null = null;
  #reader: HttpResponseReader | null = null;

  /** Connects with the first request. */
  constructor(target: HttpTarget) {
    this.#target = target;
    this.#client = new (undici().Client)(ORIGIN, {
      connect: this.#connect,
      allowH2: false,
      pipelining: 1,
      maxHeaderSize: MAX_HEADER_BYTES,
      // Whoever asks has the time.
      headersTimeout: 0,
      bodyTimeout: 0,
      keepAliveTimeout: NEVER_IDLE_MS,
      keepAliveMaxTimeout: NEVER_IDLE_MS,
      keepAliveTimeoutThreshold: KEEP_ALIVE_MARGIN_MS,
    });
    this.#client.on('disconnect', () => this.close());
    // What undici has nobody else to tell.
    const emitter: EventEmitter = this.#client;
    emitter.on('error', (error: Error) => {
      this.#error ??= error;
      this.close();
    });
  }

  /** Whether it takes one more request. */
  get isUsable(): boolean {
    return !this.#isOver;
  }

  get facts(): HttpFacts {
    return {
      stage: this.#stage,
      timeoutMs: this.#timeoutMs,
      error: this.#error,
      bytesRead: this.#socket?.bytesRead ?? 0,
      secure: this.#target.tls !== null,
      clientCertificate: this.#target.tls?.clientCertificate === true,
    };
  }

  /** Resolves once the socket is gone. */
  get closed(): Promise<void> {
    return this.#closed.promise;
  }

  /** Asks, and reads the answer to its end; one request at a time. Never rejects, and resolves at the latest with `close`. */
  get({ path, headers }: HttpGet): Promise<HttpEnd> {
    const { promise, resolve } = Promise.withResolvers<HttpEnd>();
    this.#settle = resolve;
    this.#reader = new HttpResponseReader(resolve);
    try {
      this.#client.dispatch({ method: 'GET', path, headers: { ...headers } }, this.#reader);
    } catch (thrown) {
      resolve({ kind: 'failed', error: toError(thrown), status: null });
    }
    return promise;
  }

  /** Gives up what is under way, after so many milliseconds. */
  timeOut(afterMs: number): void {
    if (!this.#isOver) {
      this.#timeoutMs = afterMs;
      this.close();
    }
  }

  /** Ends the request and the connection at once. May be called again. */
  close(): void {
    if (this.#isOver) {
      return;
    }
    this.#isOver = true;
    this.#settle?.({ kind: 'failed', error: new Error('the connection was closed'), status: this.#reader?.status ?? null });
    if (this.#raw === null) {
      this.#closed.resolve();
    } else {
      this.#raw.destroy();
    }
    // It resolves when undici has let go of the socket, which `closed` tells as well.
    void this.#client.destroy();
  }

  readonly #connect = (_options: buildConnector.Options, callback: buildConnector.Callback): void => {
    if (this.#raw !== null || this.#isOver) {
      callback(new Error('the connection is over'), null);
      return;
    }
    callbackify(() => this.#open())((error: Error | null, socket) => {
      if (error === null) {
        callback(null, socket);
      } else {
        // Wrapped, as undici would connect again for some errors of certificates.
        callback(new Error('no connection', { cause: error }), null);
      }
    });
  };

  async #open(): Promise<Socket> {
    const { address, tls } = this.#target;
    const raw = connect(address.kind === 'unix' ? { path: address.path } : { ...placeOptions(address), noDelay: true });
    this.#raw = raw;
    raw.on('error', (error) => this.#recordError(error));
    raw.once('close', () => this.#closed.resolve());
    await connected(raw);
    if (tls === null) {
      this.#socket = raw;
      this.#stage = 'ready';
      return raw;
    }
    this.#stage = 'tls';
    const socket = connectTls(raw, tls, 'http/1.1');
    this.#socket = socket;
    socket.on('error', (error) => this.#recordError(error));
    raw.once('close', () => socket.destroy());
    await secured(socket);
    this.#stage = 'ready';
    return socket;
  }

  /** What undici ends a socket with is told by the request. */
  #recordError(error: Error): void {
    if (!errorCode(error).startsWith('UND_ERR')) {
      this.#error ??= error;
    }
  }
}

function connected(socket: Socket): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('closed while connecting')));
  });
}
