import type { Metadata } from '@grpc/grpc-js';
import type { Clock, Timer } from '../util/clock.ts';
import type { Random } from '../util/random.ts';
import { type PendingOutcome, startCheckCall } from './check-call.ts';
import { CheckTime, orOver } from './check-time.ts';
import type { Checker, CheckerEvents, CheckResult } from './checker.ts';
import { type ConnectionState, GrpcConnection, type GrpcTarget } from './grpc-connection.ts';
import type { MetadataSource } from './metadata-source.ts';
import type { GrpcHealthCheckOptions } from './options.ts';
import type { Outcome } from './outcome.ts';
import { outcomeOf } from './reasons.ts';
import { WatchBackoff } from './watch-backoff.ts';
import { WatchSet } from './watch-set.ts';

export interface GrpcCheckerOptions
  extends Pick<GrpcHealthCheckOptions, 'mode' | 'services' | 'timeoutMs' | 'unhealthyIntervalMs'> {
  readonly connectTimeoutMs: number;
}

export interface GrpcCheckerDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly metadata: MetadataSource;
}

/** One connection, with what goes on on it. */
interface Link {
  readonly connection: GrpcConnection;
  readonly watches: WatchSet;
  readonly startedAt: number;
}

/**
 * Checks one endpoint over grpc.health.v1, on one connection that it keeps between checks.
 *
 * Watch tells changes at once; a Check at every interval proves that the endpoint lives. What breaks between two checks is
 * no failure in itself if it held before: it brings the next check forward, which says what is the matter.
 */
export class GrpcChecker implements Checker {
  readonly #target: GrpcTarget;
  readonly #options: GrpcCheckerOptions;
  readonly #deps: GrpcCheckerDeps;
  readonly #events: CheckerEvents;
  readonly #backoff: WatchBackoff;
  /** Connections that are going away. */
  readonly #closing = new Set<Promise<void>>();
  #link: Link | null = null;
  /** That of the check that runs. */
  #time: CheckTime | null = null;
  #wanted: Timer | null = null;
  #closed = false;

  constructor(target: GrpcTarget, options: GrpcCheckerOptions, deps: GrpcCheckerDeps, events: CheckerEvents) {
    this.#target = target;
    this.#options = options;
    this.#deps = deps;
    this.#events = events;
    this.#backoff = new WatchBackoff(options.unhealthyIntervalMs, deps.random);
  }

  async check(): Promise<CheckResult> {
    this.#wanted?.cancel();
    this.#wanted = null;
    const time = new CheckTime(this.#deps.clock, this.#options.timeoutMs);
    this.#time = time;
    try {
      return await this.#check(time);
    } finally {
      time.stop();
      this.#time = null;
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#wanted?.cancel();
    this.#time?.end();
    if (this.#link !== null) {
      this.#retire(this.#link);
    }
    await Promise.all(this.#closing);
  }

  async #check(time: CheckTime): Promise<CheckResult> {
    const read = await orOver(this.#deps.metadata.read(), time);
    if (read === null || this.#closed) {
      return this.#forAll(outcomeOf('setup_failed', 'metadata could not be read in time', 'none'));
    }
    if (read.kind === 'failed') {
      return this.#forAll(outcomeOf('setup_failed', read.reason, 'none'));
    }
    const reused = this.#link;
    if (reused !== null) {
      const result = await this.#attempt(reused, read.metadata, time);
      const lost = [...result.values()].some(({ word }) => word === 'connection_lost');
      if (!lost || time.isOver) {
        return result;
      }
    }
    return await this.#attempt(this.#connect(), read.metadata, time);
  }

  async #attempt(link: Link, metadata: Metadata, time: CheckTime): Promise<CheckResult> {
    const { connection, watches } = link;
    const { timeoutMs, services } = this.#options;
    const { leftMs } = time;
    const connectTimer = this.#limitConnecting(connection, leftMs);
    const firsts = this.#options.mode === 'check' ? null : watches.open(metadata);
    const pending = services.map((service): PendingOutcome => {
      // Where nothing but Watch is to count, its first message is the result of the check that opened it.
      const first = this.#options.mode === 'watch' ? firsts?.get(service) : undefined;
      return first ?? startCheckCall(connection, { service, metadata, leftMs, timeoutMs });
    });
    time.whenOver(() => pending.forEach((call) => call.expire()));
    const outcomes = await Promise.all(pending.map(({ outcome }) => outcome));
    connectTimer?.cancel();
    this.#concludeAttempt(link, time.isOver, outcomes);
    return new Map(services.map((service, index) => [service, outcomes[index] ?? NO_OUTCOME]));
  }

  /** A connection on which a check was silent may be dead without a sign: the next check has a new one. */
  #concludeAttempt(link: Link, expired: boolean, outcomes: readonly Outcome[]): void {
    const answered = outcomes.every(({ reached }) => reached === 'answered');
    const timedOut = expired || outcomes.some(({ word }) => word === 'timeout');
    if (link.connection.state === 'ready' && !timedOut) {
      return;
    }
    this.#retire(link);
    if (answered) {
      this.#reopenAfterLoss(link, []);
    }
  }

  #limitConnecting(connection: GrpcConnection, leftMs: number): Timer | null {
    const { connectTimeoutMs } = this.#options;
    return connection.state === 'connecting' && connectTimeoutMs < leftMs
      ? this.#deps.clock.setTimer(connectTimeoutMs, () => connection.timeOutConnecting(connectTimeoutMs))
      : null;
  }

  #connect(): Link {
    const connection = new GrpcConnection(this.#target, (state) => this.#onConnectionState(link, state));
    const { mode, services, timeoutMs } = this.#options;
    const watches = new WatchSet(
      connection,
      { services, timeoutMs, retryUnimplemented: mode === 'watch' },
      {
        onMessage: (service, outcome) => this.#events.onMessage(service, outcome),
        onStreamEnd: (service, outcome, messages) => this.#onStreamEnd(link, service, outcome, messages),
      },
    );
    const link: Link = { connection, watches, startedAt: this.#deps.clock.now() };
    this.#link = link;
    return link;
  }

  #onConnectionState(link: Link, state: ConnectionState): void {
    // A check that runs on it sees for itself, and concludes.
    if ((state === 'draining' || state === 'closed') && this.#link === link && this.#time === null) {
      const { telling } = link.watches;
      this.#retire(link);
      this.#reopenAfterLoss(link, telling);
    }
  }

  /** @param services whose Watch went with the connection. */
  #reopenAfterLoss(link: Link, services: readonly string[]): void {
    if (this.#closed || this.#options.mode === 'check') {
      return;
    }
    const delayMs = this.#backoff.next(this.#deps.clock.now() - link.startedAt);
    if (delayMs > 0) {
      // A connection that breaks again and again is not how a server lives: its losses count.
      for (const service of services) {
        this.#events.onStreamFailure(service, 'Watch ended: connection lost');
      }
    }
    this.#wantCheck(delayMs);
  }

  #onStreamEnd(link: Link, service: string, outcome: Outcome, messages: number): void {
    if (this.#link !== link) {
      return;
    }
    // One that never told anything has failed to open, at which the Check beside it says how the endpoint is.
    if (messages > 0) {
      this.#events.onStreamFailure(service, outcome.reason);
    }
    this.#wantCheck(this.#backoff.next(messages > 0 ? this.#deps.clock.now() - link.startedAt : 0));
  }

  #wantCheck(delayMs: number): void {
    this.#wanted ??= this.#deps.clock.setTimer(delayMs, () => {
      this.#wanted = null;
      this.#events.onCheckWanted();
    });
  }

  #retire(link: Link): void {
    if (this.#link === link) {
      this.#link = null;
    }
    link.watches.close();
    link.connection.close();
    const closed = link.connection.closed.finally(() => this.#closing.delete(closed));
    this.#closing.add(closed);
  }

  #forAll(outcome: Outcome): CheckResult {
    return new Map(this.#options.services.map((service) => [service, outcome]));
  }
}

const NO_OUTCOME = outcomeOf('setup_failed', 'no outcome', 'none');
