import { isDeepStrictEqual } from 'node:util';
import type { Logger } from 'pino';
import type { Address } from '../model/address.ts';
import { Listener } from '../proxy/listener.ts';
import type { ListenerObserver } from '../proxy/listener-options.ts';
import { validityProblem } from '../tls/certificate-store.ts';
import type { ServerTls } from '../tls/server-options.ts';
import type { Clock, Timer } from '../util/clock.ts';
import { type BoundListener, findSlot, type ListenerPlan, ListenerSlot } from './listener-slot.ts';
import { loadListenerTls } from './listener-tls.ts';

export interface ListenerSetDeps {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly observer: ListenerObserver;
}

/** What becomes of the files of one listener that cannot be used: throws, or goes on with those of before. */
export type OnBadFiles = (error: unknown) => void;

/** A plan, with the listener that is to carry it out. */
interface Step {
  readonly plan: ListenerPlan;
  readonly tls: ServerTls | null;
  /** Whose place it takes; null for an address that was not bound. */
  readonly before: ListenerSlot | null;
  /** Null where that goes on itself. */
  readonly made: BoundListener | null;
}

/** How often listeners that were replaced are looked at, whether their last connection has ended. Milliseconds. */
const LEAVE_POLL_MS = 250;

/** Several listeners that start, drain and end together. */
export class ListenerSet {
  readonly #deps: ListenerSetDeps;
  #slots: readonly ListenerSlot[] = [];
  #steps: readonly Step[] = [];
  /** The ends of those that were removed, and what cuts them short. */
  readonly #closing = new Set<Promise<void>>();
  readonly #hurry = new AbortController();
  #leaveTimer: Timer | null = null;

  constructor(deps: ListenerSetDeps) {
    this.#deps = deps;
  }

  /** What is bound, by name, with real ports. */
  get addresses(): ReadonlyMap<string, Address> {
    return new Map(this.#slots.map(({ plan, address }) => [plan.name, address]));
  }

  /** In the order of the configuration. */
  get listeners(): readonly Pick<Listener, 'name' | 'connections' | 'certificateExpiryMs'>[] {
    return this.#slots;
  }

  /**
   * Reads every certificate, then binds every address, in order. Called once; what is bound when it fails, `close` ends.
   *
   * @throws BridgeError `CERTIFICATE_UNUSABLE` or `LISTEN_FAILED`, one line.
   */
  async listen(plans: readonly ListenerPlan[]): Promise<void> {
    await this.prepare(plans);
    this.commit(0);
  }

  /**
   * Reads every certificate and binds every address that is not bound yet, beside what is in force; `commit` puts it there.
   *
   * @param onBadFiles default: throws.
   * @throws BridgeError `CERTIFICATE_UNUSABLE` or `LISTEN_FAILED`, one line; then nothing has changed.
   */
  async prepare(plans: readonly ListenerPlan[], onBadFiles: OnBadFiles = rethrow): Promise<void> {
    const befores = plans.map((plan) => findSlot(this.#slots, plan));
    const loaded = await Promise.all(plans.map((plan, index) => this.#loadTls(plan, befores[index] ?? null, onBadFiles)));
    const steps: Step[] = [];
    this.#steps = steps;
    try {
      for (const [index, plan] of plans.entries()) {
        const before = befores[index] ?? null;
        const tls = loaded[index] ?? null;
        steps.push({ plan, tls, before, made: await this.#make(plan, tls, before) });
      }
    } catch (error) {
      await this.discard();
      throw error;
    }
  }

  /** Ends what was prepared and is not in force. */
  async discard(): Promise<void> {
    const made = this.#steps.flatMap((step) => (step.made === null ? [] : [step.made.listener.close()]));
    this.#steps = [];
    await Promise.all(made);
  }

  /** Puts in force what was prepared. Listeners that are not wanted any more have `drainMs` to finish their requests. */
  commit(drainMs: number): void {
    const slots = this.#steps.map(({ plan, tls, before, made }) => {
      if (before === null) {
        return new ListenerSlot(plan, tls, made);
      }
      before.goOn(plan, tls, made);
      return before;
    });
    const removed = this.#slots.filter((slot) => !slots.includes(slot));
    this.#steps = [];
    this.#slots = slots;
    for (const slot of removed) {
      this.#remove(slot, drainMs);
    }
    this.#endUnused();
  }

  /** Tells every peer to leave, and resolves when no request is in flight or when the signal aborts. Addresses stay bound. */
  async drain(signal: AbortSignal): Promise<void> {
    await Promise.all(this.#slots.map((slot) => slot.drain(signal)));
  }

  /** Ends every connection at once. May be called again. */
  async close(): Promise<void> {
    this.#leaveTimer?.cancel();
    this.#hurry.abort();
    await this.discard();
    await Promise.all([...this.#closing, ...this.#slots.map((slot) => slot.close())]);
  }

  /** The listener that carries the plan out; null where the one that there is can. */
  async #make(plan: ListenerPlan, tls: ServerTls | null, before: ListenerSlot | null): Promise<BoundListener | null> {
    if (before !== null && isDeepStrictEqual(before.plan.settings, plan.settings)) {
      return null;
    }
    const { clock, observer } = this.#deps;
    const { name, address, requestHandler, options } = plan;
    const listener = new Listener({ ...options, name, address, tls, requestHandler, observer, clock });
    try {
      return { listener, address: before === null ? await listener.listen() : before.address };
    } catch (error) {
      await listener.close();
      throw error;
    }
  }

  #remove(slot: ListenerSlot, drainMs: number): void {
    const deadline = new AbortController();
    const timer = this.#deps.clock.setTimer(drainMs, () => deadline.abort());
    const closed = slot.close(AbortSignal.any([deadline.signal, this.#hurry.signal])).finally(() => {
      timer.cancel();
      this.#closing.delete(closed);
    });
    this.#closing.add(closed);
  }

  #endUnused(): void {
    this.#leaveTimer?.cancel();
    let left = 0;
    for (const slot of this.#slots) {
      left += slot.endUnused();
    }
    this.#leaveTimer = left === 0 ? null : this.#deps.clock.setTimer(LEAVE_POLL_MS, () => this.#endUnused());
  }

  async #loadTls(plan: ListenerPlan, before: ListenerSlot | null, onBadFiles: OnBadFiles): Promise<ServerTls | null> {
    const { name, tls } = plan;
    if (tls === null) {
      return null;
    }
    const nowMs = this.#deps.clock.wallNow();
    const known = before?.tls ?? null;
    const kept = tls.selfSigned && before?.plan.tls?.selfSigned === true ? (known?.certificate ?? null) : null;
    let loaded: ServerTls;
    try {
      loaded = await loadListenerTls(name, tls, { nowMs, kept });
    } catch (error) {
      onBadFiles(error);
      return known;
    }
    const { certificate } = loaded;
    const problem = validityProblem(certificate, nowMs);
    if (problem !== null && certificate.chain !== known?.certificate.chain) {
      this.#deps.logger.warn({ listener: name, problem }, 'certificate is out of its time');
    }
    return loaded;
  }
}

function rethrow(error: unknown): never {
  throw error;
}
