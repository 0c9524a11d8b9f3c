import type { Socket } from 'node:net';
import { createServer, type Server, type TLSSocket } from 'node:tls';
import { type ServerTls, tlsServerOptions } from '../tls/server-options.ts';
import { findDenial } from './client-access.ts';
import type { ListenerObserver } from './listener-options.ts';
import type { LocalReason } from './local-reason.ts';

/** What becomes of handshakes. */
export interface HandshakeOptions {
  /** From the first octet of a ClientHello to the end of the handshake. Milliseconds. */
  readonly timeoutMs: number;
  readonly observer: ListenerObserver;
  /** A handshake has succeeded: the decrypted side. `denial`: why its client gets nothing that is routed, or null. */
  readonly onSecure: (socket: TLSSocket, denial: LocalReason | null) => void;
}

/** The TLS side of a listener: handshakes with its certificate of the moment, and the connections that have finished one. */
export class TlsHandshakes {
  readonly #options: HandshakeOptions;
  /** It is never bound: sockets come from the listener, which has looked at their first octets. */
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #tls: ServerTls;
  #isStopped = false;

  constructor(tls: ServerTls, options: HandshakeOptions) {
    this.#tls = tls;
    this.#options = options;
    this.#server = createServer({ ...tlsServerOptions(tls), handshakeTimeout: options.timeoutMs });
    this.#server.on('secureConnection', (socket) => this.#onSecure(socket));
    this.#server.on('tlsClientError', (error, socket) => this.#onFailed(error, socket));
  }

  /** The decrypted sides, each until it is closed. */
  get sockets(): Iterable<Socket> {
    return this.#sockets;
  }

  /** When the certificate ends, in milliseconds since 1970. */
  get certificateExpiryMs(): number {
    return this.#tls.certificate.notAfterMs;
  }

  /** Handshakes that begin from now on are made with this; connections that there are go on. Whether clients are asked for certificates stays as it is. */
  setTls(tls: ServerTls): void {
    this.#tls = tls;
    this.#server.setSecureContext(tlsServerOptions(tls));
  }

  /** Begins one, on a socket whose first octets are a ClientHello, unread. */
  begin(socket: Socket): void {
    // Who ends its side during the handshake is gone; afterwards it may still wait for an answer.
    socket.allowHalfOpen = false;
    this.#server.emit('connection', socket);
  }

  /** The listener ends: what is cut off from now on is no refusal. */
  stop(): void {
    this.#isStopped = true;
  }

  #onSecure(socket: TLSSocket): void {
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    // What happens at the end of a socket hangs on `close`, which follows every error.
    socket.on('error', () => undefined);
    socket.allowHalfOpen = true;
    this.#options.onSecure(socket, this.#findDenial(socket));
  }

  #onFailed(error: NodeJS.ErrnoException, socket: TLSSocket): void {
    socket.destroy();
    if (!this.#isStopped) {
      this.#options.observer.onRefusal(error.code === 'ERR_TLS_HANDSHAKE_TIMEOUT' ? 'timeout' : 'tls', error.message);
    }
  }

  /** Decided once per connection: no request looks at certificates. */
  #findDenial(socket: TLSSocket): LocalReason | null {
    const clients = this.#tls.clients ?? null;
    if (clients === null) {
      return null;
    }
    const { denial, detail } = findDenial(socket, clients);
    if (detail !== null) {
      this.#options.observer.onRefusal('clientCertificate', detail);
    }
    return denial;
  }
}
