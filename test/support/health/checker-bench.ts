import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import type { Checker } from '../../../src/health/checker.ts';
import { createCheckerFor } from '../../../src/health/create-checker.ts';
import type { HealthClusterOptions } from '../../../src/health/options.ts';
import type { Outcome, OutcomeWord } from '../../../src/health/outcome.ts';
import { createEndpoint, type Endpoint } from '../../../src/model/endpoint.ts';
import { type Clock, systemClock } from '../../../src/util/clock.ts';

/** What a checker told between checks, in order. */
export type CheckerEvent =
  | { readonly kind: 'message'; readonly service: string; readonly word: OutcomeWord }
  | { readonly kind: 'streamFailure'; readonly service: string; readonly reason: string }
  | { readonly kind: 'checkWanted' };

/** How long something may take that needs no time. Milliseconds. */
const DEADLINE_MS = 5_000;

/** One real checker on real sockets; disposing it closes it. */
export class CheckerBench implements AsyncDisposable {
  readonly checker: Checker;
  readonly told: CheckerEvent[] = [];
  readonly #events = new EventEmitter<{ told: [] }>();

  constructor(endpoint: Endpoint, cluster: HealthClusterOptions, clock: Clock = systemClock) {
    const create = createCheckerFor({ clock, random: () => 0.5, userAgent: 'bridge-test/1' })(cluster);
    const tell = (event: CheckerEvent): void => {
      this.told.push(event);
      this.#events.emit('told');
    };
    this.checker = create(endpoint, {
      onMessage: (service, { word }) => tell({ kind: 'message', service, word }),
      onStreamFailure: (service, reason) => tell({ kind: 'streamFailure', service, reason }),
      onCheckWanted: () => tell({ kind: 'checkWanted' }),
    });
  }

  /** One check of a single service. */
  async check(): Promise<Outcome> {
    const [outcome] = (await this.checker.check()).values();
    assert.ok(outcome !== undefined);
    return outcome;
  }

  async word(): Promise<OutcomeWord> {
    return (await this.check()).word;
  }

  /** Resolves once so many events were told, and returns all. */
  async untilTold(count: number): Promise<readonly CheckerEvent[]> {
    const signal = AbortSignal.timeout(DEADLINE_MS);
    while (this.told.length < count) {
      await once(this.#events, 'told', { signal });
    }
    return this.told;
  }

  /** The words of the Watch messages so far. */
  get words(): readonly OutcomeWord[] {
    return this.told.flatMap((event) => (event.kind === 'message' ? [event.word] : []));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.checker.close();
  }
}

/** An endpoint on loopback. */
export function localEndpoint(port: number, hostname: string | null = null): Endpoint {
  return createEndpoint({ kind: 'tcp', host: '127.0.0.1', port }, hostname);
}
