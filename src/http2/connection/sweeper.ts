import { ErrorCode } from '../errors.ts';
import type { OutputBuffer } from '../frame/output-buffer.ts';
import { AbuseKind } from './abuse-limits.ts';
import type { ConnectionContext } from './context.ts';
import type { Deadlines } from './deadlines.ts';
import type { Liveness } from './liveness.ts';
import type { ReceiveCredit } from './receive-credit.ts';
import type { Sender } from './sender.ts';
import type { Shutdown } from './shutdown.ts';
import type { StreamRegistry } from './stream-registry.ts';
import type { StreamResets } from './stream-resets.ts';

/** How often all is looked at, whatever the rate of ticks. Milliseconds. */
const SWEEP_MS = 250;

/** What a sweep looks at. */
export interface SweptParts {
  readonly deadlines: Deadlines;
  readonly liveness: Liveness;
  readonly sender: Sender;
  readonly streams: StreamRegistry;
  readonly output: OutputBuffer;
  readonly credit: ReceiveCredit;
  readonly shutdown: Shutdown;
  readonly resets: StreamResets;
}

/** Everything that happens because time has passed. A connection on which nothing is late costs a few comparisons. */
export class Sweeper {
  #nextAt = 0;
  /** When connection credit began to be withheld; -1 while it is not. */
  #withheldAt = -1;
  readonly #context: ConnectionContext;
  readonly #parts: SweptParts;

  constructor(context: ConnectionContext, parts: SweptParts) {
    this.#context = context;
    this.#parts = parts;
  }

  /** The connection begins now. */
  start(): void {
    this.#nextAt = this.#context.now + SWEEP_MS;
    this.#parts.streams.idleSince = this.#context.now;
    this.#parts.deadlines.start();
    this.#parts.liveness.onOctets();
  }

  /** Whether the next sweep is due. */
  get isDue(): boolean {
    return this.#context.now >= this.#nextAt;
  }

  /** Returns whether the connection has to be cut, as its grace is over. Throws ConnectionError for what ends it otherwise. */
  sweep(): boolean {
    const { deadlines, liveness, streams, output, shutdown } = this.#parts;
    const { abuse } = this.#context;
    this.#nextAt = this.#context.now + SWEEP_MS;
    deadlines.sweep();
    liveness.sweep();
    abuse.checkQueued(streams.queuedCost + output.octets);
    this.#resetStalled();
    this.#relieve();
    const reason = shutdown.isLeaving ? null : deadlines.reasonToLeave;
    if (reason !== null) {
      shutdown.start(reason);
    }
    return shutdown.sweep();
  }

  /** Streams whose content the peer does not take (CVE-2019-9511, and the zero windows of CVE-2026-49975). */
  #resetStalled(): void {
    const { sender, resets } = this.#parts;
    const { stallTimeoutMs } = this.#context.options.limits;
    for (let stream = sender.findStalled(stallTimeoutMs); stream !== null; stream = sender.findStalled(stallTimeoutMs)) {
      this.#context.abuse.note(AbuseKind.STALLED_STREAM);
      resets.reset(stream, ErrorCode.CANCEL);
    }
  }

  /** So much content has been unconsumed for so long that no credit is given: the stream that holds most of it goes. */
  #relieve(): void {
    const { now, options, abuse } = this.#context;
    if (!this.#parts.credit.isWithheld) {
      this.#withheldAt = -1;
      return;
    }
    if (this.#withheldAt < 0) {
      this.#withheldAt = now;
    }
    const heaviest = now - this.#withheldAt < options.limits.stallTimeoutMs ? null : this.#parts.streams.findHeaviest();
    if (heaviest !== null) {
      abuse.note(AbuseKind.UNCONSUMED);
      this.#parts.resets.reset(heaviest, ErrorCode.CANCEL);
    }
  }
}
