import { type Static, Type } from 'typebox';
import { closed } from './keys.ts';
import { MAX_CLUSTERS, MAX_LISTENERS, MAX_ROUTES } from './limits.ts';
import { listKey } from './lists.ts';
import { type AccessLogConfig, AccessLogSchema, toAccessLogConfig } from './sections/access-log.ts';
import { type AdminConfig, AdminSchema, toAdminConfig } from './sections/admin.ts';
import { type ClusterConfig, ClusterSchema, toClusterConfig } from './sections/cluster.ts';
import { type DrainConfig, DrainSchema, toDrainConfig } from './sections/drain.ts';
import { type HealthConfig, HealthSchema, toHealthConfig } from './sections/health.ts';
import { type ListenerConfig, ListenerSchema, toListenerConfig } from './sections/listener.ts';
import { type LoggingConfig, LoggingSchema, toLoggingConfig } from './sections/logging.ts';
import { type MetricsConfig, MetricsSchema, toMetricsConfig } from './sections/metrics.ts';
import { type ReloadConfig, ReloadSchema } from './sections/reload.ts';
import { type RouteConfig, RouteSchema, toRouteConfig } from './sections/route.ts';
import { type TracingConfig, TracingSchema, toTracingConfig } from './sections/tracing.ts';

/** The whole configuration as files have it. */
export const ConfigSchema = Type.Object(
  {
    listeners: listKey(ListenerSchema, {
      description: 'The addresses that are listened on.',
      minItems: 1,
      maxItems: MAX_LISTENERS,
    }),
    admin: AdminSchema,
    metrics: Type.Optional(MetricsSchema),
    clusters: listKey(ClusterSchema, {
      description: 'The sets of endpoints that are checked.',
      minItems: 1,
      maxItems: MAX_CLUSTERS,
    }),
    routes: listKey(RouteSchema, {
      description: 'What is forwarded where; the first that matches wins. Health URLs win over routes.',
      default: [],
      maxItems: MAX_ROUTES,
      uniqueBy: (route) => route.name,
    }),
    health: HealthSchema,
    accessLog: Type.Optional(AccessLogSchema),
    logging: LoggingSchema,
    drain: DrainSchema,
    reload: ReloadSchema,
    tracing: TracingSchema,
  },
  closed({ description: 'The configuration of grpc-health-bridge.' }),
);

/** The same for commands that answer nobody: there may be no listener. */
export const ConfigWithoutListenersSchema = Type.Object(
  {
    ...ConfigSchema.properties,
    listeners: listKey(ListenerSchema, {
      description: 'The addresses that are listened on.',
      default: [],
      maxItems: MAX_LISTENERS,
    }),
  },
  closed({ description: 'The configuration of grpc-health-bridge.' }),
);

/** A whole configuration in the words of its file, with every default filled in. */
export type ConfigDocument = Static<typeof ConfigSchema>;

/** The configuration in force: complete, consistent and frozen. Lengths are milliseconds, in keys that end in `Ms`. */
export interface Config {
  /** At least one, except where a command needs none. */
  readonly listeners: readonly ListenerConfig[];
  readonly admin: AdminConfig;
  /** Null without one. */
  readonly metrics: MetricsConfig | null;
  /** At least one. */
  readonly clusters: readonly ClusterConfig[];
  /** In the order in which they are tried. */
  readonly routes: readonly RouteConfig[];
  readonly health: HealthConfig;
  /** Null for no access log. */
  readonly accessLog: AccessLogConfig | null;
  readonly logging: LoggingConfig;
  readonly drain: DrainConfig;
  readonly reload: ReloadConfig;
  readonly tracing: TracingConfig;
}

export function toConfig(document: ConfigDocument): Config {
  return {
    listeners: document.listeners.map(toListenerConfig),
    admin: toAdminConfig(document.admin),
    metrics: document.metrics === undefined ? null : toMetricsConfig(document.metrics),
    clusters: document.clusters.map(toClusterConfig),
    routes: document.routes.map(toRouteConfig),
    health: toHealthConfig(
      document.health,
      document.clusters.map((cluster) => cluster.name),
    ),
    accessLog: document.accessLog === undefined ? null : toAccessLogConfig(document.accessLog),
    logging: toLoggingConfig(document.logging),
    drain: toDrainConfig(document.drain),
    reload: document.reload,
    tracing: toTracingConfig(document.tracing),
  };
}
