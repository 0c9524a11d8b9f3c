import { type Static, Type } from 'typebox';
import { closed, durationKey, toMs, wholeKey, wordKey } from '../keys.ts';
import { listKey } from '../lists.ts';
import { complement, type Finding, withRule } from '../rules.ts';

/** The words of the key `retryOn`: the codes of gRPC but OK, each at its number less one. */
const RETRY_STATUSES = [
  'cancelled',
  'unknown',
  'invalidArgument',
  'deadlineExceeded',
  'notFound',
  'alreadyExists',
  'permissionDenied',
  'resourceExhausted',
  'failedPrecondition',
  'aborted',
  'outOfRange',
  'unimplemented',
  'internal',
  'unavailable',
  'dataLoss',
  'unauthenticated',
] as const;

/** The longest pause as a multiple of the first one, where nothing else is said; Envoy's. */
const BACKOFF_SPREAD = 10;

const BackoffSchema = Type.Object(
  {
    base: durationKey({
      description:
        'The pause before the first repetition is any time below this, and with each further one below twice as much. Times are measured in steps of 25 ms. Envoy: `retry_back_off.base_interval`; gRPC: `initialBackoff`.',
      default: '25ms',
      minimum: '1ms',
      maximum: '1m',
    }),
    max: Type.Optional(
      durationKey({
        description: 'The longest pause, not below base. Envoy: `retry_back_off.max_interval`; gRPC: `maxBackoff`.',
        defaultText: '10 times base',
        minimum: '1ms',
        maximum: '10m',
      }),
    ),
  },
  closed({
    description:
      'Pauses between attempts, where the server asks for none with `grpc-retry-pushback-ms`, which goes before. Envoy: `retry_back_off`; gRPC: `initialBackoff`, `maxBackoff` and a `backoffMultiplier` of 2.',
    default: {},
  }),
);

const BudgetSchema = Type.Object(
  {
    percent: wholeKey({
      description: "Of the cluster's calls, those that wait for a connection included. Envoy: `budget_percent`; gRPC: no twin.",
      default: 20,
      minimum: 0,
      maximum: 100,
    }),
    min: wholeKey({
      description: 'So many are allowed however few the calls are. Envoy: `min_retry_concurrency`; gRPC: no twin.',
      default: 3,
      minimum: 0,
      maximum: 1_000_000,
    }),
  },
  closed({
    description:
      "Calls of the cluster that may be repeated at once, in place of its connectionPool.maxRetries; left out, that holds. Envoy: `retry_budget` of a cluster's circuit breakers; gRPC: `retryThrottling` (A6), which counts tokens.",
  }),
);

const RetryShape = Type.Object(
  {
    retryOn: listKey(wordKey(RETRY_STATUSES, { description: 'A status of gRPC.' }), {
      description:
        'Statuses that end an attempt, not the call, as long as the client has got nothing of the response: a response that is nothing but its header section, and what the loss of a connection (unavailable), RST_STREAM or perTryTimeout (deadlineExceeded) means. The endpoint may have executed the call, so name only what the methods can bear twice. Requests of more than 64 KiB and requests that are not gRPC are not repeated. There is no hedging. Envoy: `retry_on` has cancelled, deadline-exceeded, internal, resource-exhausted and unavailable of these, and `reset` for the others of this list; gRPC: `retryableStatusCodes`.',
      default: [],
      maxItems: RETRY_STATUSES.length,
      uniqueBy: (status) => status,
    }),
    maxAttempts: wholeKey({
      description:
        'Attempts of one call, the first one included; 2 or more with retryOn. Those that no endpoint has begun to process do not count. Envoy: `num_retries`, which is one less; gRPC: `maxAttempts`, with the same maximum.',
      default: 1,
      minimum: 1,
      maximum: 5,
    }),
    perTryTimeout: durationKey({
      description:
        'The longest from the end of the request to the header section of the response, for each attempt; then it is deadlineExceeded, which retryOn may name. 0s is any time. Envoy: `per_try_timeout`; gRPC: `perAttemptRecvTimeout` of some.',
      default: '0s',
      minimum: '0s',
      maximum: '24h',
    }),
    backoff: BackoffSchema,
    budget: Type.Optional(BudgetSchema),
  },
  closed({
    description: 'Which calls are tried again although an endpoint may have executed them. Of clusters with protocol http2.',
    default: {},
  }),
);

type RetrySection = Static<typeof RetryShape>;

/** The key `retry` of a route. */
export const RetrySchema = withRule(RetryShape, (section) =>
  section.retryOn.length === 0 ? findIdleKeys(section) : findContradictions(section),
);

/** Which calls of a route are repeated. Lengths are milliseconds. */
export interface RetryConfig {
  /** Codes of gRPC, one or more. */
  readonly codes: readonly number[];
  /** 2 or more. */
  readonly maxAttempts: number;
  /** 0 is none. Default 0. */
  readonly perTryTimeoutMs: number;
  /** Default 25, and 10 times as much. */
  readonly backoff: { readonly baseMs: number; readonly maxMs: number };
  /** Null for the maxRetries of the cluster, the default. */
  readonly budget: { readonly percent: number; readonly min: number } | null;
}

/** Null where nothing is to be repeated. */
export function toRetryConfig({ retryOn, maxAttempts, perTryTimeout, backoff, budget }: RetrySection): RetryConfig | null {
  if (retryOn.length === 0) {
    return null;
  }
  return {
    codes: retryOn.map((status) => RETRY_STATUSES.indexOf(status) + 1),
    maxAttempts,
    perTryTimeoutMs: toMs(perTryTimeout),
    backoff: toBackoff(backoff),
    budget: budget ?? null,
  };
}

function toBackoff({ base, max }: RetrySection['backoff']): RetryConfig['backoff'] {
  const baseMs = toMs(base);
  return { baseMs, maxMs: max === undefined ? BACKOFF_SPREAD * baseMs : toMs(max) };
}

/** Without a status to repeat, everything else that is said has no effect. */
function findIdleKeys(section: RetrySection): readonly Finding[] {
  const plain = complement(RetryShape, {}) ?? section;
  return (['maxAttempts', 'perTryTimeout', 'backoff', 'budget'] as const)
    .filter((key) => JSON.stringify(section[key]) !== JSON.stringify(plain[key]))
    .map((key) => ({ at: [key], message: 'has no effect without retryOn' }));
}

function findContradictions({ maxAttempts, backoff }: RetrySection): readonly Finding[] {
  const { baseMs, maxMs } = toBackoff(backoff);
  return [
    ...(maxAttempts > 1 ? [] : [{ at: ['maxAttempts'], message: 'must be 2 or more with retryOn', got: maxAttempts }]),
    ...(maxMs >= baseMs
      ? []
      : [{ at: ['backoff', 'max'], message: `must not be below base, ${backoff.base}`, got: backoff.max }]),
  ];
}
