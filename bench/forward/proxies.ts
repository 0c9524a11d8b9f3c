import { existsSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** Ports of one run, all on 127.0.0.1. Fixed, as configuration files name them; nothing else runs beside a measurement. */
export interface Ports {
  /** Cleartext and TLS towards nghttpd, cleartext towards grpc-go. */
  readonly h2load: number;
  readonly h2loadTls: number;
  readonly grpcGo: number;
  readonly grpcGoTls: number;
}

/** What every proxy has behind it, and the certificate it shows. */
export interface Surroundings {
  /** A folder for configuration files. */
  readonly folder: string;
  readonly nghttpdPort: number;
  readonly echoPort: number;
  readonly certificateFile: string;
  readonly privateKeyFile: string;
  /** HAProxy wants both in one file. */
  readonly bundleFile: string;
  /** Whether every proxy writes an access log to a file. */
  readonly hasLogs: boolean;
  /** The first of the ports that proxies listen at. */
  readonly firstPort: number;
}

/** A proxy under measurement: a row of the table. */
export interface Proxy {
  readonly name: string;
  readonly ports: Ports;
  readonly command: readonly string[];
  /** As in its surroundings. */
  readonly hasLogs: boolean;
}

/** The proxies that are installed, the bridge first. */
export function createProxies(around: Surroundings): readonly Proxy[] {
  return [createBridge, createHaproxy, createNginx, createEnvoy, createFloor].flatMap((create, index) => {
    const base = around.firstPort + index * 10;
    return create(around, { h2load: base, h2loadTls: base + 1, grpcGo: base + 2, grpcGoTls: base + 3 });
  });
}

function createBridge(around: Surroundings, ports: Ports): readonly Proxy[] {
  const listener = (name: string, port: number, route: string, tls: boolean): object => ({
    name,
    address: `127.0.0.1:${port}`,
    routes: [route],
    ...(tls ? { tls: { certificateFile: around.certificateFile, privateKeyFile: around.privateKeyFile } } : {}),
  });
  const config = {
    listeners: [
      listener('h2load', ports.h2load, 'nghttpd', false),
      listener('h2load-tls', ports.h2loadTls, 'nghttpd', true),
      listener('grpc-go', ports.grpcGo, 'echo', false),
      listener('grpc-go-tls', ports.grpcGoTls, 'echo', true),
    ],
    admin: { address: 'unix:' + join(around.folder, 'admin.sock') },
    clusters: [bridgeCluster('nghttpd', around.nghttpdPort), bridgeCluster('echo', around.echoPort)],
    routes: [bridgeRoute('nghttpd'), bridgeRoute('echo')],
    logging: { level: 'warn' },
    ...(around.hasLogs ? { accessLog: { format: 'envoy', file: join(around.folder, 'bridge.log') } } : {}),
  };
  const file = write(around, 'bridge.json', JSON.stringify(config));
  const main = new URL('../../dist/main.js', import.meta.url).pathname;
  return [{ name: 'grpc-health-bridge', ports, command: [process.execPath, main, '--config', file], hasLogs: around.hasLogs }];
}

function bridgeCluster(name: string, port: number): object {
  return { name, discovery: { type: 'static', endpoints: [`127.0.0.1:${port}`] }, healthCheck: { type: 'none' } };
}

function bridgeRoute(name: string): object {
  return { name, match: { prefix: '/' }, cluster: name };
}

function createHaproxy(around: Surroundings, ports: Ports): readonly Proxy[] {
  const front = (port: number, backend: string, tls: boolean): string =>
    `frontend f${port}\n  bind 127.0.0.1:${port} ${tls ? `ssl crt ${around.bundleFile} alpn h2` : 'proto h2'}\n  default_backend ${backend}\n`;
  const config = `global
  nbthread 1
  maxconn 5000
${around.hasLogs ? `  log ${join(around.folder, 'haproxy.sock')} local0\n` : ''}
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
  timeout http-request 10s
${around.hasLogs ? '  log global\n  option httplog\n' : ''}
${front(ports.h2load, 'nghttpd', false)}
${front(ports.h2loadTls, 'nghttpd', true)}
${front(ports.grpcGo, 'echo', false)}
${front(ports.grpcGoTls, 'echo', true)}
backend nghttpd
  server s 127.0.0.1:${around.nghttpdPort} proto h2
backend echo
  server s 127.0.0.1:${around.echoPort} proto h2
`;
  const program = '/usr/sbin/haproxy';
  const command = [program, '-db', '-f', write(around, 'haproxy.cfg', config)];
  return installed(program, { name: 'HAProxy', ports, command, hasLogs: around.hasLogs });
}

function createNginx(around: Surroundings, ports: Ports): readonly Proxy[] {
  const server = (port: number, upstream: string, tls: boolean): string => `  server {
    listen 127.0.0.1:${port} ${tls ? 'ssl ' : ''}http2;
    ${tls ? `ssl_certificate ${around.certificateFile}; ssl_certificate_key ${around.privateKeyFile};` : ''}
    http2_max_requests 100000000; keepalive_requests 100000000; http2_max_concurrent_streams 250;
    client_max_body_size 0;
    location / { grpc_pass grpc://${upstream}; }
  }
`;
  const config = `worker_processes 1;
daemon off;
master_process off;
pid ${join(around.folder, 'nginx.pid')};
error_log ${join(around.folder, 'nginx.error')} error;
events { worker_connections 5000; }
http {
  access_log ${around.hasLogs ? join(around.folder, 'nginx.log') : 'off'};
  client_body_temp_path ${join(around.folder, 'nginx-body')};
  upstream nghttpd { server 127.0.0.1:${around.nghttpdPort}; keepalive 100; keepalive_requests 100000000; }
  upstream echo { server 127.0.0.1:${around.echoPort}; keepalive 100; keepalive_requests 100000000; }
${server(ports.h2load, 'nghttpd', false)}${server(ports.h2loadTls, 'nghttpd', true)}${server(ports.grpcGo, 'echo', false)}${server(ports.grpcGoTls, 'echo', true)}}
`;
  const program = '/usr/sbin/nginx';
  const command = [program, '-c', write(around, 'nginx.conf', config)];
  return installed(program, { name: 'nginx', ports, command, hasLogs: around.hasLogs });
}

function createEnvoy(around: Surroundings, ports: Ports): readonly Proxy[] {
  const program = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'grpc-health-bridge/bin/envoy');
  const listener = (port: number, cluster: string, tls: boolean): object => ({
    address: socketAddress(port),
    filter_chains: [
      {
        filters: [{ name: 'hcm', typed_config: connectionManager(around, cluster) }],
        ...(tls ? { transport_socket: envoyTls(around) } : {}),
      },
    ],
  });
  const config = {
    static_resources: {
      listeners: [
        listener(ports.h2load, 'nghttpd', false),
        listener(ports.h2loadTls, 'nghttpd', true),
        listener(ports.grpcGo, 'echo', false),
        listener(ports.grpcGoTls, 'echo', true),
      ],
      clusters: [envoyCluster('nghttpd', around.nghttpdPort), envoyCluster('echo', around.echoPort)],
    },
  };
  const file = write(around, 'envoy.json', JSON.stringify(config));
  const command = [program, '--concurrency', '1', '-c', file, '-l', 'error', '--disable-hot-restart'];
  return installed(program, { name: 'Envoy', ports, command, hasLogs: around.hasLogs });
}

function envoyCluster(name: string, port: number): object {
  return {
    name,
    connect_timeout: '5s',
    type: 'STATIC',
    load_assignment: { cluster_name: name, endpoints: [{ lb_endpoints: [{ endpoint: { address: socketAddress(port) } }] }] },
    typed_extension_protocol_options: {
      'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
        '@type': 'type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
        explicit_http_config: { http2_protocol_options: {} },
      },
    },
    circuit_breakers: { thresholds: [{ max_requests: 100_000, max_pending_requests: 100_000 }] },
  };
}

function connectionManager(around: Surroundings, cluster: string): object {
  const log = {
    name: 'envoy.access_loggers.file',
    typed_config: {
      '@type': 'type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog',
      path: join(around.folder, 'envoy.log'),
    },
  };
  return {
    '@type': 'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
    stat_prefix: 'in',
    codec_type: 'AUTO',
    ...(around.hasLogs ? { access_log: [log] } : {}),
    route_config: {
      virtual_hosts: [{ name: 'all', domains: ['*'], routes: [{ match: { prefix: '/' }, route: { cluster, timeout: '0s' } }] }],
    },
    http_filters: [
      {
        name: 'envoy.filters.http.router',
        typed_config: { '@type': 'type.googleapis.com/envoy.extensions.filters.http.router.v3.Router' },
      },
    ],
  };
}

function envoyTls(around: Surroundings): object {
  return {
    name: 'envoy.transport_sockets.tls',
    typed_config: {
      '@type': 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext',
      common_tls_context: {
        alpn_protocols: ['h2', 'http/1.1'],
        tls_certificates: [
          { certificate_chain: { filename: around.certificateFile }, private_key: { filename: around.privateKeyFile } },
        ],
      },
    },
  };
}

function socketAddress(port: number): object {
  return { socket_address: { address: '127.0.0.1', port_value: port } };
}

/** Octets copied between sockets, with TLS on the client's side where the shape has it: what Node costs before any HTTP/2. */
function createFloor(around: Surroundings, ports: Ports): readonly Proxy[] {
  if (around.hasLogs) {
    return [];
  }
  const script = new URL('./floor.ts', import.meta.url).pathname;
  const pairs = [
    `${ports.h2load}:${around.nghttpdPort}`,
    `${ports.h2loadTls}:${around.nghttpdPort}:tls`,
    `${ports.grpcGo}:${around.echoPort}`,
    `${ports.grpcGoTls}:${around.echoPort}:tls`,
  ];
  const command = [process.execPath, script, around.certificateFile, around.privateKeyFile, ...pairs];
  return [{ name: 'floor: Node copying octets', ports, command, hasLogs: false }];
}

function write(around: Surroundings, name: string, content: string): string {
  const file = join(around.folder, name);
  writeFileSync(file, content);
  return file;
}

function installed(program: string, proxy: Proxy): readonly Proxy[] {
  return existsSync(program) ? [proxy] : [];
}
