import type { LocalReason } from './local-reason.ts';
import type { CallObserver, CallView } from './observer.ts';

/** Tells each of the observers, in their order. Null for none, so that nothing is told; the only one is told without a detour. */
export function joinObservers(observers: readonly CallObserver[]): CallObserver | null {
  const [first = null] = observers;
  return observers.length > 1 ? new JoinedObserver(observers) : first;
}

/** Loops by index, as this is called for every call and must make no garbage. */
class JoinedObserver implements CallObserver {
  readonly wantsResponseFields: boolean;
  readonly onUnroutedEnd?: (call: CallView, isProbe: boolean) => void;
  readonly #observers: readonly CallObserver[];

  constructor(observers: readonly CallObserver[]) {
    this.#observers = observers;
    this.wantsResponseFields = observers.some((observer) => observer.wantsResponseFields === true);
    const curious = observers.filter((observer) => observer.onUnroutedEnd !== undefined);
    if (curious.length > 0) {
      this.onUnroutedEnd = (call, isProbe) => {
        for (const observer of curious) {
          observer.onUnroutedEnd?.(call, isProbe);
        }
      };
    }
  }

  onCallStart(call: CallView): void {
    for (let index = 0; index < this.#observers.length; index++) {
      this.#observers[index]?.onCallStart(call);
    }
  }

  onCallEnd(call: CallView): void {
    for (let index = 0; index < this.#observers.length; index++) {
      this.#observers[index]?.onCallEnd(call);
    }
  }

  onRetry(call: CallView): void {
    for (let index = 0; index < this.#observers.length; index++) {
      this.#observers[index]?.onRetry(call);
    }
  }

  onLocalReply(reason: LocalReason): void {
    for (let index = 0; index < this.#observers.length; index++) {
      this.#observers[index]?.onLocalReply(reason);
    }
  }
}
