import type { RetryShare } from '../upstream/retry-budget.ts';

/** When a route's calls are repeated although an endpoint may have executed them. */
export interface RetryPolicy {
  /** Codes of gRPC that another attempt may follow, as bits. */
  readonly statuses: number;
  /** The first one included; 2 or more. gRPC A6: `maxAttempts`; Envoy: `num_retries` and one. */
  readonly maxAttempts: number;
  /** From the end of the request to the response's header section. Milliseconds, 0 = no limit. Envoy: `per_try_timeout`. */
  readonly perTryTimeoutMs: number;
  /** Before the n-th repetition, any time below min(baseMs × 2^(n-1), maxMs). Milliseconds. Envoy: `retry_back_off`. */
  readonly backoff: { readonly baseMs: number; readonly maxMs: number };
  /** Null for the cluster's maxRetries. */
  readonly budget: RetryShare | null;
}

/** The codes as RetryPolicy.statuses. */
export function toStatusBits(codes: readonly number[]): number {
  return codes.reduce((bits, code) => bits | (1 << code), 0);
}

/** Whether the policy names the code. */
export function namesStatus({ statuses }: RetryPolicy, code: number): boolean {
  return code > 0 && code < 32 && ((statuses >>> code) & 1) === 1;
}

/**
 * How long to wait before a repetition, the first as number 1: exponential with full jitter, as Envoy has it, so that calls that failed
 * together do not come back together. `chance` is from 0 to 1. Milliseconds.
 */
export function backoffMs({ backoff }: RetryPolicy, repetition: number, chance: number): number {
  return chance * Math.min(backoff.baseMs * 2 ** (repetition - 1), backoff.maxMs);
}
