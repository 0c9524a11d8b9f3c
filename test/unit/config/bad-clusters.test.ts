import { type BadCase, DURATION, describeBad, ENDPOINT, NAME, one, SERVER, WHEN, withDns } from './support/bad-case.ts';
import { baseCluster, baseConfig, withCluster } from './support/base-config.ts';

const CLUSTERS: readonly BadCase[] = [
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
    'clusters[0].discovery.type: is required and must be one of static, dns, srv, file, kubernetes, envoy',
  ),
  one(
    'discovery of a later version',
    withCluster({ discovery: { type: 'xds' } }),
    'clusters[0].discovery.type: must be one of static, dns, srv, file, kubernetes, envoy (got "xds")',
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
    'clusters[0].discovery.endpoints[0]: must be ip:port, name:port, unix:/path or { address, labels, weight } (got 50051)',
  ),
  one(
    'an endpoint of no weight',
    withCluster({ discovery: { type: 'static', endpoints: [{ address: 'a:1', weight: 0 }] } }),
    'clusters[0].discovery.endpoints[0].weight: must be a whole number from 1 to 1000000 (got 0)',
  ),
  one(
    'a label that is a number',
    withCluster({ discovery: { type: 'static', endpoints: [{ address: 'a:1', labels: { version: 1 } }] } }),
    'clusters[0].discovery.endpoints[0].labels.version: must be printable ASCII of at most 256 characters (got 1)',
  ),
  one(
    'an endpoint twice, in two forms',
    withCluster({ discovery: { type: 'static', endpoints: ['a:1', 'b:1', { address: 'a:1' }] } }),
    'clusters[0].discovery.endpoints[2]: repeats item 0 (got "a:1")',
  ),
  one(
    'dns without host',
    withDns({ host: '' }),
    'clusters[0].discovery.host: must be a host name without a port, not an IP address (got "")',
  ),
  one(
    'dns of an address',
    withDns({ host: '10.0.0.1' }),
    'clusters[0].discovery.host: must be a host name without a port, not an IP address (got "10.0.0.1")',
  ),
  one(
    'dns of an IPv6 address',
    withDns({ host: '::1' }),
    'clusters[0].discovery.host: must be a host name without a port, not an IP address (got "::1")',
  ),
  one(
    'dns with the port in the host',
    withDns({ host: 'a:1' }),
    'clusters[0].discovery.host: must be a host name without a port, not an IP address (got "a:1")',
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
    'clusters[0].tls.serverName: must be a host name without a port, not an IP address (got "10.0.0.1")',
  ),
  one(
    'no subject name',
    withCluster({ tls: { subjectAltNames: [] } }),
    'clusters[0].tls.subjectAltNames: needs at least 1 (got 0)',
  ),
  one(
    'a subject name with a wildcard',
    withCluster({ tls: { subjectAltNames: ['a.test', '*.a.test'] } }),
    'clusters[0].tls.subjectAltNames[1]: must be a URI, DNS name, IP or mail address, of 1 to 2048 visible characters, without * (got "*.a.test")',
  ),
  one(
    'a subject name twice',
    withCluster({ tls: { subjectAltNames: ['a.test', 'a.test'] } }),
    'clusters[0].tls.subjectAltNames[1]: repeats item 0 (got "a.test")',
  ),
  one(
    'too many subject names',
    withCluster({ tls: { subjectAltNames: Array.from({ length: 65 }, (_, index) => `${index}.test`) } }),
    'clusters[0].tls.subjectAltNames: may have 64 at most (got 65)',
  ),
  one(
    'subject names that nobody looks at',
    withCluster({ tls: { subjectAltNames: ['a.test'], insecureSkipVerify: true } }),
    'clusters[0].tls.subjectAltNames: has no effect with insecureSkipVerify: true (got a list)',
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

describeBad('clusters', CLUSTERS);
