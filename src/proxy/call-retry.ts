import { parsePreviousAttempts, parseRetryPushback } from '../grpc/retry-fields.ts';
import { type Field, type FieldList, NameId } from '../http2/index.ts';
import type { RetryBudget } from '../upstream/retry-budget.ts';
import type { Random } from '../util/random.ts';
import { RetryDenial } from './local-reason.ts';
import { backoffMs, namesStatus, type RetryPolicy } from './retry-policy.ts';

/**
 * The longest that a server may have a repetition wait (gRPC A6, "Pushback"): with more the call ends, as it would hold its request for that
 * long. Milliseconds.
 */
export const MAX_PUSHBACK_MS = 60_000;

/** The largest `grpc-timeout` in milliseconds: eight digits (gRPC over HTTP/2, "Timeout"). */
const MAX_TIMEOUT_VALUE = 99_999_999;

/** How long a call may take. Clock.now(), Infinity for any time. */
export interface CallEnds {
  /** When it is ended here. */
  readonly endMs: number;
  /** When the client's `grpc-timeout` is over. */
  readonly clientEndMs: number;
}

/** What an attempt came to. */
export interface AttemptEnd {
  /** Of gRPC. */
  readonly status: number;
  /** The server's `grpc-retry-pushback-ms`; null for none. */
  readonly pushback: Field | null;
  readonly nowMs: number;
}

/** Whether, when and how often one call is repeated by the policy of its route. The object is used again. */
export class CallRetry {
  /** Why the last attempt is the last one; null where nobody wants another. */
  denial: RetryDenial | null = null;
  #policy: RetryPolicy | null = null;
  #budget: RetryBudget | null = null;
  #endMs = 0;
  #clientEndMs = 0;
  /** Attempts after the first. */
  #repetitions = 0;
  /** Those since a server has last said how long to wait: A6 has the backoff start anew after that. */
  #backoffs = 0;
  /** Whether the budget counts this call. */
  #isCounted = false;
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  /** Whether the call may be repeated at all. */
  get isOn(): boolean {
    return this.#policy !== null;
  }

  /** Of each attempt. Milliseconds, 0 = no limit. */
  get perTryTimeoutMs(): number {
    return this.#policy === null ? 0 : this.#policy.perTryTimeoutMs;
  }

  /** A call begins. */
  begin(policy: RetryPolicy, budget: RetryBudget, { endMs, clientEndMs }: CallEnds): void {
    this.#policy = policy;
    this.#budget = budget;
    this.#endMs = Math.min(endMs, clientEndMs);
    this.#clientEndMs = clientEndMs;
    this.#repetitions = 0;
    this.#backoffs = 0;
    this.denial = null;
  }

  /**
   * How long to wait with another attempt. Milliseconds; -1 for no other attempt, of which `denial` may say more. An attempt that could begin
   * only when the client has given up is none.
   */
  plan({ status, pushback, nowMs }: AttemptEnd): number {
    const policy = this.#policy;
    this.settle();
    if (policy === null || !namesStatus(policy, status)) {
      return -1;
    }
    const asked = pushback === null ? undefined : parseRetryPushback(pushback.valueText());
    if (asked === null || (asked ?? 0) > MAX_PUSHBACK_MS) {
      return -1;
    }
    if (this.#repetitions + 1 >= policy.maxAttempts) {
      this.denial = RetryDenial.LIMIT;
      return -1;
    }
    this.#backoffs = asked === undefined ? this.#backoffs + 1 : 0;
    const delayMs = asked ?? backoffMs(policy, this.#backoffs, this.#random());
    if (nowMs + delayMs >= this.#endMs) {
      return -1;
    }
    return this.#take(policy) ? delayMs : -1;
  }

  /**
   * Says in a request how often it was tried before, on top of what the client said, and how much of its time will be left at `atMs`
   * (gRPC A6, "Exposed Retry Metadata"). The first attempt says what the client has said, even if it had to wait for a connection: Envoy too
   * settles `grpc-timeout` before it asks for one, and takes the time that has passed off for repetitions alone. The deadline is kept here.
   */
  mark(fields: FieldList, atMs: number): void {
    const attempts = parsePreviousAttempts(fields.get(NameId.GRPC_PREVIOUS_RPC_ATTEMPTS)?.valueText() ?? '') + 1;
    if (!fields.replaceText(NameId.GRPC_PREVIOUS_RPC_ATTEMPTS, String(attempts))) {
      fields.pushText('grpc-previous-rpc-attempts', String(attempts));
    }
    const leftMs = Math.ceil(this.#clientEndMs - atMs);
    if (leftMs > 0 && leftMs <= MAX_TIMEOUT_VALUE) {
      fields.replaceText(NameId.GRPC_TIMEOUT, `${leftMs}m`);
    }
  }

  /** The attempt has come to something. */
  settle(): void {
    if (this.#isCounted) {
      this.#isCounted = false;
      this.#budget?.give();
    }
  }

  /** The call is over. */
  clear(): void {
    this.settle();
    this.#policy = null;
    this.#budget = null;
    this.denial = null;
  }

  #take(policy: RetryPolicy): boolean {
    if (this.#budget?.take(policy.budget) !== true) {
      this.denial = RetryDenial.OVERFLOW;
      return false;
    }
    this.#isCounted = true;
    this.#repetitions++;
    return true;
  }
}
