import type { Logger } from 'pino';
import type { BridgeVerdict } from './aggregation/verdict.ts';
import { createAdmin } from './bridge/admin.ts';
import { BridgeAnswers } from './bridge/bridge-answers.ts';
import { type BridgeMetrics, createBridgeMetrics } from './bridge/bridge-metrics.ts';
import { createAccessLog, openAccessLog } from './bridge/call-log.ts';
import { certificateFilesOf } from './bridge/certificate-files.ts';
import { ChangeHistory } from './bridge/change-history.ts';
import { EventLog, withPasses } from './bridge/event-log.ts';
import { FileSetWatch } from './bridge/file-set-watch.ts';
import { Forwarding } from './bridge/forwarding.ts';
import { HealthMonitor, type HealthMonitorOptions } from './bridge/health-monitor.ts';
import { BridgeLifecycle } from './bridge/lifecycle.ts';
import { ListenerSet, type OnBadFiles } from './bridge/listener-set.ts';
import { toListenerOptions } from './bridge/listener-settings.ts';
import type { ListenerPlan } from './bridge/listener-slot.ts';
import { fixedTlsOf } from './bridge/listener-tls.ts';
import { loadMonitorOptions } from './bridge/monitor-options.ts';
import { createOwnHealth } from './bridge/own-health.ts';
import { type LoadNext, Reloader } from './bridge/reloader.ts';
import { createTracing, withCheckSpans } from './bridge/spans.ts';
import type { Config } from './config/load.ts';
import type { ListenerConfig } from './config/sections/listener.ts';
import { systemFiles } from './discovery/file-watch.ts';
import { BridgeError, ErrorCode } from './errors.ts';
import type { GrpcHealthService } from './grpc-health/grpc-health-service.ts';
import type { HealthAppObserver } from './http/health-app.ts';
import { createMetricsApp } from './http/metrics-app.ts';
import type { ProbeServer } from './http/probe-server.ts';
import type { Address } from './model/address.ts';
import type { AccessLog } from './observability/access-log/access-log.ts';
import type { Tracing } from './observability/tracing/tracing.ts';
import type { EjectionChange } from './outlier/detector.ts';
import { joinObservers } from './proxy/joined-observer.ts';
import type { RefusalReason } from './proxy/listener-options.ts';
import type { CallObserver } from './proxy/observer.ts';
import type { ListedRoute } from './proxy/router.ts';
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
  #config: Config;
  readonly #deps: BridgeDeps;
  readonly #lifecycle: BridgeLifecycle;
  readonly #metrics: BridgeMetrics;
  readonly #history: ChangeHistory;
  readonly #log: EventLog;
  readonly #public: ListenerSet;
  readonly #admin: ListenerSet;
  readonly #accessLog: AccessLog | null;
  readonly #tracing: Tracing | null;
  /** Whoever is to know of calls; null for nobody. */
  readonly #callObserver: CallObserver | null;
  readonly #apps: ProbeServer[] = [];
  readonly #answers: BridgeAnswers;
  readonly #reloader: Reloader;
  /** Certificates, keys and authorities, of which new ones are taken as they come. */
  readonly #certificates: FileSetWatch;
  /** Ends the waits of a drain that is under way. */
  readonly #hurry = new AbortController();
  #monitor: HealthMonitor | null = null;
  #monitorOptions: HealthMonitorOptions | null = null;
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
      detectsOutliers: (cluster) => (this.#forwarding?.outliersOf(cluster) ?? null) !== null,
      listeners: () => [...this.#public.listeners, ...this.#admin.listeners],
      draining: () => this.#lifecycle.draining,
    });
    const accessLog = createAccessLog(config.accessLog, { clock, logger: logger.child({ component: 'accessLog' }) });
    this.#accessLog = accessLog;
    this.#metrics.process.readAccessLogDropped = () => accessLog?.stats.dropped ?? 0;
    const tracing = createTracing(config.tracing, deps);
    this.#tracing = tracing;
    this.#callObserver = joinObservers([this.#metrics.calls, accessLog, tracing?.calls ?? null].filter((each) => each !== null));
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
    this.#answers = new BridgeAnswers({
      lifecycle: this.#lifecycle,
      verdict: () => this.#verdict(),
      observer: this.#observeApp(),
    });
    this.#certificates = new FileSetWatch({ clock, files: systemFiles, onChange: () => this.#reloader.renew() });
    this.#reloader = new Reloader({
      logger: logger.child({ component: 'reload' }),
      current: () => this.#config,
      apply: (next, onBadFiles) => this.#apply(next, onBadFiles),
      onResult: (success) => this.#metrics.process.onReload(success),
    });
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
    if (this.#accessLog !== null) {
      await openAccessLog(this.#accessLog, this.#config.accessLog?.file ?? '');
    }
    await this.#tracing?.open();
    const options = await loadMonitorOptions(this.#config);
    this.#monitorOptions = options;
    const forwarding = new Forwarding(this.#config, options.clusters, {
      clock,
      random,
      logger: logger.child({ component: 'upstream' }),
      callObserver: this.#callObserver,
      traces: this.#tracing?.calls ?? null,
      onEjection: (cluster, change) => this.#onEjection(cluster, change),
      counter: this.#metrics.upstream,
    });
    this.#forwarding = forwarding;
    const monitor = new HealthMonitor(options, {
      clock,
      random,
      userAgent: `grpc-health-bridge/${version}`,
      observer: withCheckSpans(
        withPasses(this.#log, (cluster, key) => forwarding.onCheckPassed(cluster, key)),
        this.#tracing,
        () => this.#config,
      ),
      ejectionsOf: (cluster) => forwarding.outliersOf(cluster)?.ejections ?? null,
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
    const plans = listeners.map((config) => this.#plan(config, this.#config, forwarding.routesOf(config)));
    const adminPlan = this.#planAdmin(admin.address, monitor, forwarding);
    const metricsPlans = this.#config.metrics === null ? [] : [this.#planMetrics(this.#config.metrics.address, forwarding)];
    await Promise.all([this.#answers.ready(), ...this.#apps.map((app) => app.ready())]);
    await this.#public.listen(plans);
    await this.#admin.listen([adminPlan, ...metricsPlans]);
    this.#lifecycle.limitStartup(health.startupTimeoutMs);
    monitor.start();
    this.#certificates.watch(certificateFilesOf(this.#config));
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

  /**
   * Brings another configuration into force without dropping a call. What is wrong with it is logged, and then the one before stays. Never rejects.
   *
   * @param load called when its turn comes; throws a ConfigError.
   */
  reload(load: LoadNext): Promise<void> {
    return this.#reloader.reload(load);
  }

  /** Lets go of log files, which are opened under their paths with the next lines: for log rotation. Envoy: SIGUSR1, `/reopen_logs`. */
  reopenLogs(): void {
    this.#accessLog?.reopen();
  }

  /** Stops everything at once, in the reverse order of `start`. May be called again: it joins the first. */
  close(): Promise<void> {
    this.#hurry.abort();
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    this.#lifecycle.close();
    // Told at once, so that a reload which the end cuts off is not taken for a bad file.
    const reloads = Promise.all([this.#certificates.close(), this.#reloader.close()]);
    await this.#monitor?.close();
    await reloads;
    await this.#admin.close();
    this.#forwarding?.abandonAll();
    this.#ownHealth?.startDrain();
    await this.#public.close();
    await this.#forwarding?.close();
    await Promise.all([this.#answers.close(), ...this.#apps.map((app) => app.close())]);
    // The last lines and spans are those of the calls that have just ended.
    await Promise.all([this.#accessLog?.close(), this.#tracing?.close()]);
  }

  /** Makes what is new beside what is in force, waits until it is known, and swaps within one turn of the event loop. */
  async #apply(config: Config, onBadFiles?: OnBadFiles): Promise<void> {
    const [monitor, forwarding, before] = [this.#monitor, this.#forwarding, this.#monitorOptions];
    if (monitor === null || forwarding === null || before === null) {
      throw new Error('a bridge that was not started cannot reload');
    }
    const options = await loadMonitorOptions(config, onBadFiles === undefined ? null : { before, onBadFiles });
    forwarding.prepare(config, options.clusters);
    try {
      await monitor.warm(options, config.health.startupTimeoutMs);
      await this.#answers.prepare(config);
      const plans = config.listeners.map((each) => this.#plan(each, config, forwarding.preparedRoutesOf(each)));
      await this.#answers.ready();
      await this.#public.prepare(plans, onBadFiles);
      if (this.#closed !== null) {
        throw new BridgeError(ErrorCode.LISTEN_FAILED, 'the bridge is closing');
      }
    } catch (error) {
      forwarding.discard();
      await this.#public.discard();
      monitor.reconfigure(before);
      this.#answers.discard(this.#config);
      throw error;
    }
    this.#config = config;
    this.#monitorOptions = options;
    forwarding.commit();
    monitor.reconfigure(options);
    this.#answers.commit(config);
    this.#public.commit(config.drain.timeoutMs);
    this.#certificates.watch(certificateFilesOf(config));
    this.#metrics.retain(new Set(config.clusters.map(({ name }) => name)));
  }

  #onVerdict(verdict: BridgeVerdict): void {
    this.#log.onVerdict(verdict);
    this.#ownHealth?.tell();
    if (verdict.initialized) {
      this.#lifecycle.markStarted();
    }
  }

  #onEjection(cluster: string, change: EjectionChange): void {
    this.#log.onEjection(cluster, change, this.#monitor?.checkedStateOf(cluster, change.key) ?? null);
    if (change.kind === 'ejected') {
      this.#metrics.upstream.onEjection(cluster, change.ejection.kind);
    }
    this.#monitor?.onEjections();
  }

  #plan(config: ListenerConfig, whole: Config, forwarded: readonly ListedRoute[]): ListenerPlan {
    const { name, address, tls } = config;
    const front = this.#answers.frontOf(config, whole);
    const { isHealthPath, ...settings } = toListenerOptions(config, whole, this.#tracing?.calls);
    const options = {
      ...settings,
      isHealthPath: isHealthPath === undefined ? () => false : front.isHealthPath,
      routes: this.#routesOf(config, whole, forwarded),
      random: this.#deps.random,
      ...(this.#forwarding === null ? {} : { turn: this.#forwarding.turn, slabs: this.#forwarding.slabs }),
      ...(this.#callObserver === null ? {} : { callObserver: this.#callObserver }),
    };
    return { name, address, tls, requestHandler: front.handler, options, settings: { ...settings, name, tls: fixedTlsOf(tls) } };
  }

  #planAdmin(address: Address, monitor: HealthMonitor, forwarding: Forwarding): ListenerPlan {
    const app = this.#createAdmin(monitor, forwarding);
    const { turn, slabs } = forwarding;
    this.#apps.push(app);
    return { name: ADMIN, address, tls: null, requestHandler: app.handler, options: { turn, slabs } };
  }

  #routesOf(config: ListenerConfig, { health }: Config, routes: readonly ListedRoute[]): readonly ListedRoute[] {
    return config.health === 'none' ? routes : (this.#ownHealth?.withRoutes(routes, health) ?? routes);
  }

  #planMetrics(address: Address, { turn, slabs }: Forwarding): ListenerPlan {
    const app = createMetricsApp({ render: this.#metrics.render, onError: this.#observeApp().onError });
    this.#apps.push(app);
    return { name: METRICS, address, tls: null, requestHandler: app.handler, options: { turn, slabs } };
  }

  /** Nothing asks before there is one. */
  #verdict(): BridgeVerdict {
    if (this.#monitor === null) {
      throw new Error('a bridge that was not started has no verdict');
    }
    return this.#monitor.verdict;
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
      callsOf: (cluster) => this.#metrics.calls.endedOf(cluster),
      startDrain: () => this.#startDrain('POST /drain').isFirst,
      onError: observer.onError,
      health: this.#answers.adminFront(this.#config),
      metrics: createMetricsApp({ render: this.#metrics.render, onError: observer.onError }),
    });
  }

  #observeApp(): HealthAppObserver {
    const logger = this.#deps.logger.child({ component: 'http' });
    return {
      onProbe: (path, code) => this.#metrics.listeners.onProbe(path, code),
      onError: (err) => logger.error({ err }, 'answering failed'),
    };
  }
}
