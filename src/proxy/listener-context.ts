import type { SlabPool } from '../http2/index.ts';
import type { Turn } from '../transport/turn.ts';
import type { Clock } from '../util/clock.ts';
import type { Random } from '../util/random.ts';
import { DEFAULT_FORWARDED_HEADERS, type ForwardedHeadersOptions } from './forwarded-headers.ts';
import {
  DEFAULT_IDLE_TIMEOUT_MS,
  DEFAULT_LISTENER_LIMITS,
  type DownstreamHttp2Options,
  type ListenerLimits,
  type ListenerObserver,
  type ListenerOptions,
} from './listener-options.ts';
import type { LocalHandler } from './local-handler.ts';
import type { CallObserver } from './observer.ts';
import type { RequestHandler } from './request-handler.ts';
import { Router } from './router.ts';

/** What the parts of one listener share: its options with every default filled in. */
export interface ListenerContext {
  readonly limits: ListenerLimits;
  /** Those of the limits that were given, not defaults. */
  readonly givenLimits: Partial<ListenerLimits>;
  readonly http2: DownstreamHttp2Options;
  readonly idleTimeoutMs: number;
  readonly router: Router;
  readonly isHealthPath: (pathname: string) => boolean;
  readonly requestHandler: RequestHandler;
  readonly localHandler: LocalHandler | null;
  readonly forwardedHeaders: ForwardedHeadersOptions;
  readonly observer: ListenerObserver;
  readonly callObserver: CallObserver | null;
  readonly clock: Clock;
  readonly random: Random;
  readonly turn: Turn;
  readonly slabs: SlabPool | null;
}

/** With 0.5 nothing is spread. */
const NO_CHANCE: Random = () => 0.5;

/** Fills in the defaults. */
export function toListenerContext(options: ListenerOptions, turn: Turn): ListenerContext {
  return {
    limits: { ...DEFAULT_LISTENER_LIMITS, ...options.limits },
    givenLimits: options.limits ?? {},
    http2: options.http2 ?? {},
    idleTimeoutMs: options.idleTimeoutMs ?? DEFAULT_IDLE_TIMEOUT_MS,
    router: new Router(options.routes ?? []),
    isHealthPath: options.isHealthPath ?? (() => false),
    requestHandler: options.requestHandler,
    localHandler: options.localHandler ?? null,
    forwardedHeaders: options.forwardedHeaders ?? DEFAULT_FORWARDED_HEADERS,
    observer: options.observer,
    callObserver: options.callObserver ?? null,
    clock: options.clock,
    random: options.random ?? NO_CHANCE,
    turn,
    slabs: options.slabs ?? null,
  };
}
