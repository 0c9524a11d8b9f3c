import type { Logger } from 'pino';
import type { BridgeVerdict } from './aggregation/verdict.ts';
import { createAdmin } from './bridge/admin.ts';
import { type BridgeMetrics, createBridgeMetrics } from './bridge/bridge-metrics.ts';
import { ChangeHistory } from './bridge/change-history.ts';
import { EventLog } from './bridge/event-log.ts';
import { Forwarding } from './bridge/forwarding.ts';
import { HealthMonitor } from './bridge/health-monitor.ts';
import { BridgeLifecycle } from './bridge/lifecycle.ts';
import { type ListenerPlan, ListenerSet } from './bridge/listener-set.ts';
import { toListenerOptions } from './bridge/listener-settings.ts';
import { loadMonitorOptions } from './bridge/monitor-options.ts';
import { createOwnHealth } from './bridge/own-health.ts';
import type { Config } from './config/load.ts';
import type { ListenerConfig } from './config/sections/listener.ts';
import type { GrpcHealthService } from './grpc-health/grpc-health-service.ts';
import type { HealthAnswerOptions } from './http/health-answer.ts';
import { createHealthApp, createNoHealthApp, type HealthAppObserver } from './http/health-app.ts';
import { createMetricsApp } from './http/metrics-app.ts';
import type { ProbeServer } from './http/probe-server.ts';
import type { Address } from './model/address.ts';
import { joinObservers } from './proxy/joined-observer.ts';
import type { RefusalReason } from './proxy/listener-options.ts';
import type { CallObserver } from './proxy/observer.ts';
import type { Route } from './proxy/router.ts';
import type { Clock } from './util/clock.ts';
import type { Random } from './util/random.ts';

export interface BridgeDeps {
  readonly logger: Logger;
  readonly clock: Clock;
  readonly random: Random;
  /** That of the bridge: shown in `build_info`, sent as `user-agent` with every check. */
  readonly version: string;
}

/** The names under which the listeners beside those of `listeners` stand in `addresses`, metrics and messages. */
const ADMIN = 'admin';
const METRICS = 'metrics';

/**
 * The bridge as a whole, and the only place that knows all of its parts.
 *
 * new → started → draining → closed; `close` may be called in any of them.
 */
export class Bridge {
  readonly #config: Config;
  readonly #deps: BridgeDeps;
  readonly #lifecycle: BridgeLifecycle;
  readonly #metrics: BridgeMetrics;
  readonly #history: ChangeHistory;
  readonly #log: EventLog;
  readonly #public: ListenerSet;
  readonly #admin: ListenerSet;
  /** Whoever is to know of calls; null for nobody. */
  readonly #callObserver: CallObserver | null;
  readonly #apps: ProbeServer[] = [];
  /** Ends the waits of a drain that is under way. */
  readonly #hurry = new AbortController();
  #monitor: HealthMonitor | null = null;
  #forwarding: Forwarding | null = null;
  #ownHealth: GrpcHealthService | null = null;
  /** Resolves when a drain has come to its end; null until one begins. */
  #drained: Promise<void> | null = null;
  #closed: Promise<void> | null = null;

  constructor(config: Config, deps: BridgeDeps) {
    const { clock, logger } = deps;
    this.#config = config;
    this.#deps = deps;
    this.#lifecycle = new BridgeLifecycle(clock);
    this.#metrics = createBridgeMetrics(deps.version, {
      monitor: () => this.#monitor,
      activeRequests: () => this.#forwarding?.activeRequests ?? new Map(),
      listeners: () => [...this.#public.listeners, ...this.#admin.listeners],
      draining: () => this.#lifecycle.draining,
    });
    this.#callObserver = joinObservers([this.#metrics.calls]);
    this.#history = new ChangeHistory(clock);
    this.#log = new EventLog(logger.child({ component: 'health' }), this.#metrics.health, this.#history);
    const listenerLogger = logger.child({ component: 'listener' });
    const observer = {
      onRefusal: (reason: RefusalReason, detail: string): void => {
        this.#metrics.listeners.onRefusal(reason);
        listenerLogger.debug({ reason, detail }, 'peer refused');
      },
      onError: (err: Error): void => listenerLogger.error({ err }, 'listener failed'),
    };
    this.#public = new ListenerSet({ clock, logger: listenerLogger, observer });
    this.#admin = new ListenerSet({ clock, logger: listenerLogger, observer });
  }

  /** What is bound, by the name of the listener, with real ports; those for operators are `admin` and `metrics`. */
  get addresses(): ReadonlyMap<string, Address> {
    return new Map([...this.#public.addresses, ...this.#admin.addresses]);
  }

  /**
   * Reads every file, binds every address, and only then looks for endpoints. Called once; after a failure, `close`.
   *
   * @throws BridgeError with one line that names what and where.
   */
  async start(): Promise<void> {
    const { clock, random, version, logger } = this.#deps;
    const { admin, health, listeners } = this.#config;
    const options = await loadMonitorOptions(this.#config);
    const forwarding = new Forwarding(this.#config, options.clusters, {
      clock,
      random,
      logger: logger.child({ component: 'upstream' }),
      callObserver: this.#callObserver,
      counter: this.#metrics.upstream,
    });
    this.#forwarding = forwarding;
    const monitor = new HealthMonitor(options, {
      clock,
      random,
      userAgent: `grpc-health-bridge/${version}`,
      observer: this.#log,
      hasTraffic: (cluster) => forwarding.hasTraffic(cluster),
      onView: (view) => forwarding.update(view),
      onVerdict: (verdict) => this.#onVerdict(verdict),
    });
    this.#monitor = monitor;
    this.#ownHealth = createOwnHealth({
      turn: forwarding.turn,
      clock,
      health: () => this.#config.health,
      monitor,
      lifecycle: this.#lifecycle,
      onProbe: (path, code) => this.#metrics.listeners.onProbe(path, code),
    });
    const plans = listeners.map((config) => this.#plan(config, monitor, forwarding));
    const adminPlan = this.#planAdmin(admin.address, monitor, forwarding);
    const metricsPlans = this.#config.metrics === null ? [] : [this.#planMetrics(this.#config.metrics.address, forwarding)];
    await Promise.all(this.#apps.map((app) => app.ready()));
    await this.#public.listen(plans);
    await this.#admin.listen([adminPlan, ...metricsPlans]);
    this.#lifecycle.limitStartup(health.startupTimeoutMs);
    monitor.start();
  }

  /**
   * Answers on for `drain.delay` while the answers already fail, then tells every connection to leave, waits for the requests
   * in flight for `drain.timeout`, and closes. `close` cuts it short. A drain that `POST /drain` began is waited for.
   */
  async drain(signal: string): Promise<void> {
    const { logger } = this.#deps;
    const { isFirst, done } = this.#startDrain(signal);
    if (!isFirst) {
      logger.info({ signal }, 'draining already');
    }
    await done;
    const cutShort = this.#hurry.signal.aborted;
    await this.close();
    if (!cutShort) {
      logger.info('drained');
    }
  }

  /** Begins to drain unless that was done; `done` resolves when nothing is in flight, or time is up. Nothing is closed. */
  #startDrain(cause: string): { readonly isFirst: boolean; readonly done: Promise<void> } {
    const isFirst = this.#drained === null;
    this.#drained ??= this.#drain(cause);
    return { isFirst, done: this.#drained };
  }

  async #drain(cause: string): Promise<void> {
    const { clock, logger } = this.#deps;
    const { delayMs, timeoutMs } = this.#config.drain;
    this.#lifecycle.markDraining();
    logger.info({ signal: cause, delayMs, timeoutMs }, 'draining');
    await clock.sleep(delayMs, this.#hurry.signal);
    const deadline = new AbortController();
    const timer = clock.setTimer(timeoutMs, () => deadline.abort());
    const idle = this.#public.drain(AbortSignal.any([deadline.signal, this.#hurry.signal]));
    // Behind GOAWAY, so that clients which watch on do so on another connection.
    this.#ownHealth?.startDrain();
    await idle;
    timer.cancel();
  }

  /** Stops everything at once, in the reverse order of `start`. May be called again: it joins the first. */
  close(): Promise<void> {
    this.#hurry.abort();
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    this.#lifecycle.close();
    await this.#monitor?.close();
    await this.#admin.close();
    this.#forwarding?.abandonAll();
    this.#ownHealth?.startDrain();
    await this.#public.close();
    await this.#forwarding?.close();
    await Promise.all(this.#apps.map((app) => app.close()));
  }

  #onVerdict(verdict: BridgeVerdict): void {
    this.#log.onVerdict(verdict);
    this.#ownHealth?.tell();
    if (verdict.initialized) {
      this.#lifecycle.markStarted();
    }
  }

  #plan(config: ListenerConfig, monitor: HealthMonitor, forwarding: Forwarding): ListenerPlan {
    const app = this.#createApp(config, monitor);
    this.#apps.push(app);
    const { name, address, tls } = config;
    const options = {
      ...toListenerOptions(config, this.#config),
      routes: this.#routesOf(config, forwarding),
      random: this.#deps.random,
      turn: forwarding.turn,
      slabs: forwarding.slabs,
      ...(this.#callObserver === null ? {} : { callObserver: this.#callObserver }),
    };
    return { name, address, tls, requestHandler: app.handler, options };
  }

  #planAdmin(address: Address, monitor: HealthMonitor, forwarding: Forwarding): ListenerPlan {
    const app = this.#createAdmin(monitor, forwarding);
    const { turn, slabs } = forwarding;
    this.#apps.push(app);
    return { name: ADMIN, address, tls: null, requestHandler: app.handler, options: { turn, slabs } };
  }

  #routesOf(config: ListenerConfig, forwarding: Forwarding): readonly Route[] {
    const routes = forwarding.routesOf(config);
    return config.health === 'none' ? routes : (this.#ownHealth?.withRoutes(routes, this.#config.health) ?? routes);
  }

  #planMetrics(address: Address, { turn, slabs }: Forwarding): ListenerPlan {
    const app = createMetricsApp({ render: this.#metrics.render, onError: this.#observeApp().onError });
    this.#apps.push(app);
    return { name: METRICS, address, tls: null, requestHandler: app.handler, options: { turn, slabs } };
  }

  #createApp(config: ListenerConfig, monitor: HealthMonitor): ProbeServer {
    const observer = this.#observeApp();
    if (config.health === 'none') {
      return createNoHealthApp(observer);
    }
    // Who can open a socket file is on this machine, as a loopback peer is.
    const details = config.address.kind === 'unix' ? 'full' : this.#config.health.details;
    return createHealthApp({ ...this.#answerOptions(monitor), ...observer, audience: 'public', details });
  }

  #createAdmin(monitor: HealthMonitor, forwarding: Forwarding): ProbeServer {
    const observer = this.#observeApp();
    return createAdmin({
      config: () => this.#config,
      version: this.#deps.version,
      clock: this.#deps.clock,
      logger: this.#deps.logger,
      lifecycle: this.#lifecycle,
      monitor,
      forwarding,
      history: this.#history,
      startDrain: () => this.#startDrain('POST /drain').isFirst,
      onError: observer.onError,
      health: createHealthApp({ ...this.#answerOptions(monitor), ...observer, audience: 'admin' }),
      metrics: createMetricsApp({ render: this.#metrics.render, onError: observer.onError }),
    });
  }

  #answerOptions(monitor: HealthMonitor): Omit<HealthAnswerOptions, 'audience'> {
    const { clusters, health } = this.#config;
    const shortestMs = Math.min(...clusters.map(({ healthCheck }) => healthCheck.unhealthyIntervalMs));
    return {
      ...health,
      verdict: () => monitor.verdict,
      lifecycle: () => this.#lifecycle,
      retryAfterSeconds: Math.max(1, Math.ceil(shortestMs / 1000)),
    };
  }

  #observeApp(): HealthAppObserver {
    const logger = this.#deps.logger.child({ component: 'http' });
    return {
      onProbe: (path, code) => this.#metrics.listeners.onProbe(path, code),
      onError: (err) => logger.error({ err }, 'answering failed'),
    };
  }
}
