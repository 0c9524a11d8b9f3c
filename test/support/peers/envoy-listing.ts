import { isIPv6 } from 'node:net';

/** A host as the renderer takes it. */
export interface ListedHost {
  /** As the text form has it: `1.2.3.4:80`, `[::1]:80`, `/run/app.sock`, `@name`, `envoy://listener/endpoint`. */
  readonly address: string;
  /** Words of `health_flags`; none is healthy. */
  readonly flags?: readonly string[];
  readonly hostname?: string;
  /** Default 1. */
  readonly weight?: number;
  /** Default 0. */
  readonly priority?: number;
  readonly locality?: { readonly region?: string; readonly zone?: string; readonly subZone?: string };
  readonly canary?: boolean;
}

export interface ListedCluster {
  readonly name: string;
  /** Default false. */
  readonly addedViaApi?: boolean;
  readonly hosts: readonly ListedHost[];
  readonly edsServiceName?: string;
}

/** Both bodies of one answer. */
export interface Listing {
  readonly json: Buffer;
  readonly text: Buffer;
}

/** The fields of `HostHealthStatus`; those of EDS are values of one field. */
const FIELDS: Readonly<Record<string, string>> = {
  failed_active_hc: 'failed_active_health_check',
  degraded_active_hc: 'failed_active_degraded_check',
  degraded_outlier_detection: 'failed_degraded_outlier_detection',
};
const EDS: Readonly<Record<string, string>> = {
  failed_eds_health: 'UNHEALTHY',
  degraded_eds_health: 'DEGRADED',
  eds_status_draining: 'DRAINING',
};
const STATS = [
  'cx_active',
  'cx_connect_fail',
  'cx_total',
  'rq_active',
  'rq_error',
  'rq_pending_active',
  'rq_success',
  'rq_timeout',
  'rq_total',
];
const LIMITS = ['max_connections', 'max_pending_requests', 'max_requests', 'max_retries'];

/** `/clusters` as Envoy 1.40 prints it, in both forms. It is written from its captures, and knows nothing of the parsers. */
export function renderListing(clusters: readonly ListedCluster[]): Listing {
  return { json: Buffer.from(renderJson(clusters)), text: Buffer.from(clusters.flatMap(clusterLines).join('')) };
}

function clusterLines({ name, addedViaApi = false, hosts, edsServiceName }: ListedCluster): readonly string[] {
  return [
    `observability_name::${name}`,
    ...['default_priority', 'high_priority'].flatMap((priority) => LIMITS.map((limit) => `${priority}::${limit}::1024`)),
    `added_via_api::${addedViaApi}`,
    ...(edsServiceName === undefined ? [] : [`eds_service_name::${edsServiceName}`]),
    ...hosts.flatMap((host) => hostLines(host).map((line) => `${host.address}::${line}`)),
  ].map((line) => `${name}::${line}\n`);
}

function hostLines({
  flags = [],
  hostname = '',
  weight = 1,
  priority = 0,
  locality,
  canary = false,
}: ListedHost): readonly string[] {
  return [
    ...STATS.map((stat) => `${stat}::0`),
    `hostname::${hostname}`,
    `health_flags::${flags.length === 0 ? 'healthy' : flags.map((flag) => `/${flag}`).join('')}`,
    `weight::${weight}`,
    `region::${locality?.region ?? ''}`,
    `zone::${locality?.zone ?? ''}`,
    `sub_zone::${locality?.subZone ?? ''}`,
    `canary::${canary}`,
    `priority::${priority}`,
    'success_rate::-1',
    'local_origin_success_rate::-1',
  ];
}

function renderJson(clusters: readonly ListedCluster[]): string {
  const statuses = clusters.map(({ name, addedViaApi = false, hosts, edsServiceName }) =>
    present({
      name,
      added_via_api: addedViaApi,
      host_statuses: hosts.map(hostObject),
      circuit_breakers: { thresholds: [{ max_connections: 1024 }, { priority: 'HIGH', max_connections: 1024 }] },
      observability_name: name,
      eds_service_name: edsServiceName ?? '',
    }),
  );
  return `${JSON.stringify(present({ cluster_statuses: statuses }), null, 1)}\n`;
}

function hostObject({ address, flags = [], hostname = '', weight = 1, priority = 0, locality = {} }: ListedHost): object {
  const eds = flags.map((flag) => EDS[flag]).findLast((word) => word !== undefined) ?? 'HEALTHY';
  const own = flags.filter((flag) => !(flag in EDS)).map((flag) => [FIELDS[flag] ?? flag, true]);
  return present({
    address: addressObject(address),
    stats: STATS.map((stat) => ({ name: stat })),
    health_status: { ...Object.fromEntries(own), eds_health_status: eds },
    weight,
    hostname,
    priority,
    locality: { ...present({ region: locality.region ?? '', zone: locality.zone ?? '', sub_zone: locality.subZone ?? '' }) },
  });
}

function addressObject(address: string): object {
  const [, listener, endpoint] = /^envoy:\/\/([^/]*)\/(.*)$/s.exec(address) ?? [];
  if (listener !== undefined) {
    return { envoy_internal_address: { server_listener_name: listener, endpoint_id: endpoint } };
  }
  const colon = address.lastIndexOf(':');
  const bare = address.slice(0, colon).replace(/^\[(.*)\]$/, '$1');
  if (address.startsWith('/') || address.startsWith('@')) {
    return { pipe: { path: address } };
  }
  return {
    socket_address: { address: isIPv6(bare) ? bare : address.slice(0, colon), port_value: Number(address.slice(colon + 1)) },
  };
}

/** Without what protobuf leaves out: false, 0, empty texts and lists. */
function present(fields: Readonly<Record<string, unknown>>): object {
  return Object.fromEntries(
    Object.entries(fields).filter(
      ([, value]) => value !== false && value !== 0 && value !== '' && !(Array.isArray(value) && value.length === 0),
    ),
  );
}
