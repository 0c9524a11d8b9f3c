import { hostname } from 'node:os';
import type { Logger } from 'pino';
import type { ListenerTlsConfig } from '../config/sections/listener.ts';
import type { Address } from '../model/address.ts';
import { Listener } from '../proxy/listener.ts';
import type { ListenerObserver, ListenerOptions, ListenerTls } from '../proxy/listener-options.ts';
import type { RequestHandler } from '../proxy/request-handler.ts';
import { type Certificate, loadCertificate, validityProblem } from '../tls/certificate-store.ts';
import { createSelfSignedCertificate } from '../tls/self-signed.ts';
import type { Clock } from '../util/clock.ts';

/** One address to bind, and who answers there. */
export interface ListenerPlan {
  readonly name: string;
  readonly address: Address;
  readonly tls: ListenerTlsConfig | null;
  readonly requestHandler: RequestHandler;
  /** What else is known of it. */
  readonly options: Partial<ListenerOptions>;
}

export interface ListenerSetDeps {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly observer: ListenerObserver;
}

/** Several listeners that start, drain and end together. */
export class ListenerSet {
  readonly #deps: ListenerSetDeps;
  readonly #addresses = new Map<string, Address>();
  #listeners: readonly Listener[] = [];

  constructor(deps: ListenerSetDeps) {
    this.#deps = deps;
  }

  /** What is bound, by name, with real ports. */
  get addresses(): ReadonlyMap<string, Address> {
    return this.#addresses;
  }

  /** In the order of the configuration. */
  get listeners(): readonly Listener[] {
    return this.#listeners;
  }

  /**
   * Reads every certificate, then binds every address, in order. Called once; what is bound when it fails, `close` ends.
   *
   * @throws BridgeError `CERTIFICATE_UNUSABLE` or `LISTEN_FAILED`, one line.
   */
  async listen(plans: readonly ListenerPlan[]): Promise<void> {
    this.#listeners = await Promise.all(plans.map((plan) => this.#create(plan)));
    for (const listener of this.#listeners) {
      this.#addresses.set(listener.name, await listener.listen());
    }
  }

  /** Tells every peer to leave, and resolves when no request is in flight or when the signal aborts. Addresses stay bound. */
  async drain(signal: AbortSignal): Promise<void> {
    for (const listener of this.#listeners) {
      listener.startDrain();
    }
    await Promise.all(this.#listeners.map((listener) => listener.untilIdle(signal)));
  }

  /** Ends every connection at once. May be called again. */
  async close(): Promise<void> {
    await Promise.all(this.#listeners.map((listener) => listener.close()));
  }

  async #create({ name, address, tls, requestHandler, options }: ListenerPlan): Promise<Listener> {
    const { clock, observer } = this.#deps;
    const loaded = tls === null ? null : await this.#loadTls(name, tls);
    return new Listener({ ...options, name, address, tls: loaded, requestHandler, observer, clock });
  }

  async #loadTls(name: string, tls: ListenerTlsConfig): Promise<ListenerTls> {
    const nowMs = this.#deps.clock.wallNow();
    const certificate = await loadOwnCertificate(name, tls, nowMs);
    const problem = validityProblem(certificate, nowMs);
    if (problem !== null) {
      this.#deps.logger.warn({ listener: name, problem }, 'certificate is out of its time');
    }
    return { certificate, minVersion: tls.minVersion };
  }
}

function loadOwnCertificate(name: string, tls: ListenerTlsConfig, nowMs: number): Promise<Certificate> {
  const { certificateFile, privateKeyFile } = tls;
  return certificateFile === null || privateKeyFile === null
    ? createSelfSignedCertificate({ nowMs, hostName: hostname() })
    : loadCertificate(`listener ${name}`, { certificateFile, privateKeyFile });
}
