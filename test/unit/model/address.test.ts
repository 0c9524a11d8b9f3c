import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { formatAddress, isHostName, isLoopback, parseAddress } from '../../../src/model/address.ts';

function parsed(text: string, options?: { readonly allowPortZero?: boolean }): string {
  const result = parseAddress(text, options);
  return result.kind === 'address' ? formatAddress(result.address) : `invalid: ${result.message}`;
}

describe('parseAddress', () => {
  for (const [text, canonical] of [
    ['127.0.0.1:50051', '127.0.0.1:50051'],
    ['Example.COM:80', 'example.com:80'],
    ['router.default.svc.cluster.local.:1', 'router.default.svc.cluster.local.:1'],
    ['[::1]:65535', '[::1]:65535'],
    ['[0:0:0:0:0:0:0:1]:80', '[::1]:80'],
    ['[2001:DB8::00A]:80', '[2001:db8::a]:80'],
    ['_grpc-web.x:80', '_grpc-web.x:80'],
    ['unix:/run/app.sock', 'unix:/run/app.sock'],
  ] as const) {
    it(`reads ${text}`, () => assert.equal(parsed(text), canonical));
  }

  for (const [text, message] of [
    ['127.0.0.1', /has no port: write host:port/],
    ['', /has no port/],
    ['127.0.0.1:0', /has no port between 1 and 65535/],
    ['127.0.0.1:65536', /has no port between 1 and 65535/],
    ['127.0.0.1:-1', /has no port between/],
    ['127.0.0.1:1e3', /has no port between/],
    ['127.0.0.1: 80', /has no port between/],
    [':80', /is not host:port/],
    ['::1:80', /is not host:port/],
    ['[::1]80', /has no port|is not host:port/],
    ['[127.0.0.1]:80', /is not host:port/],
    ['[fe80::1%eth0]:80', /is not host:port/],
    ['256.1.1.1:80', /is not host:port/],
    ['1.2.3:80', /is not host:port/],
    ['a..b:80', /is not host:port/],
    ['-a:80', /is not host:port/],
    ['a b:80', /is not host:port/],
    ['http://a:80', /is not host:port/],
    ['user@a:80', /is not host:port/],
    [`${'a'.repeat(64)}:80`, /is not host:port/],
    [`${'a.'.repeat(128)}:80`, /is not host:port/],
    ['unix:run/app.sock', /needs an absolute path/],
    ['unix:', /needs an absolute path/],
    [`unix:/${'a'.repeat(107)}`, /more than 107 octets/],
  ] as const) {
    it(`refuses ${text.slice(0, 40)}`, () => assert.match(parsed(text), message));
  }

  it('takes port 0 only where a port may be picked', () => {
    assert.equal(parsed('127.0.0.1:0', { allowPortZero: true }), '127.0.0.1:0');
  });

  it('is its own inverse for every IP address and port', () => {
    const port = fc.integer({ min: 1, max: 65_535 });
    fc.assert(fc.property(fc.ipV4(), port, (host, number) => parsed(`${host}:${number}`) === `${host}:${number}`));
    fc.assert(
      fc.property(fc.ipV6(), port, (host, number) => parsed(parsed(`[${host}]:${number}`)) === parsed(`[${host}]:${number}`)),
    );
  });

  it('never throws', () => {
    fc.assert(fc.property(fc.string(), (text) => typeof parsed(text) === 'string'));
  });
});

describe('isLoopback', () => {
  for (const [host, expected] of [
    ['127.0.0.1', true],
    ['127.255.0.9', true],
    ['::1', true],
    ['::ffff:127.0.0.1', true],
    ['128.0.0.1', false],
    ['::ffff:10.0.0.1', false],
    ['127.0.0.1.example', false],
    ['', false],
  ] as const) {
    it(`${host}: ${expected}`, () => assert.equal(isLoopback(host), expected));
  }
});

describe('isHostName', () => {
  for (const [text, expected] of [
    ['localhost', true],
    ['a.b.', true],
    ['.', false],
    ['', false],
    ['a-', false],
    ['a.-b', false],
  ] as const) {
    it(`${text}: ${expected}`, () => assert.equal(isHostName(text), expected));
  }
});
