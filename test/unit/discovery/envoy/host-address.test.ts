import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type HostAddress, parseJsonAddress, parseTextAddress } from '../../../../src/discovery/envoy/host-address.ts';

function tcp(host: string, port: number): object {
  return { socket_address: { address: host, port_value: port } };
}

function keyOf(address: HostAddress | null): string | null {
  return address?.key ?? null;
}

describe('addresses of hosts', () => {
  for (const [text, json, key] of [
    ['10.0.0.1:80', tcp('10.0.0.1', 80), '10.0.0.1:80'],
    ['[2001:db8::1]:80', tcp('2001:db8::1', 80), '[2001:db8::1]:80'],
    ['[::1]:65535', tcp('::1', 65_535), '[::1]:65535'],
    // One spelling per address, whichever Envoy has.
    ['[0:0:0:0:0:0:0:1]:1', tcp('0:0:0:0:0:0:0:1', 1), '[::1]:1'],
    ['[::ffff:127.0.0.1]:80', tcp('::ffff:127.0.0.1', 80), '[::ffff:127.0.0.1]:80'],
    ['/run/app.sock', { pipe: { path: '/run/app.sock' } }, 'unix:/run/app.sock'],
    ['/run/a::b:1', { pipe: { path: '/run/a::b:1' } }, 'unix:/run/a::b:1'],
    ['@name', { pipe: { path: '@name' } }, 'unix:@name'],
    ['run/app.sock', { pipe: { path: 'run/app.sock' } }, 'unix:run/app.sock'],
    ['envoy://inner/one', { envoy_internal_address: { server_listener_name: 'inner', endpoint_id: 'one' } }, 'envoy://inner/one'],
    ['envoy://a::b/', { envoy_internal_address: { server_listener_name: 'a::b' } }, 'envoy://a::b/'],
    // Of an ORIGINAL_DST cluster, and of one that has not been resolved.
    ['10.0.0.1:0', tcp('10.0.0.1', 0), '10.0.0.1:0'],
    ['app.example:443', tcp('app.example', 443), 'app.example:443'],
  ] as const) {
    it(`${text} has the key ${key} in text and JSON`, () => {
      const fromText = parseTextAddress(text);
      assert.equal(keyOf(fromText), key);
      assert.deepEqual(parseJsonAddress(json), fromText);
    });
  }

  it('have no port in JSON where that is 0, and more fields than are read', () => {
    assert.equal(keyOf(parseJsonAddress({ socket_address: { address: '10.0.0.1' } })), '10.0.0.1:0');
    assert.equal(
      keyOf(parseJsonAddress({ socket_address: { protocol: 'TCP', address: '10.0.0.1', port_value: 1, resolver_name: '' } })),
      '10.0.0.1:1',
    );
  });

  it('of abstract sockets begin with a NUL for the system', () => {
    assert.deepEqual(parseTextAddress('@name')?.address, { kind: 'unix', path: '\0name' });
  });

  it('that are none are refused in text', () => {
    for (const text of [
      '',
      '10.0.0.1',
      '10.0.0.1:',
      '10.0.0.1:65536',
      '10.0.0.256:1',
      '[::1]',
      '::1:80',
      '[::ffff:1.2.3.400]:1',
      'a b:1',
    ]) {
      assert.equal(parseTextAddress(text), null, text);
    }
  });

  it('that are none are refused in JSON', () => {
    for (const value of [
      undefined,
      null,
      'x',
      [],
      {},
      { socket_address: null },
      tcp('', 80),
      { socket_address: { address: 1, port_value: 1 } },
      { socket_address: { address: '10.0.0.1', port_value: '80' } },
      tcp('10.0.0.1', 65_536),
      tcp('10.0.0.1', 1.5),
      { pipe: {} },
      { pipe: { path: '' } },
      { pipe: { path: 'a\0b' } },
      { envoy_internal_address: {} },
      { envoy_internal_address: { server_listener_name: 'a', endpoint_id: 1 } },
    ]) {
      assert.equal(parseJsonAddress(value), null, JSON.stringify(value));
    }
  });

  it('have paths of 4096 characters at most', () => {
    const path = `/${'x'.repeat(4_095)}`;
    assert.ok(parseTextAddress(path));
    assert.equal(parseTextAddress(`${path}x`), null);
    assert.equal(parseJsonAddress({ pipe: { path: `${path}x` } }), null);
    assert.equal(parseTextAddress(`envoy://${'x'.repeat(4_090)}`), null);
  });
});
