import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { parseTarget } from '../../../src/config/target.ts';

function later(scheme: string): string {
  return `has the scheme ${scheme}, which this version does not support: use dns, srv, kubernetes, ipv4, ipv6 or unix`;
}

const NO_SERVICE = 'has no name of SRV records: write srv:///_service._proto.name';
const KUBERNETES = 'must be written kubernetes:///service.namespace:port, with the name or the number of a port';

describe('parseTarget', () => {
  for (const [text, host, port] of [
    ['dns:///router.default.svc:50051', 'router.default.svc', 50_051],
    ['dns:router:50051', 'router', 50_051],
    ['router.default.svc.cluster.local.:50051', 'router.default.svc.cluster.local.', 50_051],
    ['localhost:1', 'localhost', 1],
    ['Router:1', 'router', 1],
    ['dns:1', 'dns', 1],
    ['srv:1', 'srv', 1],
  ] as const) {
    it(`looks ${text} up in DNS`, () => {
      assert.deepEqual(parseTarget(text), { kind: 'source', source: { type: 'dns', host, port } });
    });
  }

  for (const [text, ...endpoints] of [
    ['127.0.0.1:50051', '127.0.0.1:50051'],
    ['[::1]:50051', '[::1]:50051'],
    ['dns:///127.0.0.1:50051', '127.0.0.1:50051'],
    ['ipv4:10.0.0.1:80', '10.0.0.1:80'],
    ['ipv4:10.0.0.1:80,10.0.0.2:81', '10.0.0.1:80', '10.0.0.2:81'],
    ['ipv4:///10.0.0.1:80', '10.0.0.1:80'],
    ['ipv6:[::1]:80,[fe80::1]:81', '[::1]:80', '[fe80::1]:81'],
    ['unix:/run/app.sock', 'unix:/run/app.sock'],
    ['unix:///run/app.sock', 'unix:/run/app.sock'],
  ] as const) {
    it(`takes ${text} as it stands`, () => {
      assert.deepEqual(parseTarget(text), { kind: 'source', source: { type: 'static', endpoints } });
    });
  }

  for (const [text, name] of [
    ['srv:///_grpc._tcp.router.default.svc.cluster.local.', '_grpc._tcp.router.default.svc.cluster.local.'],
    ['srv:_grpc._tcp.router', '_grpc._tcp.router'],
    ['srv:///web.service.consul', 'web.service.consul'],
  ] as const) {
    it(`looks the service of ${text} up in DNS`, () => {
      assert.deepEqual(parseTarget(text), { kind: 'source', source: { type: 'srv', name } });
    });
  }

  for (const [text, source] of [
    ['kubernetes:///router.default:grpc', { service: 'router', namespace: 'default', port: 'grpc' }],
    ['kubernetes:///router:50051', { service: 'router', port: '50051' }],
    ['kubernetes:router.default:grpc', { service: 'router', namespace: 'default', port: 'grpc' }],
  ] as const) {
    it(`asks Kubernetes for ${text}`, () => {
      assert.deepEqual(parseTarget(text), { kind: 'source', source: { type: 'kubernetes', ...source } });
    });
  }

  for (const [text, message] of [
    ['', 'has no port: write host:port'],
    ['router', 'has no port: write host:port'],
    ['dns:///router', 'has no port: write host:port'],
    ['router:grpc', 'has no port between 1 and 65535'],
    ['router:0', 'has no port between 1 and 65535'],
    ['dns://8.8.8.8/router:1', 'names a DNS server: write dns:///host:port, and resolvers in a file'],
    ['dns:///unix:/run/app.sock', 'has two schemes'],
    ['ipv4:[::1]:80', 'has "[::1]:80", which is no IPv4 address with a port'],
    ['ipv4:10.0.0.1:80,', 'has no port: write host:port'],
    ['ipv4:router:80', 'has "router:80", which is no IPv4 address with a port'],
    ['ipv6:10.0.0.1:80', 'has "10.0.0.1:80", which is no IPv6 address with a port'],
    ['unix:app.sock', 'needs an absolute path after unix:'],
    ['unix:', 'needs an absolute path after unix:'],
    ['srv://127.0.0.1:5353/_grpc._tcp.router', 'names a DNS server: write srv:///name, and resolvers in a file'],
    ['srv:///_grpc._tcp.router:50051', 'has a port, which the SRV records bring: write srv:///name'],
    ['srv:///', NO_SERVICE],
    ['srv:///a..b', NO_SERVICE],
    ['srv:///10.0.0.1', NO_SERVICE],
    ['kubernetes:///router.default', KUBERNETES],
    ['kubernetes:///router.default.svc.cluster.local:grpc', KUBERNETES],
    ['kubernetes:///Router.default:grpc', KUBERNETES],
    ['kubernetes:///router.:grpc', KUBERNETES],
    ['kubernetes://cluster/router.default:grpc', KUBERNETES],
    ['kubernetes:', KUBERNETES],
    ['xds:///router', later('xds')],
    ['unix-abstract:app', later('unix-abstract')],
    ['http://router:80', later('http')],
  ] as const) {
    it(`refuses ${text}`, () => {
      assert.deepEqual(parseTarget(text), { kind: 'invalid', message });
    });
  }

  it('takes or refuses any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...Array.from('dns:/[]1.,ipv46unixakub')) }), (text) => {
        assert.match(parseTarget(text).kind, /^(source|invalid)$/);
      }),
      { seed: 5, numRuns: 1_000 },
    );
  });
});
