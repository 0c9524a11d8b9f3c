import type { Clock } from '../util/clock.ts';
import type { Random } from '../util/random.ts';
import type { DeadlineWheel } from './deadline-wheel.ts';
import { Exchange, type ExchangeHome } from './exchange.ts';
import type { LocalReplies } from './local-replies.ts';
import type { CallObserver } from './observer.ts';
import { ReplayBudget } from './request-replay.ts';

/** Idle exchanges kept for reuse. */
const MAX_IDLE = 1024;

/** The exchanges of one listener: those under way, and idle ones to be used again. */
export class Relay implements ExchangeHome {
  readonly clock: Clock;
  readonly random: Random;
  readonly wheel: DeadlineWheel;
  readonly replies: LocalReplies;
  readonly observer: CallObserver | null;
  readonly budget: ReplayBudget = new ReplayBudget();
  readonly #idle: Exchange[] = [];
  /** All that are under way, so that the end of a drain finds them. */
  readonly #live: Exchange[] = [];

  constructor(parts: Omit<ExchangeHome, 'budget' | 'give'>) {
    this.clock = parts.clock;
    this.random = parts.random;
    this.wheel = parts.wheel;
    this.replies = parts.replies;
    this.observer = parts.observer;
  }

  /** Exchanges under way. */
  get live(): number {
    return this.#live.length;
  }

  /** An exchange that nobody uses; its owner starts it. */
  take(): Exchange {
    const exchange = this.#idle.pop() ?? new Exchange(this);
    exchange.liveIndex = this.#live.length;
    this.#live.push(exchange);
    return exchange;
  }

  /** An exchange whose streams are gone. */
  give(exchange: Exchange): void {
    const last = this.#live.pop();
    if (last !== undefined && last !== exchange) {
      last.liveIndex = exchange.liveIndex;
      this.#live[last.liveIndex] = last;
    }
    if (this.#idle.length < MAX_IDLE) {
      this.#idle.push(exchange);
    }
  }

  /** Ends every call that is under way with UNAVAILABLE. */
  abandonAll(): void {
    // An exchange leaves the list only when its streams are told to be closed, which is not in here.
    for (const exchange of this.#live) {
      exchange.abandon();
    }
  }
}
