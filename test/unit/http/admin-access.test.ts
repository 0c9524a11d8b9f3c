import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { AdminAccess, type AdminPeer, isUnnamed } from '../../../src/http/admin-access.ts';

const PEER: AdminPeer = {
  remoteAddress: '10.1.2.3',
  host: '10.0.0.1:9902',
  origin: undefined,
  authorization: undefined,
  isOpen: false,
};

async function codeFor(changes: Partial<AdminPeer>, allow: readonly string[] = []): Promise<number> {
  return (await new AdminAccess({ allow, token: null }).refuse({ ...PEER, ...changes }))?.code ?? 200;
}

describe('admin.allow', () => {
  const allow = ['10.0.0.0/8', 'fd00::/8', '192.0.2.7'];

  for (const [remoteAddress, code] of [
    ['10.255.0.1', 200],
    ['::ffff:10.0.0.1', 200],
    ['11.0.0.1', 403],
    ['::ffff:11.0.0.1', 403],
    ['192.0.2.7', 200],
    ['192.0.2.8', 403],
    ['fd12::1', 200],
    ['fe80::1', 403],
    ['fd00::1%eth0', 200],
    ['fe80::1%eth0', 403],
    ['127.0.0.1', 200],
    ['::1', 200],
    [undefined, 200],
    ['nonsense', 403],
  ] as const) {
    it(`answers ${remoteAddress ?? 'a unix socket'} with ${code}`, async () => {
      assert.equal(await codeFor({ remoteAddress }, allow), code);
    });
  }

  it('lets everybody in without a list', async () => {
    assert.equal(await codeFor({ remoteAddress: '203.0.113.1' }), 200);
  });
});

describe('Host', () => {
  for (const host of ['127.0.0.1', '127.0.0.1:9902', '[::1]', '[::1]:9902', 'localhost', 'LOCALHOST:1', '', undefined]) {
    it(`may be ${host}`, async () => {
      assert.equal(isUnnamed(host), true);
      assert.equal(await codeFor({ host }), 200);
    });
  }

  for (const host of [
    'evil.example',
    'evil.example:9902',
    'localhost.evil.example',
    'evil.localhost',
    'localhost.',
    '127.0.0.1.',
    '127.1',
    '0x7f000001',
    'localhost:99999',
    'a@127.0.0.1',
    '127.0.0.1, 127.0.0.1',
    '127.0.0.1.evil.example',
    'unix:/x',
    '::1',
    'a b',
  ]) {
    it(`may not be ${host}`, async () => {
      assert.equal(isUnnamed(host), false);
      assert.equal(await codeFor({ host }), 403);
    });
  }
});

describe('any request', () => {
  it('is let in or refused with 403, and only with an address or localhost as its Host', async () => {
    const text = fc.string({ unit: 'binary', maxLength: 40 });
    const hosts = fc.oneof(
      text,
      fc.domain(),
      fc.ipV4(),
      fc.ipV6().map((ip) => `[${ip}]:1`),
    );
    await fc.assert(
      fc.asyncProperty(hosts, fc.option(fc.oneof(text, fc.webUrl()), { nil: undefined }), async (host, origin) => {
        const code = await codeFor({ host, origin });
        assert.ok(code === 200 || code === 403);
        assert.ok(code === 403 || isUnnamed(host));
      }),
      { numRuns: 300, seed: 7 },
    );
  });
});

describe('Origin', () => {
  for (const [origin, code] of [
    ['http://10.0.0.1:9902', 200],
    ['https://10.0.0.1:9902', 200],
    ['ftp://10.0.0.1:9902', 403],
    ['http://10.0.0.1', 403],
    ['http://10.0.0.2:9902', 403],
    ['http://localhost:9902', 403],
    ['http://evil.example', 403],
    ['file://', 403],
    ['null', 403],
    ['', 403],
  ] as const) {
    it(`${origin} is answered with ${code}`, async () => {
      assert.equal(await codeFor({ origin }), code);
    });
  }

  it('may be the Host in other letters, as browsers write it in small ones', async () => {
    assert.equal(await codeFor({ host: 'LocalHost:9902', origin: 'http://localhost:9902' }), 200);
    assert.equal(await codeFor({ host: '[FD00::1]:9902', origin: 'http://[fd00::1]:9902' }), 200);
  });
});
