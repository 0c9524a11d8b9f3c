import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { baseCluster, baseConfig, type Raw, refusals, withCheck, withCluster, withListener } from './support/base-config.ts';

interface Case {
  readonly name: string;
  readonly raw: unknown;
  readonly problems: readonly string[];
}

function one(name: string, raw: unknown, ...problems: readonly string[]): Case {
  return { name, raw, problems };
}

const DURATION = 'must be a whole number and a unit, such as 250ms, 5s, 1m or 1h';
const NAME = 'must be a name of 1 to 63 letters, digits, dots, dashes and underscores, not . or ..';
const ENDPOINT = 'must be ip:port, name:port or unix:/path';
const LISTEN = 'must be an IP address or localhost with a port, or unix:/path';
const WHEN = 'must be any, all, { percent: 1 to 100 } or { count: 1 or more }';
const SERVER = '10.0.0.1:53';

function withDns(changes: Raw): Raw {
  return withCluster({ discovery: { type: 'dns', host: 'app.example.', port: 50051, ...changes } });
}

function withHealth(health: unknown): Raw {
  return baseConfig({ health });
}

const SHAPES: readonly Case[] = [
  one('null', null, 'must be an object (got null)'),
  one('a list', [], 'must be an object (got a list)'),
  one('a text', 'listeners', 'must be an object (got "listeners")'),
  one('nothing at all', {}, 'listeners: is required', 'clusters: is required'),
  one('no listener', baseConfig({ listeners: [] }), 'listeners: needs at least 1 (got 0)'),
  one('listeners as an object', baseConfig({ listeners: {} }), 'listeners: must be a list (got an object)'),
  one('a listener as text', baseConfig({ listeners: [':80'] }), 'listeners[0]: must be an object (got ":80")'),
  one('no cluster', baseConfig({ clusters: [] }), 'clusters: needs at least 1 (got 0)'),
  one(
    'too many clusters',
    baseConfig({ clusters: Array.from({ length: 257 }, (_, index) => baseCluster({ name: `c${index}` })) }),
    'clusters: may have 256 at most (got 257)',
  ),
  one(
    'too many listeners',
    baseConfig({ listeners: Array.from({ length: 65 }, () => ({ address: '127.0.0.1:0' })) }),
    'listeners: may have 64 at most (got 65)',
  ),
  one('a key of a later version', baseConfig({ routes: [] }), 'routes: is not a known key'),
  one('a mistyped key', baseConfig({ helth: {} }), 'helth: is not a known key: did you mean health?'),
  one(
    'another spelling',
    withCluster({ health_check: {} }),
    'clusters[0].health_check: is not a known key: did you mean healthCheck?',
  ),
  one('a key that is no word', baseConfig({ 'a b': 1 }), '["a b"]: is not a known key'),
  one('__proto__', JSON.parse(JSON.stringify(baseConfig()).replace('{', '{"__proto__":{},')), '__proto__: is not a known key'),
  one('a section without content', baseConfig({ drain: null }), 'drain: must be an object (got null)'),
];

const LISTENERS: readonly Case[] = [
  one('no address', baseConfig({ listeners: [{ name: 'a' }] }), 'listeners[0].address: is required'),
  one(
    'no port',
    withListener({ address: '127.0.0.1' }),
    `listeners[0].address: ${LISTEN}: it has no port: write host:port (got "127.0.0.1")`,
  ),
  one(
    'a port too high',
    withListener({ address: '127.0.0.1:65536' }),
    `listeners[0].address: ${LISTEN}: it has no port between 0 and 65535 (got "127.0.0.1:65536")`,
  ),
  one(
    'a host name',
    withListener({ address: 'bridge.example:80' }),
    `listeners[0].address: ${LISTEN}: other names are not resolved (got "bridge.example:80")`,
  ),
  one(
    'a relative socket',
    withListener({ address: 'unix:bridge.sock' }),
    `listeners[0].address: ${LISTEN}: it needs an absolute path after unix: (got "unix:bridge.sock")`,
  ),
  one('an address as a number', withListener({ address: 8080 }), `listeners[0].address: ${LISTEN} (got 8080)`),
  one('an unknown health', withListener({ health: 'some' }), 'listeners[0].health: must be one of all, none (got "some")'),
  one(
    'an idle timeout of none',
    withListener({ idleTimeout: '0s' }),
    'listeners[0].idleTimeout: must be from 1s to 24h (got "0s")',
  ),
  one(
    'TLS of nothing',
    withListener({ tls: {} }),
    'listeners[0].tls: needs certificateFile and privateKeyFile, or selfSigned: true',
  ),
  one('TLS as a switch', withListener({ tls: true }), 'listeners[0].tls: must be an object (got true)'),
  one(
    'a certificate without key',
    withListener({ tls: { certificateFile: 'a.crt' } }),
    'listeners[0].tls.privateKeyFile: is required with certificateFile',
  ),
  one(
    'a key without certificate',
    withListener({ tls: { privateKeyFile: 'a.key' } }),
    'listeners[0].tls.certificateFile: is required with privateKeyFile',
  ),
  one(
    'files and self-signed',
    withListener({ tls: { certificateFile: 'a.crt', privateKeyFile: 'a.key', selfSigned: true } }),
    'listeners[0].tls.selfSigned: excludes certificateFile and privateKeyFile (got true)',
  ),
  one(
    'a word for a switch',
    withListener({ tls: { selfSigned: 'yes' } }),
    'listeners[0].tls.selfSigned: must be true or false (got "yes")',
  ),
  one(
    'an old TLS version',
    withListener({ tls: { selfSigned: true, minVersion: 'TLSv1.1' } }),
    'listeners[0].tls.minVersion: must be one of TLSv1.2, TLSv1.3 (got "TLSv1.1")',
  ),
  one(
    'an empty path',
    withListener({ tls: { certificateFile: '', privateKeyFile: 'a.key' } }),
    'listeners[0].tls.certificateFile: must be the path of a file, of 1 to 4095 characters (got "")',
  ),
  one(
    'two of one name',
    baseConfig({
      listeners: [
        { name: 'a', address: '127.0.0.1:0' },
        { name: 'a', address: '127.0.0.1:0' },
      ],
    }),
    'listeners[1].name: is taken by listeners[0] (got "a")',
  ),
  one(
    'a name that a default has',
    baseConfig({ listeners: [{ name: 'listener-1', address: '127.0.0.1:0' }, { address: '127.0.0.1:0' }] }),
    'listeners[1].name: is taken by listeners[0] (got "listener-1")',
  ),
  one(
    'two on one address',
    baseConfig({ listeners: [{ address: '[::1]:80' }, { address: '[0:0::1]:80' }] }),
    'listeners[1].address: is taken by listeners[0], [::1]:80 (got "[::1]:80")',
  ),
  one(
    'one below a wildcard',
    baseConfig({ listeners: [{ address: '0.0.0.0:80' }, { address: '127.0.0.1:80' }] }),
    'listeners[1].address: is taken by listeners[0], 0.0.0.0:80 (got "127.0.0.1:80")',
  ),
  one(
    'two on one socket',
    baseConfig({ listeners: [{ address: 'unix:/run/a' }, { address: 'unix:/run/a' }] }),
    'listeners[1].address: is taken by listeners[0], unix:/run/a (got "unix:/run/a")',
  ),
  one(
    'the admin address that is the default',
    withListener({ address: '[::]:9902' }),
    'admin.address: is taken by listeners[0], [::]:9902 (got "127.0.0.1:9902")',
  ),
  one(
    'admin for everybody',
    baseConfig({ admin: { address: '0.0.0.0:9902' } }),
    'admin.address: must be a loopback address or unix:/path, as this version has no access control for it (got "0.0.0.0:9902")',
  ),
  one('admin access of a later version', baseConfig({ admin: { allow: [] } }), 'admin.allow: is not a known key'),
];

const CLUSTERS: readonly Case[] = [
  one('no name', baseConfig({ clusters: [{ ...baseCluster(), name: undefined }] }), `clusters[0].name: ${NAME} (got undefined)`),
  one('an empty name', withCluster({ name: '' }), `clusters[0].name: ${NAME} (got "")`),
  one('a name with a slash', withCluster({ name: 'a/b' }), `clusters[0].name: ${NAME} (got "a/b")`),
  one('a name that URLs lose', withCluster({ name: '..' }), `clusters[0].name: ${NAME} (got "..")`),
  one('a long name, shortened', withCluster({ name: 'n'.repeat(64) }), `clusters[0].name: ${NAME} (got "${'n'.repeat(59)}…")`),
  one(
    'two of one name',
    baseConfig({ clusters: [baseCluster(), baseCluster()] }),
    'clusters[1].name: is taken by clusters[0] (got "app")',
  ),
  one('no discovery', baseConfig({ clusters: [{ name: 'a' }] }), 'clusters[0].discovery: is required'),
  one(
    'discovery as text',
    withCluster({ discovery: 'dns' }),
    'clusters[0].discovery: must be a source, or a list of sources (got "dns")',
  ),
  one(
    'discovery of no type',
    withCluster({ discovery: { endpoints: [] } }),
    'clusters[0].discovery.type: is required and must be one of static, dns',
  ),
  one(
    'discovery of a later version',
    withCluster({ discovery: { type: 'kubernetes' } }),
    'clusters[0].discovery.type: must be one of static, dns (got "kubernetes")',
  ),
  one('an empty list of sources', withCluster({ discovery: [] }), 'clusters[0].discovery: needs at least 1 (got 0)'),
  one(
    'a bad source among others',
    withCluster({ discovery: [{ type: 'static', endpoints: ['a:1'] }, { type: 'dns' }] }),
    'clusters[0].discovery[1].host: is required',
    'clusters[0].discovery[1].port: is required',
  ),
  one(
    'no endpoints',
    withCluster({ discovery: { type: 'static', endpoints: [] } }),
    'clusters[0].discovery.endpoints: needs at least 1 (got 0)',
  ),
  one(
    'an endpoint on port 0',
    withCluster({ discovery: { type: 'static', endpoints: ['127.0.0.1:0'] } }),
    `clusters[0].discovery.endpoints[0]: ${ENDPOINT}: it has no port between 1 and 65535 (got "127.0.0.1:0")`,
  ),
  one(
    'an endpoint that is no address',
    withCluster({ discovery: { type: 'static', endpoints: [{ address: '10.0.0.256:80' }] } }),
    `clusters[0].discovery.endpoints[0].address: ${ENDPOINT}: it is not host:port with an IPv4 address, an IPv6 address in brackets, or a host name (got "10.0.0.256:80")`,
  ),
  one(
    'an endpoint as a number',
    withCluster({ discovery: { type: 'static', endpoints: [50051] } }),
    'clusters[0].discovery.endpoints[0]: must be ip:port, name:port, unix:/path or { address } (got 50051)',
  ),
  one(
    'a label of a later version',
    withCluster({ discovery: { type: 'static', endpoints: [{ address: 'a:1', weight: 2 }] } }),
    'clusters[0].discovery.endpoints[0].weight: is not a known key',
  ),
  one(
    'an endpoint twice, in two forms',
    withCluster({ discovery: { type: 'static', endpoints: ['a:1', 'b:1', { address: 'a:1' }] } }),
    'clusters[0].discovery.endpoints[2]: repeats item 0 (got "a:1")',
  ),
  one('dns without host', withDns({ host: '' }), 'clusters[0].discovery.host: must be a host name, not an IP address (got "")'),
  one(
    'dns of an address',
    withDns({ host: '10.0.0.1' }),
    'clusters[0].discovery.host: must be a host name, not an IP address (got "10.0.0.1")',
  ),
  one(
    'dns of an IPv6 address',
    withDns({ host: '::1' }),
    'clusters[0].discovery.host: must be a host name, not an IP address (got "::1")',
  ),
  one(
    'dns with the port in the host',
    withDns({ host: 'a:1' }),
    'clusters[0].discovery.host: must be a host name, not an IP address (got "a:1")',
  ),
  one('a port of 0', withDns({ port: 0 }), 'clusters[0].discovery.port: must be a whole number from 1 to 65535 (got 0)'),
  one(
    'a port by name',
    withDns({ port: 'grpc' }),
    'clusters[0].discovery.port: must be a whole number from 1 to 65535 (got "grpc")',
  ),
  one('a broken port', withDns({ port: 80.5 }), 'clusters[0].discovery.port: must be a whole number from 1 to 65535 (got 80.5)'),
  one(
    'a refresh in no time',
    withDns({ refreshInterval: '1ms' }),
    'clusters[0].discovery.refreshInterval: must be from 1s to 1h (got "1ms")',
  ),
  one(
    'a resolver by name',
    withDns({ resolvers: ['dns.example:53'] }),
    'clusters[0].discovery.resolvers[0]: must be ip:port: a resolver is reached without resolving its name (got "dns.example:53")',
  ),
  one(
    'a resolver twice',
    withDns({ resolvers: [SERVER, SERVER] }),
    `clusters[0].discovery.resolvers[1]: repeats item 0 (got "${SERVER}")`,
  ),
  one(
    'too many resolvers',
    withDns({ resolvers: Array.from({ length: 9 }, (_, index) => `10.0.0.${index}:53`) }),
    'clusters[0].discovery.resolvers: may have 8 at most (got 9)',
  ),
  one(
    'an unknown family',
    withDns({ family: 'v5' }),
    'clusters[0].discovery.family: must be one of auto, all, v4, v6 (got "v5")',
  ),
  one('a key of the other type', withDns({ endpoints: [] }), 'clusters[0].discovery.endpoints: is not a known key'),
  one(
    'a connect timeout in words',
    withCluster({ connectTimeout: 'soon' }),
    `clusters[0].connectTimeout: ${DURATION} (got "soon")`,
  ),
  one(
    'a connect timeout without unit',
    withCluster({ connectTimeout: 250 }),
    `clusters[0].connectTimeout: ${DURATION} (got 250)`,
  ),
  one(
    'a client certificate without key',
    withCluster({ tls: { certificateFile: 'a' } }),
    'clusters[0].tls.privateKeyFile: is required with certificateFile',
  ),
  one(
    'a CA that is not looked at',
    withCluster({ tls: { caFile: 'ca.crt', insecureSkipVerify: true } }),
    'clusters[0].tls.caFile: has no effect with insecureSkipVerify: true (got "ca.crt")',
  ),
  one(
    'an address as server name',
    withCluster({ tls: { serverName: '10.0.0.1' } }),
    'clusters[0].tls.serverName: must be a host name, not an IP address (got "10.0.0.1")',
  ),
  one(
    'subject names of a later version',
    withCluster({ tls: { subjectAltNames: [] } }),
    'clusters[0].tls.subjectAltNames: is not a known key',
  ),
  one('an unknown healthyWhen', withCluster({ healthyWhen: 'most' }), `clusters[0].healthyWhen: ${WHEN} (got "most")`),
  one(
    'a healthyWhen of two keys',
    withCluster({ healthyWhen: { percent: 50, count: 2 } }),
    `clusters[0].healthyWhen: ${WHEN} (got an object)`,
  ),
  one('an empty healthyWhen', withCluster({ healthyWhen: {} }), `clusters[0].healthyWhen: ${WHEN} (got an object)`),
  one(
    'no percent',
    withCluster({ healthyWhen: { percent: 0 } }),
    'clusters[0].healthyWhen.percent: must be a whole number from 1 to 100 (got 0)',
  ),
  one(
    'more than all',
    withCluster({ healthyWhen: { percent: 101 } }),
    'clusters[0].healthyWhen.percent: must be a whole number from 1 to 100 (got 101)',
  ),
  one(
    'a count beyond the list',
    withCluster({ healthyWhen: { count: 2 } }),
    "clusters[0].healthyWhen.count: is more than the cluster's 1 endpoints (got 2)",
  ),
  one(
    'an unknown whenEmpty',
    withCluster({ whenEmpty: 'degraded' }),
    'clusters[0].whenEmpty: must be one of healthy, unhealthy (got "degraded")',
  ),
  one('stale too early', withCluster({ staleAfter: '1m' }), 'clusters[0].staleAfter: must be from 3m to 24h (got "1m")'),
  one(
    'stale before three checks',
    withCluster({
      staleAfter: '5m',
      healthCheck: { interval: '1m', unhealthyInterval: '2m', intervalJitter: '10s', timeout: '5s' },
    }),
    'clusters[0].staleAfter: must be 405s or more, for checks this far apart (got "5m")',
  ),
];

const CHECKS: readonly Case[] = [
  one('a type of a later version', withCheck({ type: 'tcp' }), 'clusters[0].healthCheck.type: must be grpc (got "tcp")'),
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
    'a pause of a later version',
    withCheck({ noTrafficInterval: '1m' }),
    'clusters[0].healthCheck.noTrafficInterval: is not a known key',
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
    'clusters[0].healthCheck.metadata.Grpc-Timeout: is reserved by HTTP/2 or gRPC',
  ),
  one(
    'a metadata name of another key',
    withCheck({ metadata: { host: 'a' } }),
    'clusters[0].healthCheck.metadata.host: is reserved: use authority',
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

const HEALTH: readonly Case[] = [
  one('no paths', withHealth({ paths: [] }), 'health.paths: needs at least 1 (got 0)'),
  ...['healthz', '/a?b', '/a%20b', '/a b', '/livez', '/readyz', '/startupz'].map((path) =>
    one(
      `the path ${path}`,
      withHealth({ paths: [path] }),
      `health.paths[0]: must be a path that begins with a slash, of at most 1024 characters, without query and percent signs, other than /livez, /readyz, /startupz (got "${path}")`,
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
  one('gRPC of a later version', withHealth({ grpc: 'auto' }), 'health.grpc: is not a known key'),
  one(
    'an unknown level',
    baseConfig({ logging: { level: 'verbose' } }),
    'logging.level: must be one of trace, debug, info, warn, error, fatal, silent (got "verbose")',
  ),
  one('an unknown format', baseConfig({ logging: { format: 'xml' } }), 'logging.format: must be one of json, text (got "xml")'),
  one('a drain without end', baseConfig({ drain: { timeout: '2h' } }), 'drain.timeout: must be from 0s to 1h (got "2h")'),
];

for (const [area, cases] of Object.entries({
  shapes: SHAPES,
  listeners: LISTENERS,
  clusters: CLUSTERS,
  checks: CHECKS,
  health: HEALTH,
})) {
  describe(`a bad configuration: ${area}`, () => {
    for (const { name, raw, problems } of cases) {
      it(name, () => {
        assert.deepEqual(refusals(raw), problems);
      });
    }
  });
}

describe('a configuration with several mistakes', () => {
  it('is refused with all of them, and with none that only follows from another', () => {
    const raw = {
      listeners: [{ address: 'x' }],
      admin: { adress: '127.0.0.1:1' },
      clusters: [
        baseCluster({ name: 'a b', healthCheck: { interval: '1d', tiemout: '1s' } }),
        baseCluster({ connectTimeout: 'x' }),
      ],
      health: { clusters: ['a b', 'app', 'gone'], groups: [{ name: 'app', clusters: ['app'] }] },
      nonsense: true,
    };
    assert.deepEqual(refusals(raw), [
      `listeners[0].address: ${LISTEN}: it has no port: write host:port (got "x")`,
      'admin.adress: is not a known key: did you mean address?',
      `clusters[0].name: ${NAME} (got "a b")`,
      `clusters[0].healthCheck.interval: ${DURATION} (got "1d")`,
      'clusters[0].healthCheck.tiemout: is not a known key: did you mean timeout?',
      `clusters[1].connectTimeout: ${DURATION} (got "x")`,
      `health.clusters[0]: ${NAME} (got "a b")`,
      'nonsense: is not a known key',
      'health.groups[0].name: is taken by clusters[1] (got "app")',
      'health.clusters[2]: is no cluster (got "gone")',
    ]);
  });

  it('lists a hundred and counts the rest', () => {
    const endpoints = Array.from({ length: 150 }, (_, index) => `10.0.0.${index}`);
    const lines = refusals(withCluster({ discovery: { type: 'static', endpoints } }));
    assert.equal(lines.length, 101);
    assert.equal(lines[100], 'and 50 more problems');
  });
});
