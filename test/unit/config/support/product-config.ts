import type { Config } from '../../../../src/config/schema.ts';
import type { ClusterConfig } from '../../../../src/config/sections/cluster.ts';
import type { ListenerConfig } from '../../../../src/config/sections/listener.ts';

/** What a listener is where nothing is said. */
export const LISTENER_DEFAULTS: Omit<ListenerConfig, 'name' | 'address' | 'tls'> = {
  health: 'all',
  routes: null,
  idleTimeoutMs: 620_000,
  maxConnectionAgeMs: 0,
  maxConnectionAgeGraceMs: 30_000,
  keepalive: { timeMs: 0, timeoutMs: 20_000, minTimeMs: 5_000, permitWithoutStream: true },
  headers: { forwardedFor: 'append', requestId: 'keep' },
  limits: {
    profile: 'loadBalancer',
    maxConnections: 10_000,
    maxConnectionsPerAddress: 0,
    glitches: null,
    resets: null,
    pings: null,
    settings: null,
    prematureResetMinStreams: null,
    prematureResetMs: null,
    maxPingStrikes: null,
    maxSettingsEntries: null,
    maxAnswersWaiting: null,
    maxContinuations: null,
    maxHeaderListBytes: null,
    maxHeaderFields: null,
    maxInterimResponses: null,
    maxConcurrentStreams: null,
    maxNewStreamsPerTurn: null,
    resetHoldMs: null,
    windowUpdatesPerData: null,
    maxUnconsumedBytes: null,
    maxQueuedBytes: null,
    stallTimeoutMs: null,
    prefaceTimeoutMs: null,
    settingsTimeoutMs: null,
    headerBlockTimeoutMs: null,
    firstRequestTimeoutMs: null,
    handshakeTimeoutMs: 10_000,
  },
};

/** What a cluster is towards its endpoints where nothing is said. */
export const TRAFFIC_DEFAULTS: Pick<ClusterConfig, 'loadBalancing' | 'outlierDetection' | 'connectionPool' | 'keepalive'> = {
  loadBalancing: { policy: 'roundRobin', hashOn: [], panicThreshold: '0%' },
  outlierDetection: null,
  connectionPool: {
    maxConnections: 1024,
    maxPendingRequests: 1024,
    maxRequests: 1024,
    maxRetries: 3,
    maxRequestsPerConnection: 0,
    maxConnectionAgeMs: 0,
    idleTimeoutMs: 3_600_000,
  },
  keepalive: { timeMs: 0, timeoutMs: 20_000 },
};

/** The base configuration in force. */
export const DEFAULTS: Config = {
  listeners: [
    {
      ...LISTENER_DEFAULTS,
      name: 'listener-0',
      address: { kind: 'tcp', host: '127.0.0.1', port: 8080 },
      tls: null,
    },
  ],
  admin: { address: { kind: 'tcp', host: '127.0.0.1', port: 9902 }, allow: [], tokenFile: null },
  metrics: null,
  accessLog: null,
  clusters: [
    {
      name: 'app',
      protocol: 'http2',
      discovery: [{ type: 'static', endpoints: [{ address: { kind: 'tcp', host: '127.0.0.1', port: 50_051 } }] }],
      connectTimeoutMs: 5_000,
      tls: null,
      healthCheck: {
        type: 'grpc',
        mode: 'auto',
        services: [''],
        port: null,
        intervalMs: 5_000,
        intervalJitterMs: 1_000,
        noTrafficIntervalMs: 5_000,
        unhealthyIntervalMs: 5_000,
        timeoutMs: 1_000,
        healthyThreshold: 2,
        unhealthyThreshold: 2,
        metadata: [],
        authority: null,
        http: null,
        treat: { unimplemented: 'unhealthy', serviceUnknown: 'unhealthy', statusUnknown: 'unhealthy' },
      },
      subsets: null,
      ...TRAFFIC_DEFAULTS,
      healthyWhen: 'any',
      whenEmpty: 'unhealthy',
      staleAfterMs: 180_000,
    },
  ],
  routes: [],
  health: {
    paths: ['/', '/healthz'],
    healthyWhen: 'any',
    clusters: [{ name: 'app', optional: false }],
    groups: [],
    details: 'counts',
    failDuringDrain: true,
    startupTimeoutMs: 15_000,
    statusHeader: true,
    grpc: 'auto',
    grpcStatusPath: null,
  },
  logging: { level: 'info', format: null },
  drain: { delayMs: 5_000, timeoutMs: 20_000 },
  reload: { watch: true },
  tracing: { propagate: true, otlpEndpoint: null },
};

/** The configuration of the product's documentation, as far as this version goes. */
export const FULL = `
listeners:
  - name: public
    address: 0.0.0.0:8443
    health: all
    tls:
      certificateFile: /etc/bridge/tls/tls.crt
      privateKeyFile: /etc/bridge/tls/tls.key
      selfSigned: false
      minVersion: TLSv1.3
      clientCertificates: required
      clientCaFile: /etc/bridge/ca.crt
      clientSubjectAltNames: ["spiffe://cluster.local/ns/a/sa/b"]
    idleTimeout: 620s
    routes: [canary, router]
    maxConnectionAge: 30m
    maxConnectionAgeGrace: 0s
    keepalive: { time: 5m, timeout: 10s, minTime: 10s, permitWithoutStream: false }
    headers: { forwardedFor: replace, requestId: create }
    limits: { profile: edge, maxConnections: 100, maxConnectionsPerAddress: 10, maxHeaderList: 128KiB, maxHeaderFields: 1000, glitches: { burst: 10, perSecond: 1 }, stallTimeout: 1m }
  - { name: plain, address: 0.0.0.0:8080, health: none, routes: [] }
  - { name: socket, address: unix:/run/bridge.sock, routes: [search] }
admin: { address: "[::]:0", allow: ["10.0.0.0/8", "fd00::/8", "192.0.2.1"], tokenFile: /run/secrets/token }
metrics: { address: 0.0.0.0:9903 }
accessLog: { format: "%PROTOCOL% %RESPONSE_CODE%", file: /var/log/bridge.log, healthChecks: true }
clusters:
  - name: router
    discovery: { type: dns, host: router.default.svc.cluster.local., port: 50051, refreshInterval: 3s, resolvers: ["127.0.0.1:5353", "[::1]:53"], family: v4 }
    connectTimeout: 250ms
    tls: { caFile: /ca.crt, serverName: router.example, certificateFile: /client.crt, privateKeyFile: /client.key, subjectAltNames: [router.example], insecureSkipVerify: false }
    healthCheck:
      type: grpc
      mode: check
      services: [route.Router, ""]
      port: 8081
      interval: 1m
      intervalJitter: 0s
      noTrafficInterval: 30s
      unhealthyInterval: 2m
      timeout: 3s
      healthyThreshold: 3
      unhealthyThreshold: 1
      metadata: { X-Probe: bridge, authorization: { file: /run/secrets/token }, trace-bin: AAEC }
      authority: router.example:443
      treat: { unimplemented: healthy, serviceUnknown: degraded, statusUnknown: unhealthy }
    loadBalancing: { policy: ringHash, hashOn: [{ header: x-user }, { path: true }, { sourceAddress: true }], panicThreshold: "50%" }
    subsets: { keys: [version, track], fallback: any }
    outlierDetection:
      consecutive5xx: 3
      consecutiveGatewayFailure: 2
      interval: 5s
      baseEjectionTime: 10s
      maxEjectionTime: 1m
      maxEjectionPercent: 50
      successRate: { stdevFactor: 2.5, minHosts: 3, requestVolume: 10 }
      failurePercentage: { threshold: 50, minHosts: 2, requestVolume: 20 }
      countInHealth: true
    connectionPool: { maxPendingRequests: 10, maxConnectionAge: 1h, idleTimeout: 10m }
    keepalive: { time: 10m, timeout: 5s }
    healthyWhen: { percent: 50 }
    whenEmpty: healthy
    staleAfter: 1h
  - name: search
    discovery:
      - { type: static, endpoints: ["127.0.0.1:50061", { address: search.example:50061 }, "unix:/run/search.sock"] }
      - { type: dns, host: search, port: 1 }
    tls: {}
    healthyWhen: { count: 7 }
routes:
  - name: canary
    match: { path: /router.Router/Route, authority: API.example, headers: [{ name: x-canary, exact: "1" }, { name: x-user, prefix: a }, { name: x-a, present: true }] }
    cluster: search
    timeout: 30s
    retry: { retryOn: [unavailable], maxAttempts: 3, perTryTimeout: 1s, backoff: { base: 25ms, max: 250ms }, budget: { percent: 20, min: 3 } }
  - { name: router, match: { prefix: /router.Router/ }, cluster: router }
  - { name: search, cluster: search }
health:
  paths: ["/", "/healthz", "/health"]
  healthyWhen: all
  clusters: [router, { name: search, optional: true }]
  groups: [{ name: frontend, healthyWhen: { count: 2 }, clusters: [router, search] }]
  details: full
  failDuringDrain: false
  startupTimeout: 0s
  statusHeader: false
  grpc: local
  grpcStatusPath: /health.Probe/Check
logging: { level: debug, format: text }
drain: { delay: 0s, timeout: 1m }
reload: { watch: false }
tracing: { propagate: false }
`;
