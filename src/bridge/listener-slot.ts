import { isDeepStrictEqual } from 'node:util';
import type { ListenerTlsConfig } from '../config/sections/listener-tls.ts';
import type { Address } from '../model/address.ts';
import type { ConnectionProtocol, Listener } from '../proxy/listener.ts';
import type { ListenerOptions } from '../proxy/listener-options.ts';
import type { RequestHandler } from '../proxy/request-handler.ts';
import type { ServerTls } from '../tls/server-options.ts';

/** One address to bind, and who answers there. */
export interface ListenerPlan {
  readonly name: string;
  readonly address: Address;
  readonly tls: ListenerTlsConfig | null;
  readonly requestHandler: RequestHandler;
  /** What else is known of it. */
  readonly options: Partial<ListenerOptions>;
  /** What a listener cannot change while it lives, to be compared: other settings need another one in its place. Default: nothing. */
  readonly settings?: unknown;
}

/** A listener, and where it is bound or about to be. */
export interface BoundListener {
  readonly listener: Listener;
  readonly address: Address;
}

/**
 * Listeners that were replaced at one address and still have connections; one more ends those of the oldest. A load balancer may keep an
 * idle connection for ten minutes, and each reload may leave a listener behind.
 */
export const MAX_LEAVING_LISTENERS = 4;

/** One bound address: the listener that accepts there, and those before it whose connections have not all ended. */
export class ListenerSlot {
  readonly address: Address;
  #plan: ListenerPlan;
  #tls: ServerTls | null;
  #listener: Listener;
  /** The oldest first. */
  readonly #leaving = new Set<Listener>();
  readonly #closing = new Set<Promise<void>>();

  /** `made` accepts already. */
  constructor(plan: ListenerPlan, tls: ServerTls | null, made: BoundListener | null) {
    if (made === null) {
      throw new Error(`the listener ${plan.name} was not made`);
    }
    this.address = made.address;
    this.#plan = plan;
    this.#tls = tls;
    this.#listener = made.listener;
  }

  get plan(): ListenerPlan {
    return this.#plan;
  }

  get tls(): ServerTls | null {
    return this.#tls;
  }

  get name(): string {
    return this.#plan.name;
  }

  get certificateExpiryMs(): number | null {
    return this.#listener.certificateExpiryMs;
  }

  /** Open connections by protocol, those of replaced listeners included. */
  get connections(): ReadonlyMap<ConnectionProtocol, number> {
    const sum = new Map(this.#listener.connections);
    for (const { connections } of this.#leaving) {
      for (const [protocol, count] of connections) {
        sum.set(protocol, (sum.get(protocol) ?? 0) + count);
      }
    }
    return sum;
  }

  /** Carries another plan out: `made` takes the address over if it is one, else the listener changes what it can while it lives. */
  goOn(plan: ListenerPlan, tls: ServerTls | null, made: BoundListener | null): void {
    if (made !== null) {
      made.listener.takeOver(this.#listener);
      // Its clients come back to the new one; calls that are under way end where they are.
      this.#listener.startDrain();
      this.#leaving.add(this.#listener);
      this.#listener = made.listener;
    } else if (tls !== null && !isDeepStrictEqual(tls, this.#tls)) {
      this.#listener.setTls(tls);
    }
    this.#plan = plan;
    this.#tls = tls;
    for (const listener of [this.#listener, ...this.#leaving]) {
      listener.setRoutes(plan.options.routes ?? []);
    }
  }

  /** Closes replaced listeners without connections, and returns how many are left. */
  endUnused(): number {
    for (const listener of this.#leaving) {
      const open = [...listener.connections.values()].reduce((sum, count) => sum + count, 0);
      if (open === 0 || this.#leaving.size > MAX_LEAVING_LISTENERS) {
        this.#leaving.delete(listener);
        const closed = listener.close().finally(() => this.#closing.delete(closed));
        this.#closing.add(closed);
      }
    }
    return this.#leaving.size;
  }

  /** Tells every peer to leave, and resolves when no request is in flight or when the signal aborts. */
  async drain(signal: AbortSignal): Promise<void> {
    const all = [this.#listener, ...this.#leaving];
    for (const listener of all) {
      listener.startDrain();
    }
    await Promise.all(all.map((listener) => listener.untilIdle(signal)));
  }

  /** Stops accepting, and ends every connection: at once, or when no request is in flight or the signal aborts. May be called again. */
  async close(signal?: AbortSignal): Promise<void> {
    await Promise.all([...this.#closing, ...[this.#listener, ...this.#leaving].map((listener) => listener.close(signal))]);
  }
}

/** The slot that a plan goes on with: that of its address, and where the system chooses the port, also of its name. */
export function findSlot(slots: readonly ListenerSlot[], { name, address }: ListenerPlan): ListenerSlot | null {
  const isFree = address.kind === 'tcp' && address.port === 0;
  return slots.find(({ plan }) => isDeepStrictEqual(plan.address, address) && (!isFree || plan.name === name)) ?? null;
}
