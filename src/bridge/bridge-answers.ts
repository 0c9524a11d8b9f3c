import type { BridgeVerdict } from '../aggregation/verdict.ts';
import type { Config } from '../config/load.ts';
import type { ListenerConfig } from '../config/sections/listener.ts';
import type { HealthAnswerOptions } from '../http/health-answer.ts';
import { createHealthApp, createNoHealthApp, type HealthAppObserver } from '../http/health-app.ts';
import type { BridgeLifecycle } from './lifecycle.ts';
import { type Answers, ListenerFront } from './listener-front.ts';
import { toListenerOptions } from './listener-settings.ts';

export interface BridgeAnswersDeps {
  readonly lifecycle: BridgeLifecycle;
  /** Asked for with every answer. */
  readonly verdict: () => BridgeVerdict;
  readonly observer: HealthAppObserver;
}

/** What the listeners of a bridge answer by themselves, as the configuration in force has it. */
export class BridgeAnswers {
  readonly #deps: BridgeAnswersDeps;
  /** By the name of the listener. */
  readonly #fronts = new Map<string, ListenerFront>();
  #admin: ListenerFront | null = null;

  constructor(deps: BridgeAnswersDeps) {
    this.#deps = deps;
  }

  /** That of a listener, made when it is asked for first. */
  frontOf(listener: ListenerConfig, config: Config): ListenerFront {
    const front =
      this.#fronts.get(listener.name) ?? new ListenerFront(basisOf(config, listener), this.#createPublic(listener, config));
    this.#fronts.set(listener.name, front);
    return front;
  }

  /** That of the health URLs of the admin listener, made when it is asked for first. */
  adminFront(config: Config): ListenerFront {
    this.#admin ??= new ListenerFront(basisOf(config, null), this.#createAdmin(config));
    return this.#admin;
  }

  async ready(): Promise<void> {
    await Promise.all(this.#all.map((front) => front.ready()));
  }

  /** Makes what another configuration answers, for `commit` to put in force. */
  async prepare(config: Config): Promise<void> {
    const listeners = config.listeners.map((listener) =>
      this.#fronts.get(listener.name)?.prepare(basisOf(config, listener), () => this.#createPublic(listener, config)),
    );
    await Promise.all([...listeners, this.#admin?.prepare(basisOf(config, null), () => this.#createAdmin(config))]);
  }

  /** `config`: what was prepared. */
  commit(config: Config): void {
    this.#settle(config, (front) => front.commit());
  }

  /** `config`: what stays in force. */
  discard(config: Config): void {
    this.#settle(config, (front) => front.discard());
  }

  async close(): Promise<void> {
    await Promise.all(this.#all.map((front) => front.close()));
  }

  get #all(): readonly ListenerFront[] {
    return [...this.#fronts.values(), ...(this.#admin === null ? [] : [this.#admin])];
  }

  /** Also ends the answers of listeners that there are not. */
  #settle({ listeners }: Config, settle: (front: ListenerFront) => void): void {
    this.#all.forEach(settle);
    const names = new Set(listeners.map(({ name }) => name));
    for (const [name, front] of this.#fronts) {
      if (!names.has(name)) {
        this.#fronts.delete(name);
        // It has no sockets: its end waits for nothing, and it answers on for those that are led to it.
        void front.close();
      }
    }
  }

  #createPublic(listener: ListenerConfig, config: Config): Answers {
    const { observer } = this.#deps;
    const isHealthPath = toListenerOptions(listener, config).isHealthPath ?? (() => false);
    if (listener.health === 'none') {
      return { app: createNoHealthApp(observer), isHealthPath };
    }
    // Who can open a socket file is on this machine, as a loopback peer is.
    const details = listener.address.kind === 'unix' ? 'full' : config.health.details;
    return { app: createHealthApp({ ...this.#options(config), ...observer, audience: 'public', details }), isHealthPath };
  }

  #createAdmin(config: Config): Answers {
    return {
      app: createHealthApp({ ...this.#options(config), ...this.#deps.observer, audience: 'admin' }),
      isHealthPath: () => true,
    };
  }

  #options(config: Config): Omit<HealthAnswerOptions, 'audience'> {
    const { lifecycle, verdict } = this.#deps;
    return { ...config.health, verdict, lifecycle: () => lifecycle, retryAfterSeconds: retryAfterSeconds(config) };
  }
}

/** What the answers of a listener depend on; null for the admin listener. */
function basisOf(config: Config, listener: ListenerConfig | null): unknown {
  return {
    health: config.health,
    listener: listener?.health,
    isUnix: listener?.address.kind === 'unix',
    retryAfterSeconds: retryAfterSeconds(config),
  };
}

/** When a probe that has failed may find another answer: after the shortest pause between two checks. */
function retryAfterSeconds({ clusters }: Config): number {
  const shortestMs = Math.min(...clusters.map(({ healthCheck }) => healthCheck.unhealthyIntervalMs));
  return Math.max(1, Math.ceil(shortestMs / 1000));
}
