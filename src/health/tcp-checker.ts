import { connect } from 'node:net';
import type { Address } from '../model/address.ts';
import type { Clock } from '../util/clock.ts';
import { placeOptions } from '../util/either-address.ts';
import { describeSocketError, errorCode } from '../util/socket-reasons.ts';
import { type Checker, type CheckResult, WHOLE_ENDPOINT } from './checker.ts';
import { type Outcome, SERVING } from './outcome.ts';
import { formatMs, outcomeOf } from './reasons.ts';

export interface TcpCheckerOptions {
  /** The longest that a connection may take to be established. Milliseconds. */
  readonly timeoutMs: number;
}

/**
 * Finds an endpoint healthy that accepts a connection, and closes it without a word. TLS is not spoken even where the cluster
 * has it. Envoy: `tcp_health_check` without `send` and `receive`.
 */
export class TcpChecker implements Checker {
  readonly #address: Address;
  readonly #options: TcpCheckerOptions;
  readonly #clock: Clock;
  readonly #closing = new Set<Promise<void>>();
  /** Ends the check that runs. */
  #end: ((outcome: Outcome) => void) | null = null;
  #closed = false;

  constructor(address: Address, options: TcpCheckerOptions, clock: Clock) {
    this.#address = address;
    this.#options = options;
    this.#clock = clock;
  }

  async check(): Promise<CheckResult> {
    return new Map([[WHOLE_ENDPOINT, this.#closed ? CLOSED : await this.#connect()]]);
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#end?.(CLOSED);
    await Promise.all(this.#closing);
  }

  #connect(): Promise<Outcome> {
    const { timeoutMs } = this.#options;
    const { promise, resolve } = Promise.withResolvers<Outcome>();
    const socket = connect(this.#address.kind === 'unix' ? { path: this.#address.path } : placeOptions(this.#address));
    const closed = new Promise<void>((done) => {
      socket.once('close', () => done());
    });
    this.#closing.add(closed);
    void closed.then(() => this.#closing.delete(closed));
    const end = (outcome: Outcome): void => {
      if (this.#end === end) {
        this.#end = null;
        timer.cancel();
        socket.destroy();
        resolve(outcome);
      }
    };
    const timer = this.#clock.setTimer(timeoutMs, () =>
      end(outcomeOf('connect_failed', `no connection within ${formatMs(timeoutMs)}`, 'none')),
    );
    this.#end = end;
    socket.once('connect', () => end(SERVING));
    // It stays: an error may also come after the end.
    socket.on('error', (error) => end(outcomeOf('connect_failed', describeSocketError(errorCode(error), error.message), 'none')));
    return promise;
  }
}

const CLOSED: Outcome = { word: 'connect_failed', reason: 'the check was ended', reached: 'none' };
