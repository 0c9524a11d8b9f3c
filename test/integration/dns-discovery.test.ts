import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { createDiscovery } from '../../src/discovery/create-discovery.ts';
import { CaresClient, type QueryResult } from '../../src/discovery/dns-client.ts';
import { formatAddress } from '../../src/model/address.ts';
import type { DiscoveryUpdate } from '../../src/model/discovery-update.ts';
import { systemClock } from '../../src/util/clock.ts';
import { DnsServer, type Question, type Reply } from '../support/peers/dns-server.ts';

const NEVER = new AbortController().signal;

async function ask(
  answer: (question: Question) => Reply,
  family: 4 | 6 = 4,
): Promise<{ result: QueryResult; server: DnsServer }> {
  await using server = await DnsServer.start(answer);
  const result = await new CaresClient([server.address]).query('app.example', family, NEVER);
  return { result, server };
}

describe('DNS queries', () => {
  it('bring every address with its TTL', async () => {
    const { result } = await ask(() => ({ addresses: ['10.0.0.1', '10.0.0.2', 'fd00::1'], ttl: 7 }));
    assert.deepEqual(result.kind === 'records' ? result.records.map(({ address, ttl }) => [address, ttl]) : result, [
      ['10.0.0.1', 7],
      ['10.0.0.2', 7],
    ]);
  });

  it('bring IPv6 addresses', async () => {
    const { result } = await ask(() => ({ addresses: ['fd00::1', '10.0.0.1'] }), 6);
    assert.deepEqual(result.kind === 'records' ? result.records.map(({ address }) => address) : result, ['fd00::1']);
  });

  it('follow an alias', async () => {
    const { result } = await ask(() => ({ addresses: ['10.0.0.1'], cname: 'real.example' }));
    assert.equal(result.kind === 'records' && result.records[0]?.address, '10.0.0.1');
  });

  it('go over TCP where an answer is cut: two thousand addresses', async () => {
    const addresses = Array.from({ length: 2_000 }, (_, index) => `10.1.${index >> 8}.${index & 255}`);
    const { result, server } = await ask(() => ({ addresses }));
    assert.equal(result.kind === 'records' && result.records.length, 2_000);
    assert.deepEqual([...new Set(server.questions.map(({ protocol }) => protocol))], ['udp', 'tcp']);
  });

  for (const [name, code, kind, reason] of [
    ['NXDOMAIN', 3, 'empty', ''],
    ['SERVFAIL', 2, 'failed', 'the DNS server failed (SERVFAIL)'],
    ['REFUSED', 5, 'failed', 'the DNS server refused the query'],
  ] as const) {
    it(`tell ${name}`, async () => {
      const { result, server } = await ask(() => ({ code }));
      const asked = formatAddress(server.address);
      assert.deepEqual(result, kind === 'empty' ? { kind } : { kind, reason: `${reason} (asked ${asked})` });
    });
  }

  it('take an answer without records as empty', async () => {
    const { result } = await ask(() => ({ addresses: ['fd00::1'] }));
    assert.deepEqual(result, { kind: 'empty' });
  });

  it('tell that no server listens', async () => {
    const server = await DnsServer.start(() => null);
    const { address } = server;
    await server[Symbol.asyncDispose]();
    const result = await new CaresClient([address]).query('app.example', 4, NEVER);
    assert.equal(result.kind, 'failed');
  });

  it('end at once when they are told to, while the server is silent', async () => {
    await using server = await DnsServer.start(() => null);
    const controller = new AbortController();
    const pending = new CaresClient([server.address]).query('app.example', 4, controller.signal);
    controller.abort();
    assert.deepEqual(await pending, { kind: 'failed', reason: 'the look-up was ended' });
  });

  it('ignore answers to other questions', async () => {
    let asked = 0;
    const { result } = await ask((question) => {
      asked++;
      return asked === 1
        ? { octets: Buffer.from('ffff81800001000000000000', 'hex') }
        : { addresses: [`10.0.0.${question.family}`] };
    });
    assert.equal(result.kind, 'records');
  });

  it('give a state for whatever a server sends, and never throw', async () => {
    await using server = await DnsServer.start(() => null);
    const client = new CaresClient([server.address]);
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 64 }), fc.integer({ min: 0, max: 15 }), async (octets, code) => {
        server.answer = ({ id }) => {
          const head = Buffer.alloc(12);
          head.writeUInt16BE(id, 0);
          head.writeUInt16BE(0x8180 | code, 2);
          head.writeUInt16BE(1, 4);
          head.writeUInt16BE(octets.length, 6);
          return { octets: Buffer.concat([head, octets]) };
        };
        const controller = new AbortController();
        const pending = client.query('app.example', 4, controller.signal);
        setImmediate(() => setImmediate(() => setImmediate(() => controller.abort())));
        const { kind } = await pending;
        assert.ok(kind === 'failed' || kind === 'empty');
      }),
      { numRuns: 100, seed: 1 },
    );
  });
});

describe('createDiscovery', () => {
  it('looks up the names of a list beside its addresses, and follows a name', async () => {
    await using server = await DnsServer.start(() => ({ addresses: ['10.0.0.1'], ttl: 1 }));
    const controller = new AbortController();
    const updates: DiscoveryUpdate[] = [];
    const changed = Promise.withResolvers<void>();
    const source = createDiscovery(
      [
        {
          type: 'static',
          endpoints: [{ address: { kind: 'tcp', host: '10.0.0.9', port: 5 } }, { address: { kind: 'unix', path: '/a' } }],
        },
        { type: 'dns', host: 'app.example.', port: 5, refreshIntervalMs: 1_000, resolvers: [server.address], family: 'v4' },
      ],
      { clock: systemClock, random: () => 0 },
    );
    const done = source.watch((update) => {
      updates.push(update);
      server.answer = () => ({ addresses: ['10.0.0.1', '10.0.0.2'], ttl: 1 });
      if (keysOf(update).length === 4) {
        changed.resolve();
      }
    }, controller.signal);
    await changed.promise;
    controller.abort();
    await done;
    assert.deepEqual(updates.map(keysOf), [
      ['10.0.0.9:5', 'unix:/a', '10.0.0.1:5'],
      ['10.0.0.9:5', 'unix:/a', '10.0.0.1:5', '10.0.0.2:5'],
    ]);
  });
});

function keysOf(update: DiscoveryUpdate): readonly string[] {
  return update.kind === 'endpoints' ? update.endpoints.map(({ key }) => key) : [];
}
