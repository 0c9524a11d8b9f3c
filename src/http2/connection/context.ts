import { DecodeGate } from '../frame/decode-gate.ts';
import type { AbuseLimits } from './abuse-limits.ts';
import type { ConnectionHandler } from './handler.ts';
import type { ConnectionOptions } from './options.ts';

/** Which side of the connection we are (RFC 9113, section 2.2). */
export type Role = 'server' | 'client';

/** What all parts of one connection share. */
export class ConnectionContext {
  readonly isServer: boolean;
  readonly handler: ConnectionHandler;
  readonly options: ConnectionOptions;
  readonly abuse: AbuseLimits;
  readonly gate = new DecodeGate();
  /** The owner's clock as of the last start or tick. Milliseconds; coarse, which every limit here tolerates. */
  now = 0;
  /** Counts ticks. */
  ticks = 0;
  #isFlushWanted = false;
  #areAnswersTold = false;

  constructor(role: Role, handler: ConnectionHandler, options: ConnectionOptions, abuse: AbuseLimits) {
    this.isServer = role === 'server';
    this.handler = handler;
    this.options = options;
    this.abuse = abuse;
  }

  /** Asks the owner to take output, once until it has. An urgent call repeats an ordinary one. */
  requestFlush(isUrgent: boolean): void {
    if (!this.#isFlushWanted || isUrgent) {
      this.#isFlushWanted = true;
      this.handler.onOutput(isUrgent);
    }
  }

  /** Tells the owner of acknowledgements that wait alone, once until it has taken them. */
  requestAnswers(): void {
    if (this.handler.onAnswers === undefined) {
      this.requestFlush(false);
    } else if (!this.#isFlushWanted && !this.#areAnswersTold) {
      this.#areAnswersTold = true;
      this.handler.onAnswers();
    }
  }

  /** The owner is taking the output. */
  endFlush(): void {
    this.#isFlushWanted = false;
    this.#areAnswersTold = false;
  }
}
