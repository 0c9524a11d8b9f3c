import type { Socket } from 'node:net';
import type { ConnectionError, ConnectionHandler, Http2Connection } from '../../../src/http2/index.ts';

/** Above so many unwritten octets the connection is paused, below half of them it goes on. */
const HIGH_WATER_OCTETS = 262_144;

/** How long a peer may take to end its side after we have ended ours. Milliseconds. */
const LINGER_MS = 1000;

const TICK_MS = 20;

/** Joins a connection of the engine to a socket, as the smallest owner that keeps all of the engine's rules. */
export class ConnectionDriver {
  /** Why the connection ended; null after a graceful end, undefined while it lives. */
  closedBy: ConnectionError | null | undefined;
  readonly closed: Promise<void>;
  readonly #socket: Socket;
  readonly #ticker: NodeJS.Timeout;
  #connection: Http2Connection | null = null;
  #immediate: NodeJS.Immediate | null = null;
  #isPaused = false;

  constructor(socket: Socket) {
    this.#socket = socket;
    this.closed = new Promise((resolve) => {
      socket.once('close', () => resolve());
    });
    this.#ticker = setInterval(() => this.#connection?.tick(performance.now()), TICK_MS);
    socket.setNoDelay(true);
  }

  /** Begins; the connection's handler must lead onOutput and onClose here. */
  start(connection: Http2Connection): void {
    const socket = this.#socket;
    this.#connection = connection;
    socket.on('data', (octets) => {
      connection.receive(octets);
      this.#afterReceive();
    });
    socket.on('drain', () => this.#onDrain());
    socket.on('error', () => socket.destroy());
    socket.on('end', () => connection.transportClosed());
    socket.on('close', () => {
      connection.transportClosed();
      clearInterval(this.#ticker);
      if (this.#immediate !== null) {
        clearImmediate(this.#immediate);
      }
    });
    connection.start(performance.now());
  }

  /** For ConnectionHandler.onOutput: writes once per turn of the loop. */
  onOutput(): void {
    this.#immediate ??= setImmediate(() => this.#onImmediate());
  }

  /** For ConnectionHandler.onClose. */
  onClose(error: ConnectionError | null): void {
    this.closedBy = error;
    this.#isPaused = false;
    this.#flush();
    this.#socket.end();
    setTimeout(() => this.#socket.destroy(), LINGER_MS).unref();
  }

  #afterReceive(): void {
    if (this.#connection?.wantsRead === false) {
      this.#socket.pause();
      this.onOutput();
    }
  }

  #onImmediate(): void {
    this.#immediate = null;
    this.#flush();
    if (this.#connection?.wantsRead === false) {
      this.#connection.receiveDeferred();
      this.#afterReceive();
    }
    if (this.#connection?.wantsRead === true && this.#socket.isPaused()) {
      this.#socket.resume();
    }
  }

  #flush(): void {
    const batch = this.#isPaused ? null : (this.#connection?.takeOutput() ?? null);
    if (batch === null || this.#socket.destroyed) {
      return;
    }
    this.#socket.cork();
    const last = batch.segments.length - 1;
    for (const [index, segment] of batch.segments.entries()) {
      this.#socket.write(segment, index === last ? batch.release : undefined);
    }
    this.#socket.uncork();
    if (this.#socket.writableLength > HIGH_WATER_OCTETS && !this.#isPaused) {
      this.#isPaused = true;
      this.#connection?.pauseOutput();
    }
  }

  #onDrain(): void {
    if (this.#isPaused) {
      this.#isPaused = false;
      this.#connection?.resumeOutput();
      this.onOutput();
    }
  }
}

/** A handler that does nothing but let the driver write and close: a start for handlers that do more. */
export class QuietHandler implements ConnectionHandler {
  protected readonly driver: ConnectionDriver;

  constructor(driver: ConnectionDriver) {
    this.driver = driver;
  }

  onHeaders(..._args: Parameters<ConnectionHandler['onHeaders']>): void {}
  onHeadersOverLimit(..._args: Parameters<ConnectionHandler['onHeadersOverLimit']>): void {}
  onInterim(..._args: Parameters<ConnectionHandler['onInterim']>): void {}
  onData(..._args: Parameters<ConnectionHandler['onData']>): void {}
  onTrailers(..._args: Parameters<ConnectionHandler['onTrailers']>): void {}
  onReset(..._args: Parameters<ConnectionHandler['onReset']>): void {}
  onSent(..._args: Parameters<ConnectionHandler['onSent']>): void {}
  onStreamClosed(..._args: Parameters<ConnectionHandler['onStreamClosed']>): void {}
  onGoaway(..._args: Parameters<ConnectionHandler['onGoaway']>): void {}
  onCapacity(): void {}
  onPingAck(): void {}
  onAbuse(..._args: Parameters<ConnectionHandler['onAbuse']>): void {}

  onOutput(): void {
    this.driver.onOutput();
  }

  onClose(error: ConnectionError | null): void {
    this.driver.onClose(error);
  }
}
