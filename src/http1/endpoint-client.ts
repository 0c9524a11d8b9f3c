import type { EventEmitter } from 'node:events';
import type { Client, Dispatcher } from 'undici';
import type { Endpoint } from '../model/endpoint.ts';
import type { UpstreamTls } from '../upstream/upstream-tls.ts';
import { undici } from '../util/late-modules.ts';
import { ConnectError, Connector } from './connector.ts';
import { type Http1ClusterOptions, type Http1Dependencies, type Http1PoolOptions, MAX_RESPONSE_HEADER_BYTES } from './options.ts';

/** The longest that a timer of node can be set to. Milliseconds. */
const ANY_TIME_MS = 2_147_483_647;

/**
 * How much earlier than the endpoint has announced (Keep-Alive: timeout) an idle connection is closed, so that no request crosses the end.
 * Milliseconds.
 */
const KEEP_ALIVE_MARGIN_MS = 1000;

/** undici wants an origin, and takes Host from it where none is given, which never happens; the connector alone knows the address. */
const ORIGIN = 'http://endpoint';

/** Words for an operator in place of undici's own. */
const CLOSE_REASONS: ReadonlyMap<string, string> = new Map([
  ['reset', 'the response was the last of its connection'],
  ['other side closed', 'the endpoint closed the connection'],
  ['socket idle timeout', 'it was idle for as long as it may be'],
]);

/** What the connections of a cluster share. */
export interface ClientContext {
  readonly options: Http1ClusterOptions;
  /** In place of those of `options`; a reload changes them. */
  limits: Http1PoolOptions;
  readonly dependencies: Http1Dependencies;
  readonly tls: UpstreamTls | null;
  /** Resolve when the sockets of clients that were given up are closed; each leaves the set by itself. */
  readonly leaving: Set<Promise<void>>;
}

/** Who has the client. */
export interface ClientOwner {
  /** The connection has ended; the client would open another one for the next request. */
  onDisconnected(client: EndpointClient): void;
}

/** One connection to an endpoint, for one request at a time: an undici client that tells what its owner has to know. */
export class EndpointClient {
  readonly endpoint: Endpoint;
  readonly #client: Client;
  readonly #connector: Connector;
  #isConnected = false;
  #requests = 0;
  #gone: Promise<void> | null = null;

  constructor(endpoint: Endpoint, { options, dependencies, tls }: ClientContext, owner: ClientOwner) {
    const { name, connectTimeoutMs, pool, timeouts } = options;
    const { clock, observer } = dependencies;
    const idleTimeoutMs = pool.idleTimeoutMs === 0 ? ANY_TIME_MS : Math.min(pool.idleTimeoutMs, ANY_TIME_MS);
    this.endpoint = endpoint;
    this.#connector = new Connector({ endpoint, tls, timeoutMs: connectTimeoutMs, clock });
    this.#client = new (undici().Client)(ORIGIN, {
      connect: this.#connector.connect,
      allowH2: false,
      pipelining: 1,
      strictContentLength: true,
      maxHeaderSize: MAX_RESPONSE_HEADER_BYTES,
      headersTimeout: timeouts.headersMs,
      bodyTimeout: timeouts.bodyMs,
      keepAliveTimeout: idleTimeoutMs,
      keepAliveMaxTimeout: idleTimeoutMs,
      keepAliveTimeoutThreshold: KEEP_ALIVE_MARGIN_MS,
    });
    this.#client.on('connect', () => {
      this.#isConnected = true;
      observer.onConnectionOpened(name, endpoint);
    });
    this.#client.on('disconnect', (_origin, _targets, error) => {
      this.#isConnected = false;
      observer.onConnectionClosed(name, endpoint, CLOSE_REASONS.get(error.message) ?? error.message);
      owner.onDisconnected(this);
    });
    this.#client.on('connectionError', (_origin, _targets, error) => {
      if (error instanceof ConnectError) {
        observer.onConnectFailed(name, endpoint, error.failure, error.message);
      }
    });
    // A handler that threw where undici cannot tell it.
    const emitter: EventEmitter = this.#client;
    emitter.on('error', (error: Error) => observer.onUpstreamDefect(name, error));
  }

  /** Whether there is a socket, so that a request leaves at once. */
  get isConnected(): boolean {
    return this.#isConnected;
  }

  /** Requests so far. */
  get requests(): number {
    return this.#requests;
  }

  /** Sends one request, as soon as there is a socket. The handler may hear from within this call. */
  send(request: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): void {
    this.#requests++;
    this.#client.dispatch(request, handler);
  }

  /** Ends the connection and what is under way on it. Resolves when the socket is gone; may be called again. */
  destroy(): Promise<void> {
    this.#connector.cancel();
    this.#gone ??= this.#client.destroy();
    return this.#gone;
  }
}
