import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { Child } from './child.ts';
import { eventually } from './eventually.ts';
import { freePort } from './free-ports.ts';
import { get } from './get.ts';
import type { PairFiles } from './tls-files.ts';
import { builtTool } from './tools.ts';
import { WorkFolder } from './work-folder.ts';

/** A part of Envoy's configuration, in the words of its API. */
export type EnvoyPart = Readonly<Record<string, unknown>>;

const API = 'type.googleapis.com/envoy.';

/** An Envoy 1.40 in a process of its own, on an admin port that it keeps over restarts. */
export class EnvoyProcess {
  readonly adminPort: number;
  readonly #folder: WorkFolder;
  readonly #config: string;
  #child: Child;

  private constructor(child: Child, folder: WorkFolder, config: string, adminPort: number) {
    this.#child = child;
    this.#folder = folder;
    this.#config = config;
    this.adminPort = adminPort;
  }

  /** @param bootstrap without `admin` and `node`. Waits until the admin interface answers, live or not. */
  static async start(bootstrap: EnvoyPart): Promise<EnvoyProcess> {
    const folder = await WorkFolder.create();
    const adminPort = await freePort();
    const config = await folder.write(
      'envoy.json',
      JSON.stringify({
        node: { id: 'test', cluster: 'test' },
        admin: { address: socketAddress(`127.0.0.1:${adminPort}`) },
        ...bootstrap,
      }),
    );
    const envoy = new EnvoyProcess(await launch(config), folder, config, adminPort);
    await envoy.#answering();
    return envoy;
  }

  get adminUrl(): string {
    return `http://127.0.0.1:${this.adminPort}`;
  }

  get child(): Child {
    return this.#child;
  }

  /** Such as `/healthcheck/fail`, which only POST does. */
  async post(path: string): Promise<void> {
    const { status, body } = await get(this.adminUrl + path, { method: 'POST' });
    if (status !== 200) {
      throw new Error(`POST ${path} answered ${status}: ${body}`);
    }
  }

  /** Ends it and whatever it has under way. */
  kill(): Promise<void> {
    return this.#child.kill();
  }

  /** A new process with the same configuration, once this one is dead. */
  async restart(): Promise<void> {
    this.#child = await launch(this.#config);
    await this.#answering();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    await this.#folder[Symbol.asyncDispose]();
  }

  async #answering(): Promise<void> {
    await eventually(
      'the admin interface of Envoy answers',
      () => {
        this.#child.assertRunning();
        return get(`${this.adminUrl}/ready`).then(
          ({ status }) => status,
          () => 0,
        );
      },
      (status) => status !== 0,
      { deadlineMs: 15_000 },
    );
  }
}

/** Resources of one type that Envoy takes from a file, which is replaced as a whole: EDS or CDS without a server. */
export class ResourceFile {
  readonly #path: string;
  readonly #folder: WorkFolder;
  #version = 0;

  constructor(folder: WorkFolder, name: string) {
    this.#folder = folder;
    this.#path = join(folder.path, name);
  }

  /** As `eds_config` and `cds_config` take it. */
  get source(): EnvoyPart {
    return { path_config_source: { path: this.#path }, resource_api_version: 'V3' };
  }

  /** Envoy sees that a file is moved there, not that one is written. */
  async replace(resources: readonly EnvoyPart[]): Promise<void> {
    this.#version += 1;
    const body = JSON.stringify({ version_info: String(this.#version), resources });
    await rename(await this.#folder.write(`next-${this.#version}.json`, body), this.#path);
  }
}

/** Such as `127.0.0.1:80`. */
export function socketAddress(address: string): EnvoyPart {
  const colon = address.lastIndexOf(':');
  return { socket_address: { address: address.slice(0, colon), port_value: Number(address.slice(colon + 1)) } };
}

/** A cluster of these addresses whose endpoints speak HTTP/2; `more` are further keys. */
export function http2Cluster(name: string, addresses: readonly string[], more: EnvoyPart = {}): EnvoyPart {
  return {
    name,
    connect_timeout: '0.5s',
    typed_extension_protocol_options: {
      'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
        '@type': `${API}extensions.upstreams.http.v3.HttpProtocolOptions`,
        explicit_http_config: { http2_protocol_options: {} },
      },
    },
    ...(addresses.length === 0
      ? {}
      : {
          load_assignment: assignment(
            name,
            addresses.map((address) => ({ address })),
          ),
        }),
    ...more,
  };
}

/** An endpoint as EDS has it. */
export interface AssignedEndpoint {
  readonly address: string;
  /** Default UNKNOWN, which is healthy. */
  readonly health?: 'HEALTHY' | 'UNHEALTHY' | 'DRAINING' | 'DEGRADED' | 'TIMEOUT';
}

/** A `ClusterLoadAssignment` of one locality. */
export function assignment(clusterName: string, endpoints: readonly AssignedEndpoint[]): EnvoyPart {
  return {
    cluster_name: clusterName,
    endpoints: [
      {
        lb_endpoints: endpoints.map(({ address, health }) => ({
          endpoint: { address: socketAddress(address) },
          ...(health === undefined ? {} : { health_status: health }),
        })),
      },
    ],
  };
}

/** With the type that resources of a file must have. */
export function typed(kind: 'cluster.v3.Cluster' | 'endpoint.v3.ClusterLoadAssignment', resource: EnvoyPart): EnvoyPart {
  return { '@type': `${API}config.${kind}`, ...resource };
}

/** A check over grpc.health.v1; `changes` are further keys of `HealthCheck`. */
export function grpcCheck(serviceName: string, changes: EnvoyPart = {}): EnvoyPart {
  return {
    timeout: '0.5s',
    interval: '0.2s',
    no_traffic_interval: '0.2s',
    unhealthy_threshold: 2,
    healthy_threshold: 1,
    // The name of the cluster, which Envoy takes otherwise, may be no authority.
    grpc_health_check: { authority: 'orders', ...(serviceName === '' ? {} : { service_name: serviceName }) },
    ...changes,
  };
}

/** A route by prefix, without a timeout. */
export function prefixRoute(prefix: string, cluster: string): EnvoyPart {
  return { match: { prefix }, route: { cluster, timeout: '0s' } };
}

/** A listener for HTTP/1.1 and HTTP/2, with TLS if there is a certificate. */
export function httpListener(port: number, routes: readonly EnvoyPart[], tls?: ListenerPair): EnvoyPart {
  const manager = {
    '@type': `${API}extensions.filters.network.http_connection_manager.v3.HttpConnectionManager`,
    stat_prefix: 'in',
    codec_type: 'AUTO',
    route_config: { virtual_hosts: [{ name: 'all', domains: ['*'], routes }] },
    http_filters: [{ name: 'router', typed_config: { '@type': `${API}extensions.filters.http.router.v3.Router` } }],
  };
  return {
    name: `in-${port}`,
    address: socketAddress(`127.0.0.1:${port}`),
    filter_chains: [
      {
        filters: [{ name: 'http', typed_config: manager }],
        ...(tls === undefined ? {} : { transport_socket: downstreamTls(tls) }),
      },
    ],
  };
}

/** What a TLS listener shows, and what it wants to see. */
export interface ListenerPair extends PairFiles {
  /** Default: clients are not asked for certificates. */
  readonly clients?: PeerNames;
}

/** Who the other side must be. */
export interface PeerNames {
  /** A file of authorities. */
  readonly ca: string;
  /** URIs of which its certificate must have one; default any certificate. */
  readonly uris?: readonly string[];
}

/** The key `transport_socket` of a cluster whose endpoints are shown a certificate. */
export function upstreamTls(pair: PairFiles, servers: PeerNames): EnvoyPart {
  return {
    name: 'tls',
    typed_config: {
      '@type': `${API}extensions.transport_sockets.tls.v3.UpstreamTlsContext`,
      common_tls_context: { alpn_protocols: ['h2'], ...certificates(pair), ...validation(servers) },
    },
  };
}

function downstreamTls({ clients, ...pair }: ListenerPair): EnvoyPart {
  return {
    name: 'tls',
    typed_config: {
      '@type': `${API}extensions.transport_sockets.tls.v3.DownstreamTlsContext`,
      common_tls_context: {
        alpn_protocols: ['h2', 'http/1.1'],
        ...certificates(pair),
        ...(clients === undefined ? {} : validation(clients)),
      },
      ...(clients === undefined ? {} : { require_client_certificate: true }),
    },
  };
}

function certificates({ cert, key }: PairFiles): EnvoyPart {
  return { tls_certificates: [{ certificate_chain: { filename: cert }, private_key: { filename: key } }] };
}

function validation({ ca, uris }: PeerNames): EnvoyPart {
  return {
    validation_context: {
      trusted_ca: { filename: ca },
      ...(uris === undefined
        ? {}
        : { match_typed_subject_alt_names: uris.map((exact) => ({ san_type: 'URI', matcher: { exact } })) }),
    },
  };
}

function launch(config: string): Promise<Child> {
  return Child.start(builtTool('envoy'), ['-c', config, '--concurrency', '1', '--use-dynamic-base-id', '-l', 'warning']);
}
