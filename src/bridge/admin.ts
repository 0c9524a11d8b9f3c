import type { Logger } from 'pino';
import type { Config } from '../config/load.ts';
import { renderConfig } from '../config/render.ts';
import { AdminAccess } from '../http/admin-access.ts';
import { createAdminApp } from '../http/admin-app.ts';
import type { AdminCluster } from '../http/admin-host.ts';
import { createAdminPages, type LogLevel } from '../http/admin-pages.ts';
import { BearerToken } from '../http/bearer-token.ts';
import type { ProbeServer } from '../http/probe-server.ts';
import { createStatusPages } from '../http/status-page/status-pages.ts';
import { setLogLevel } from '../observability/logger.ts';
import type { Clock } from '../util/clock.ts';
import type { ChangeHistory } from './change-history.ts';
import type { Forwarding } from './forwarding.ts';
import type { HealthMonitor } from './health-monitor.ts';
import type { BridgeLifecycle } from './lifecycle.ts';

/** The parts of a bridge that its admin listener shows and turns. */
export interface AdminParts {
  /** The configuration in force. */
  readonly config: () => Config;
  readonly version: string;
  readonly clock: Clock;
  /** The root of all loggers. */
  readonly logger: Logger;
  readonly lifecycle: BridgeLifecycle;
  readonly monitor: HealthMonitor;
  readonly forwarding: Forwarding;
  readonly history: ChangeHistory;
  /** Calls to a cluster that have ended since the start. */
  readonly callsOf: (cluster: string) => number;
  /** Begins to drain; returns whether it had not begun before. */
  readonly startDrain: () => boolean;
  readonly metrics: ProbeServer;
  readonly health: ProbeServer;
  /** A defect of ours that was answered with 500. */
  readonly onError: (error: Error) => void;
}

/** What answers on the admin listener. */
export function createAdmin(parts: AdminParts): ProbeServer {
  const { config, version, clock, logger, lifecycle, monitor, forwarding, history } = parts;
  const adminLogger = logger.child({ component: 'admin' });
  const { allow, tokenFile } = config().admin;
  const onUnusable = (problem: string): void => adminLogger.error({ problem }, 'admin token is not usable');
  const token = tokenFile === null ? null : new BearerToken(tokenFile, { clock, onUnusable });
  const control = {
    lifecycle: () => lifecycle,
    clusters: () => listClusters(parts),
    renderConfig: () => renderConfig(config()),
    setMaintenance: (maintenance: boolean) => {
      const changed = lifecycle.setMaintenance(maintenance);
      adminLogger.info({ maintenance, changed }, 'maintenance was set');
      return changed;
    },
    startDrain: parts.startDrain,
    setLogLevel: (level: LogLevel) => {
      setLogLevel(logger, level);
      adminLogger.info({ logLevel: level }, 'log level was set');
    },
  };
  const status = createStatusPages({
    version,
    verdict: () => monitor.verdict,
    lifecycle: () => lifecycle,
    trafficOf: (cluster, endpoint) => forwarding.trafficOf(cluster, endpoint),
    callsOf: parts.callsOf,
    changesOf: (cluster) => history.of(cluster),
    now: () => clock.wallNow(),
  });
  return createAdminApp({
    access: new AdminAccess({ allow, token }),
    pages: new Map([...createAdminPages(control), ...status]),
    metrics: parts.metrics,
    health: parts.health,
    onError: parts.onError,
  });
}

function listClusters({ config, monitor, forwarding }: AdminParts): readonly AdminCluster[] {
  const { clusters } = monitor.view;
  return config().clusters.map(({ name, connectionPool }) => ({
    name,
    endpoints: clusters.get(name)?.endpoints ?? [],
    limits: connectionPool,
    outliers: forwarding.outliersOf(name),
    trafficOf: (key: string) => forwarding.trafficOf(name, key),
  }));
}
