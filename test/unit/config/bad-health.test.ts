import { type BadCase, DURATION, describeBad, one, withHealth } from './support/bad-case.ts';
import { baseConfig, withCheck, withCluster } from './support/base-config.ts';

const CHECKS: readonly BadCase[] = [
  one(
    'a type of a later version',
    withCheck({ type: 'redis' }),
    'clusters[0].healthCheck.type: must be one of grpc, tcp, http, envoy, none (got "redis")',
  ),
  one(
    'keys without effect on a TCP check',
    withCheck({ type: 'tcp', mode: 'watch', services: ['a'], port: 1 }),
    'clusters[0].healthCheck.mode: has no effect with type: tcp (got "watch")',
    'clusters[0].healthCheck.services: has no effect with type: tcp (got a list)',
  ),
  one(
    'keys without effect where nothing is checked',
    withCheck({ type: 'none', interval: '1s', treat: { unimplemented: 'healthy' } }),
    'clusters[0].healthCheck.treat: has no effect with type: none (got an object)',
    'clusters[0].healthCheck.interval: has no effect with type: none (got "1s")',
  ),
  one(
    'an unknown mode',
    withCheck({ mode: 'guess' }),
    'clusters[0].healthCheck.mode: must be one of auto, watch, check (got "guess")',
  ),
  one('services as text', withCheck({ services: 'a' }), 'clusters[0].healthCheck.services: must be a list (got "a")'),
  one('no services', withCheck({ services: [] }), 'clusters[0].healthCheck.services: needs at least 1 (got 0)'),
  one(
    'a service twice',
    withCheck({ services: ['a', 'b', 'a'] }),
    'clusters[0].healthCheck.services[2]: repeats item 0 (got "a")',
  ),
  one(
    'a service with a space',
    withCheck({ services: ['a b'] }),
    'clusters[0].healthCheck.services[0]: must be a gRPC service name of at most 256 printable ASCII characters without spaces, or empty (got "a b")',
  ),
  one(
    'too many services',
    withCheck({ services: Array.from({ length: 65 }, (_, index) => `s${index}`) }),
    'clusters[0].healthCheck.services: may have 64 at most (got 65)',
  ),
  one(
    'no time between checks',
    withCheck({ interval: '0s' }),
    'clusters[0].healthCheck.interval: must be from 100ms to 1h (got "0s")',
  ),
  one('a sum of durations', withCheck({ interval: '1m30s' }), `clusters[0].healthCheck.interval: ${DURATION} (got "1m30s")`),
  one('a broken duration', withCheck({ interval: '1.5s' }), `clusters[0].healthCheck.interval: ${DURATION} (got "1.5s")`),
  one(
    'a negative duration',
    withCheck({ intervalJitter: '-1s' }),
    `clusters[0].healthCheck.intervalJitter: ${DURATION} (got "-1s")`,
  ),
  one(
    'a duration in days',
    withCheck({ unhealthyInterval: '1d' }),
    `clusters[0].healthCheck.unhealthyInterval: ${DURATION} (got "1d")`,
  ),
  one('a timeout of none', withCheck({ timeout: 0 }), `clusters[0].healthCheck.timeout: ${DURATION} (got 0)`),
  one('a timeout too long', withCheck({ timeout: '1h' }), 'clusters[0].healthCheck.timeout: must be from 10ms to 10m (got "1h")'),
  one(
    'a threshold of none',
    withCheck({ healthyThreshold: 0 }),
    'clusters[0].healthCheck.healthyThreshold: must be a whole number from 1 to 100 (got 0)',
  ),
  one(
    'a threshold as text',
    withCheck({ unhealthyThreshold: '2' }),
    'clusters[0].healthCheck.unhealthyThreshold: must be a whole number from 1 to 100 (got "2")',
  ),
  one(
    'too short a pause without traffic',
    withCheck({ noTrafficInterval: '99ms' }),
    'clusters[0].healthCheck.noTrafficInterval: must be from 100ms to 1h (got "99ms")',
  ),
  one(
    'an authority with a path',
    withCheck({ authority: 'a/b' }),
    'clusters[0].healthCheck.authority: must be a host, with a port if need be, of at most 255 characters (got "a/b")',
  ),
  one(
    'an unknown treatment',
    withCheck({ treat: { unimplemented: 'ok' } }),
    'clusters[0].healthCheck.treat.unimplemented: must be one of healthy, degraded, unhealthy (got "ok")',
  ),
  one(
    'a port towards a socket',
    withCluster({ discovery: { type: 'static', endpoints: ['unix:/a'] }, healthCheck: { port: 81 } }),
    'clusters[0].healthCheck.port: cannot be applied to unix sockets (got 81)',
  ),
  one(
    'metadata as text, kept secret',
    withCheck({ metadata: 'authorization: Bearer s3cret' }),
    'clusters[0].healthCheck.metadata: must be an object of names and values',
  ),
  one(
    'a metadata value as a number, kept secret',
    withCheck({ metadata: { token: 12345 } }),
    'clusters[0].healthCheck.metadata.token: must be text or { file: path }',
  ),
  one(
    'a metadata value with a line break, kept secret',
    withCheck({ metadata: { token: 's3c\nret' } }),
    'clusters[0].healthCheck.metadata.token: must be printable ASCII without spaces at its ends, of at most 4096 characters',
  ),
  one(
    'a metadata value of another kind',
    withCheck({ metadata: { token: { env: 'TOKEN' } } }),
    'clusters[0].healthCheck.metadata.token.file: is required',
    'clusters[0].healthCheck.metadata.token.env: is not a known key',
  ),
  one(
    'a metadata name of HTTP/2',
    withCheck({ metadata: { ':path': '/' } }),
    'clusters[0].healthCheck.metadata[":path"]: is no valid name: letters, digits, dots, dashes and underscores',
  ),
  one(
    'a metadata name of gRPC',
    withCheck({ metadata: { 'Grpc-Timeout': '1S' } }),
    'clusters[0].healthCheck.metadata.Grpc-Timeout: is reserved by HTTP or gRPC',
  ),
  one(
    'a metadata name of another key',
    withCheck({ metadata: { host: 'a' } }),
    'clusters[0].healthCheck.metadata.host: is reserved: use authority, or http.host',
  ),
  one(
    'a metadata name in two spellings',
    withCheck({ metadata: { 'x-a': '1', 'X-A': '2' } }),
    'clusters[0].healthCheck.metadata.X-A: is the same name as x-a',
  ),
  one(
    'binary metadata that is no base64',
    withCheck({ metadata: { 'x-bin': 'a*b' } }),
    'clusters[0].healthCheck.metadata.x-bin: must be base64, as the name ends in -bin',
  ),
  one(
    'too many headers',
    withCheck({ metadata: Object.fromEntries(Array.from({ length: 65 }, (_, index) => [`h${index}`, 'v'])) }),
    'clusters[0].healthCheck.metadata: may have 64 entries at most (got 65)',
  ),
];

const HEALTH: readonly BadCase[] = [
  one('no paths', withHealth({ paths: [] }), 'health.paths: needs at least 1 (got 0)'),
  ...['healthz', '/a?b', '/a%20b', '/a b', '/livez', '/readyz', '/startupz'].map((path) =>
    one(
      `the path ${path}`,
      withHealth({ paths: [path] }),
      `health.paths[0]: must be a path that begins with a slash, of at most 1024 characters, without query and percent signs, other than /livez, /readyz, /startupz (got "${path}")`,
    ),
  ),
  one(
    'somebody else who answers gRPC',
    withHealth({ grpc: 'remote' }),
    'health.grpc: must be one of auto, local, forward (got "remote")',
  ),
  ...['/health.Probe', 'health.Probe/Check', '/health.Probe/', '/a/b?c', '/grpc.health.v1.Health/Check'].map((path) =>
    one(
      `the status path ${path}`,
      withHealth({ grpcStatusPath: path }),
      `health.grpcStatusPath: must be a gRPC path such as /health.Probe/Check, of at most 1024 characters, outside of /grpc.health.v1.Health/ (got "${path}")`,
    ),
  ),
  one('a path twice', withHealth({ paths: ['/a', '/a'] }), 'health.paths[1]: repeats item 0 (got "/a")'),
  one(
    "a cluster's path",
    withHealth({ paths: ['/', '/healthz/app'] }),
    'health.paths[1]: is the URL of clusters[0] (got "/healthz/app")',
  ),
  one(
    "a path below a group's",
    withHealth({ paths: ['/healthz/all/x'], groups: [{ name: 'all', clusters: ['app'] }] }),
    'health.paths[0]: is the URL of health.groups[0] (got "/healthz/all/x")',
  ),
  one('no clusters', withHealth({ clusters: [] }), 'health.clusters: needs at least 1 (got 0)'),
  one('a missing cluster', withHealth({ clusters: ['ap'] }), 'health.clusters[0]: is no cluster, did you mean app? (got "ap")'),
  one(
    'a missing cluster as an object',
    withHealth({ clusters: [{ name: 'search', optional: true }] }),
    'health.clusters[0].name: is no cluster (got "search")',
  ),
  one(
    'a cluster twice',
    withHealth({ clusters: ['app', { name: 'app', optional: true }] }),
    'health.clusters[1]: repeats item 0 (got "app")',
  ),
  one(
    'a cluster as a number',
    withHealth({ clusters: [1] }),
    'health.clusters[0]: must be the name of a cluster, or { name, optional } (got 1)',
  ),
  one(
    'a count beyond the clusters',
    withHealth({ healthyWhen: { count: 2 } }),
    'health.healthyWhen.count: is more than the 1 clusters that count (got 2)',
  ),
  one(
    'a count that optional clusters cannot fill',
    withHealth({ groups: [{ name: 'g', healthyWhen: { count: 1 }, clusters: [{ name: 'app', optional: true }] }] }),
    'health.groups[0].healthyWhen.count: is more than the 0 clusters that count (got 1)',
  ),
  one('a group without name', withHealth({ groups: [{ clusters: ['app'] }] }), 'health.groups[0].name: is required'),
  one('a group without clusters', withHealth({ groups: [{ name: 'g' }] }), 'health.groups[0].clusters: is required'),
  one(
    'a group of a missing cluster',
    withHealth({ groups: [{ name: 'g', clusters: ['x'] }] }),
    'health.groups[0].clusters[0]: is no cluster (got "x")',
  ),
  one(
    "a group with a cluster's name",
    withHealth({ groups: [{ name: 'app', clusters: ['app'] }] }),
    'health.groups[0].name: is taken by clusters[0] (got "app")',
  ),
  one('unknown details', withHealth({ details: 'all' }), 'health.details: must be one of none, counts, full (got "all")'),
  one('a wait that never ends', withHealth({ startupTimeout: '2h' }), 'health.startupTimeout: must be from 0s to 1h (got "2h")'),
  one(
    'an unknown level',
    baseConfig({ logging: { level: 'verbose' } }),
    'logging.level: must be one of trace, debug, info, warn, error, fatal, silent (got "verbose")',
  ),
  one('an unknown format', baseConfig({ logging: { format: 'xml' } }), 'logging.format: must be one of json, text (got "xml")'),
  one('a drain without end', baseConfig({ drain: { timeout: '2h' } }), 'drain.timeout: must be from 0s to 1h (got "2h")'),
];

describeBad('checks', CHECKS);
describeBad('health', HEALTH);
