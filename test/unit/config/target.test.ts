import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { parseTarget } from '../../../src/config/target.ts';

function later(scheme: string): string {
  return `has the scheme ${scheme}, which this version does not support: use dns, ipv4, ipv6 or unix`;
}

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
    ['srv:///_grpc._tcp.router', later('srv')],
    ['kubernetes:///router.default:grpc', later('kubernetes')],
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
      fc.property(fc.string({ unit: fc.constantFrom(...Array.from('dns:/[]1.,ipv46unixa')) }), (text) => {
        assert.match(parseTarget(text).kind, /^(source|invalid)$/);
      }),
      { seed: 5, numRuns: 1_000 },
    );
  });
});
