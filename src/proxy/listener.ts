import { createServer, type Server, type Socket } from 'node:net';
import type { Address } from '../model/address.ts';
import type { ServerTls } from '../tls/server-options.ts';
import { adoptSocket } from '../transport/adopt-socket.ts';
import { Turn } from '../transport/turn.ts';
import { AcceptedSockets } from './accepted-sockets.ts';
import { bindServer } from './bind.ts';
import { Http1Server } from './http1-server.ts';
import { Http2Server } from './http2-server.ts';
import { closeSocket } from './linger.ts';
import { type ListenerContext, toListenerContext } from './listener-context.ts';
import type { ListenerOptions } from './listener-options.ts';
import type { LocalReason } from './local-reason.ts';
import { refuseProtocol } from './refused-protocol.ts';
import { RequestCounter } from './request-counter.ts';
import type { ListedRoute } from './router.ts';
import { type SniffVerdict, sniffProtocol } from './sniffer.ts';
import { TlsHandshakes } from './tls-handshakes.ts';

/** What a connection is counted as; `detecting` from accept to the first octets, the TLS handshake included. */
export type ConnectionProtocol = 'detecting' | 'http1' | 'http2';

/** How often the kernel asks an idle peer whether it is still there. */
const TCP_KEEPALIVE_MS = 60_000;

/**
 * One bound address that serves HTTP/1.x and HTTP/2, cleartext or TLS. The first octets decide, of the decrypted stream where
 * there is TLS, whatever ALPN chose: some load balancers' health checks speak HTTP/1.1 where h2 was agreed on.
 *
 * idle → listening → draining → closed; `close` may be called in any of them.
 */
export class Listener {
  readonly #options: ListenerOptions;
  readonly #context: ListenerContext;
  /** Null when it is shared, and so somebody else's. */
  readonly #ownTurn: Turn | null;
  readonly #counter = new RequestCounter();
  #server: Server;
  /** Null for cleartext. */
  readonly #tls: TlsHandshakes | null;
  readonly #http1: Http1Server;
  readonly #http2: Http2Server;
  /** Every accepted socket, until it is closed. */
  readonly #sockets: AcceptedSockets;
  /** Ends the wait of a close that is under way. */
  readonly #hurry = new AbortController();
  #closed: Promise<void> | null = null;

  constructor(options: ListenerOptions) {
    this.#options = options;
    const turn = options.turn ?? new Turn(options.clock);
    this.#ownTurn = options.turn === undefined ? turn : null;
    this.#context = toListenerContext(options, turn);
    this.#sockets = new AcceptedSockets(this.#context.limits);
    this.#http1 = new Http1Server(this.#context, this.#counter);
    this.#http2 = new Http2Server(this.#context, this.#counter);
    this.#tls = options.tls === null ? null : this.#createTls(options.tls);
    this.#server = createServer(
      { allowHalfOpen: true, noDelay: true, keepAlive: true, keepAliveInitialDelay: TCP_KEEPALIVE_MS },
      (socket) => this.#accept(socket),
    );
  }

  get name(): string {
    return this.#options.name;
  }

  /** Open connections by protocol. */
  get connections(): ReadonlyMap<ConnectionProtocol, number> {
    const http1 = this.#http1.connections;
    const http2 = this.#http2.connections;
    // A TLS connection leaves its own count a moment before its socket is closed, hence the bound.
    const detecting = Math.max(0, this.#sockets.size - http1 - http2);
    return new Map([
      ['detecting', detecting],
      ['http1', http1],
      ['http2', http2],
    ]);
  }

  /** When the certificate ends, in milliseconds since 1970; null without TLS. */
  get certificateExpiryMs(): number | null {
    return this.#tls?.certificateExpiryMs ?? null;
  }

  /**
   * Takes another certificate, and other authorities of clients: new handshakes are made with them, connections that there are go on. Not
   * for cleartext, and whether clients are asked for certificates stays as it is.
   */
  setTls(tls: ServerTls): void {
    this.#tls?.setTls(tls);
  }

  /** Leads requests that come from now on by these routes, on open connections too. */
  setRoutes(routes: readonly ListedRoute[]): void {
    this.#context.router.replace(routes);
  }

  /** Requests that have begun and are not answered in full yet. */
  get requestsInFlight(): number {
    return this.#counter.count;
  }

  /** Calls that are paired with an endpoint, or wait for one, or whose streams are not all gone yet. */
  get relayedCalls(): number {
    return this.#http2.relay.live;
  }

  /**
   * Binds and begins to serve. Called once.
   *
   * @returns the address with its real port.
   * @throws BridgeError `LISTEN_FAILED`, one line that names listener, address and reason.
   */
  async listen(): Promise<Address> {
    const address = await bindServer(this.#server, `listener ${this.name}`, this.#options.address);
    this.#server.on('error', (error) => this.#context.observer.onError(error));
    return address;
  }

  /**
   * In place of `listen`: takes the bound address of a predecessor over, which accepts nothing more and keeps the connections that it has.
   * No client is ever refused meanwhile.
   */
  takeOver(predecessor: Listener): void {
    const bound = predecessor.#server;
    bound.removeAllListeners('connection');
    bound.removeAllListeners('error');
    bound.on('connection', (socket) => this.#accept(socket));
    bound.on('error', (error) => this.#context.observer.onError(error));
    // What is left to it was never bound.
    predecessor.#server = this.#server;
    this.#server = bound;
  }

  /**
   * From now on HTTP/1.x responses say `Connection: close` and HTTP/2 peers get GOAWAY; open requests go on and new connections
   * are still accepted, as load balancers need a while to learn. Idempotent.
   */
  startDrain(): void {
    this.#http1.startDrain();
    this.#http2.startDrain();
  }

  /** Resolves when no request is in flight, or when the signal aborts. New ones may begin at any time before `close`. */
  untilIdle(signal: AbortSignal): Promise<void> {
    return this.#counter.untilIdle(signal);
  }

  /**
   * Stops accepting, waits for the requests in flight until the signal aborts, ends every connection, and resolves once all are
   * gone. Relayed calls that are left get UNAVAILABLE. Without a signal nothing is waited for. Idempotent: a second call joins the first, and without a signal hurries it.
   */
  close(signal?: AbortSignal): Promise<void> {
    if (signal === undefined) {
      this.#hurry.abort();
    }
    this.#tls?.stop();
    this.#closed ??= this.#close(signal);
    return this.#closed;
  }

  async #close(signal: AbortSignal | undefined): Promise<void> {
    const ended = new Promise<void>((resolve) => {
      // Without a bound address it calls back with an error that says so, which is fine here.
      this.#server.close(() => resolve());
    });
    if (signal !== undefined) {
      this.startDrain();
      await this.untilIdle(AbortSignal.any([signal, this.#hurry.signal]));
    }
    this.#http1.close();
    this.#http2.close();
    await untilTurnEnds();
    const sockets = [...this.#sockets.values(), ...(this.#tls?.sockets ?? [])].map((socket) =>
      closeSocket(socket, this.#context.clock),
    );
    await Promise.all([ended, ...sockets]);
    this.#ownTurn?.close();
  }

  #createTls(tls: ServerTls): TlsHandshakes {
    const { limits, observer } = this.#context;
    return new TlsHandshakes(tls, {
      timeoutMs: limits.handshakeTimeoutMs,
      observer,
      onSecure: (socket, denial) => this.#detect(socket, denial),
    });
  }

  #accept(socket: Socket): void {
    const problem = this.#sockets.add(socket);
    if (problem !== null) {
      this.#context.observer.onRefusal('limit', problem);
      return;
    }
    const tls = this.#tls;
    if (tls === null) {
      this.#detect(socket, null);
      return;
    }
    this.#sniff(socket, (verdict) => {
      if (verdict === 'tls') {
        tls.begin(socket);
      } else {
        refuseProtocol(socket, verdict === 'http1' || verdict === 'http2' ? 'cleartextOnTls' : verdict, this.#context);
      }
    });
  }

  /** Reads the protocol off a stream that is cleartext by now. `denial`: why its client gets nothing that is routed, or null. */
  #detect(socket: Socket, denial: LocalReason | null): void {
    this.#sniff(socket, (verdict) => {
      if (verdict === 'http1') {
        this.#http1.accept(socket, denial);
      } else if (verdict === 'http2') {
        this.#serveHttp2(socket, denial);
      } else {
        refuseProtocol(socket, verdict === 'tls' ? 'tlsOnCleartext' : verdict, this.#context);
      }
    });
  }

  #serveHttp2(socket: Socket, denial: LocalReason | null): void {
    const head: Buffer | null = 'encrypted' in socket ? null : socket.read();
    const adopted = adoptSocket(socket);
    if (adopted === null) {
      if (head !== null) {
        socket.unshift(head);
      }
      this.#http2.accept(socket, denial);
      return;
    }
    this.#sockets.replace(socket, adopted.socket);
    this.#http2.acceptAdopted(adopted, head);
  }

  #sniff(socket: Socket, settle: (verdict: SniffVerdict) => void): void {
    const { clock, limits } = this.#context;
    sniffProtocol(socket, { clock, timeoutMs: limits.prefaceTimeoutMs }, settle);
  }
}

/** What connections have to say at their end is written when the turn of the loop ends. */
function untilTurnEnds(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
