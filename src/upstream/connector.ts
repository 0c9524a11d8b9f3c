import type { Socket } from 'node:net';
import type { Endpoint } from '../model/endpoint.ts';
import type { Clock } from '../util/clock.ts';
import type { Random } from '../util/random.ts';
import type { CircuitBreakers } from './circuit-breakers.ts';
import { type AttemptOwner, ConnectAttempt } from './connect-attempt.ts';
import { ConnectBackoff } from './connect-backoff.ts';
import { type ConnectFailure, NoConnectionReason } from './stream-handler.ts';
import type { UpstreamConnection } from './upstream-connection.ts';
import type { UpstreamTls } from './upstream-tls.ts';

/** What a connector tells the pool that it works for. */
export interface ConnectorOwner {
  /** A socket is there: makes a connection of it, which is to be started. */
  makeConnection(endpoint: Endpoint, socket: Socket): UpstreamConnection;
  /** An attempt has failed. `message` is words for an operator. */
  onConnectFailed(endpoint: Endpoint, failure: ConnectFailure, message: string): void;
}

export interface ConnectorOptions {
  readonly owner: ConnectorOwner;
  readonly clock: Clock;
  readonly random: Random;
  readonly tls: UpstreamTls | null;
  readonly breakers: CircuitBreakers;
  /** From the start of an attempt to the endpoint's first frame. Milliseconds. */
  readonly timeoutMs: number;
}

/** The attempts to connect to one endpoint, with their deadlines and the pauses after failures. */
export class Connector implements AttemptOwner {
  /** Why the last attempt failed. */
  lastFailure: ConnectFailure = NoConnectionReason.CONNECT_FAILED;
  readonly #options: ConnectorOptions;
  readonly #backoff: ConnectBackoff;
  readonly #attempts: ConnectAttempt[] = [];

  constructor(options: ConnectorOptions) {
    this.#options = options;
    this.#backoff = new ConnectBackoff(options.random);
  }

  /** Attempts under way. */
  get connecting(): number {
    return this.#attempts.length;
  }

  /** Whether attempts have failed since the endpoint last worked. */
  get isFailing(): boolean {
    return this.#backoff.failures > 0;
  }

  /** Begins an attempt, unless a pause is on; returns whether it did. Nobody is told anything from within. */
  connect(endpoint: Endpoint): boolean {
    if (!this.#backoff.isOver(this.#options.clock.now())) {
      return false;
    }
    this.connectAnyway(endpoint);
    return true;
  }

  /** Whether an attempt may be made for a call that has nowhere else to go. `nowMs` is Clock.now(). */
  mayConnectOnDemand(nowMs: number): boolean {
    return this.#attempts.length === 0 && this.#backoff.isOverOnDemand(nowMs);
  }

  /** Begins an attempt, pause or not. */
  connectAnyway(endpoint: Endpoint): void {
    const { clock, timeoutMs, tls } = this.#options;
    const attempt = new ConnectAttempt(endpoint, clock.now() + timeoutMs, this, tls);
    this.#attempts.push(attempt);
    this.#options.breakers.onConnecting();
    attempt.start();
  }

  /** Gives up attempts whose time is over. `nowMs` is Clock.now(). */
  sweep(nowMs: number): void {
    for (const attempt of this.#attempts.filter(({ deadlineMs }) => deadlineMs <= nowMs)) {
      const message = `no answer within ${this.#options.timeoutMs} ms: ${attempt.stage} is missing`;
      attempt.cancel();
      this.onAttemptFailed(attempt, NoConnectionReason.CONNECT_TIMEOUT, message);
    }
  }

  /** Gives all attempts up. */
  cancel(): void {
    for (const attempt of this.#attempts.splice(0)) {
      this.#release(attempt);
      attempt.cancel();
    }
  }

  /** The connection is ready; returns whether it was one of the attempts. */
  finish(connection: UpstreamConnection): boolean {
    const attempt = this.#attemptOf(connection);
    return attempt !== undefined && this.#forget(attempt);
  }

  /** The connection ended before it was ready; returns whether it was one of the attempts. */
  fail(connection: UpstreamConnection): boolean {
    const attempt = this.#attemptOf(connection);
    const { tls } = this.#options;
    if (attempt !== undefined && tls !== null && connection.isLost) {
      // With TLS 1.3 a client takes itself for connected before the server has judged its certificate (RFC 8446, section 4.4.2.4).
      this.onAttemptFailed(attempt, NoConnectionReason.TLS_FAILED, tls.describeLoss(connection.socketError));
    } else if (attempt !== undefined) {
      this.onAttemptFailed(attempt, NoConnectionReason.CONNECT_FAILED, connection.reason);
    }
    return attempt !== undefined;
  }

  /** A connection ended too soon to be of use: the next attempt waits as after a failed one. */
  pause(): void {
    this.lastFailure = NoConnectionReason.CONNECT_FAILED;
    this.#backoff.fail(this.#options.clock.now());
  }

  /** The endpoint has answered somebody else: the next attempt need not wait. */
  endPause(): void {
    this.#backoff.endPause();
  }

  /** The endpoint works, or is said to work again: no pause. */
  reset(): void {
    this.#backoff.reset();
  }

  onSocket(attempt: ConnectAttempt, socket: Socket): void {
    const connection = this.#options.owner.makeConnection(attempt.endpoint, socket);
    attempt.connection = connection;
    connection.start(attempt.takeHead());
  }

  onAttemptFailed(attempt: ConnectAttempt, failure: ConnectFailure, message: string): void {
    if (this.#forget(attempt)) {
      this.#release(attempt);
      this.lastFailure = failure;
      this.#backoff.fail(this.#options.clock.now());
      this.#options.owner.onConnectFailed(attempt.endpoint, failure, message);
    }
  }

  #attemptOf(connection: UpstreamConnection): ConnectAttempt | undefined {
    return this.#attempts.find((candidate) => candidate.connection === connection);
  }

  /** A connection keeps the attempt's place among the cluster's until its socket is gone. */
  #release(attempt: ConnectAttempt): void {
    if (attempt.connection === null) {
      this.#options.breakers.onDisconnected();
    }
  }

  #forget(attempt: ConnectAttempt): boolean {
    const index = this.#attempts.indexOf(attempt);
    if (index >= 0) {
      this.#attempts.splice(index, 1);
    }
    return index >= 0;
  }
}
