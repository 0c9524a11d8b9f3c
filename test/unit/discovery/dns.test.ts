import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { DnsDiscovery, MAX_ADDRESSES } from '../../../src/discovery/dns.ts';
import type { QueryResult } from '../../../src/discovery/dns-client.ts';
import { JoinedDiscovery } from '../../../src/discovery/joined-discovery.ts';
import { StaticDiscovery } from '../../../src/discovery/static.ts';
import type { DiscoveryUpdate } from '../../../src/model/discovery-update.ts';
import { createEndpoint } from '../../../src/model/endpoint.ts';
import { describeDiscovery } from '../../support/contracts/discovery.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { fuzzRuns } from '../../support/fuzz-runs.ts';

const OPTIONS = { host: 'app.example.', port: 1, refreshIntervalMs: 30_000, family: 'auto' } as const;
const EMPTY: QueryResult = { kind: 'empty' };
const FAILED: QueryResult = { kind: 'failed', reason: 'SERVFAIL' };
/** What adding and subtracting times may lose. */
const ROUNDING_MS = 1e-6;

function found(addresses: readonly string[], ttl = 5): Extract<QueryResult, { kind: 'records' }> {
  return { kind: 'records', records: addresses.map((address) => ({ address, ttl })) };
}

/** Watches a name whose look-ups give these results, the last one for ever. */
class Watched {
  readonly clock = new FakeClock();
  readonly updates: DiscoveryUpdate[] = [];
  readonly lookedUpAt: number[] = [];
  /** Look-ups that were under way together. */
  mostAtOnce = 0;
  #atOnce = 0;
  readonly #results: QueryResult[];

  constructor(results: readonly QueryResult[], random = 0) {
    this.#results = [...results];
    const lookup = {
      lookup: async () => {
        this.lookedUpAt.push(this.clock.now());
        this.mostAtOnce = Math.max(this.mostAtOnce, ++this.#atOnce);
        await Promise.resolve();
        this.#atOnce--;
        return this.#results.length > 1 ? (this.#results.shift() ?? EMPTY) : (this.#results[0] ?? EMPTY);
      },
    };
    const source = new DnsDiscovery(OPTIONS, { clock: this.clock, random: () => random, lookup });
    void source.watch((update) => this.updates.push(update), new AbortController().signal);
  }

  get words(): readonly string[] {
    return this.updates.map((update) =>
      update.kind === 'failed' ? `failed: ${update.reason}` : update.endpoints.map(({ key }) => key).join(' '),
    );
  }
}

describeDiscovery('a DNS name', (clock) => {
  const lookup = { lookup: () => Promise.resolve(found(['10.0.0.1'])) };
  return new DnsDiscovery(OPTIONS, { clock, random: () => 0, lookup });
});
describeDiscovery('a list', () => new StaticDiscovery([createEndpoint({ kind: 'tcp', host: '10.0.0.1', port: 1 }, null)]));
describeDiscovery(
  'several sources',
  () =>
    new JoinedDiscovery(
      [1, 2].map(() => new StaticDiscovery([createEndpoint({ kind: 'tcp', host: '10.0.0.1', port: 1 }, null)])),
    ),
);

describe('DnsDiscovery', () => {
  it('makes an endpoint of each address, under the name that it was found by', async () => {
    const { clock, updates } = new Watched([found(['10.0.0.1', 'fd00:0:0::A'])]);
    await clock.advance(0);
    assert.deepEqual(updates, [
      {
        kind: 'endpoints',
        endpoints: [
          { address: { kind: 'tcp', host: '10.0.0.1', port: 1 }, key: '10.0.0.1:1', hostname: 'app.example' },
          { address: { kind: 'tcp', host: 'fd00::a', port: 1 }, key: '[fd00::a]:1', hostname: 'app.example' },
        ],
      },
    ]);
  });

  it('makes one endpoint of two addresses that are one server', async () => {
    const { clock, updates } = new Watched([
      { kind: 'records', records: [{ address: 'FD00::1', ttl: 5, otherAddress: '10.0.0.1' }] },
    ]);
    await clock.advance(0);
    const address = { kind: 'tcp', host: 'fd00::1', port: 1, otherHost: '10.0.0.1' } as const;
    assert.deepEqual(updates, [{ kind: 'endpoints', endpoints: [{ address, key: '[fd00::1]:1', hostname: 'app.example' }] }]);
  });

  it('believes the second empty answer in a row, and asks for it after a second', async () => {
    const watched = new Watched([found(['10.0.0.1']), EMPTY, EMPTY]);
    await watched.clock.advance(5_000);
    assert.deepEqual(watched.words, ['10.0.0.1:1']);
    await watched.clock.advance(1_000);
    assert.deepEqual(watched.words, ['10.0.0.1:1', '']);
  });

  it('does not add up empty answers with others between them', async () => {
    const watched = new Watched([found(['10.0.0.1']), EMPTY, FAILED, EMPTY, found(['10.0.0.2'])]);
    await watched.clock.advance(20_000);
    assert.ok(!watched.words.includes(''), watched.words.join(', '));
  });

  it('never takes a failure for an answer, however often it comes', async () => {
    const watched = new Watched([found(['10.0.0.1']), FAILED]);
    await watched.clock.advance(600_000);
    assert.deepEqual([...new Set(watched.words)], ['10.0.0.1:1', 'failed: DNS look-up of app.example.: SERVFAIL']);
  });

  it('does with IPv4 alone while AAAA records fail', async () => {
    const watched = new Watched([{ ...found(['10.0.0.1']), v6Failure: 'SERVFAIL' }]);
    await watched.clock.advance(60_000);
    assert.deepEqual([...new Set(watched.words)], ['10.0.0.1:1']);
  });

  it('does not trade IPv6 addresses for those of IPv4 because AAAA records fail', async () => {
    const partial = { ...found(['10.0.0.1']), v6Failure: 'SERVFAIL' };
    const watched = new Watched([found(['fd00::1']), partial, partial, found(['10.0.0.1'])]);
    await watched.clock.advance(60_000);
    const failure = 'failed: DNS look-up of app.example.: SERVFAIL, for AAAA records';
    assert.deepEqual([...new Set(watched.words)], ['[fd00::1]:1', failure, '10.0.0.1:1']);
  });

  it('takes an address that comes twice in an answer once', async () => {
    const watched = new Watched([found(['10.0.0.1', '10.0.0.1', 'fd00::a', 'fd00:0:0::A'])]);
    await watched.clock.advance(0);
    assert.deepEqual(watched.words, ['10.0.0.1:1 [fd00::a]:1']);
  });

  it('asks again after failures ever more slowly, up to the refresh interval', async () => {
    const watched = new Watched([FAILED]);
    await watched.clock.advance(100_000);
    assert.deepEqual(watched.lookedUpAt, [0, 1_000, 3_000, 7_000, 15_000, 31_000, 61_000, 91_000]);
  });

  for (const [ttl, pauseMs] of [
    [0, 1_000],
    [1, 1_000],
    [7, 7_000],
    [2_147_483_647, 30_000],
  ] as const) {
    it(`looks up again after ${pauseMs} ms for a TTL of ${ttl}`, async () => {
      const watched = new Watched([found(['10.0.0.1'], ttl)]);
      await watched.clock.advance(pauseMs);
      assert.deepEqual(watched.lookedUpAt, [0, pauseMs]);
    });
  }

  it('takes the shortest TTL of a set', async () => {
    const watched = new Watched([
      {
        kind: 'records',
        records: [
          { address: '10.0.0.1', ttl: 20 },
          { address: '10.0.0.2', ttl: 2 },
        ],
      },
    ]);
    await watched.clock.advance(2_000);
    assert.deepEqual(watched.lookedUpAt, [0, 2_000]);
  });

  it('spreads pauses by up to a tenth, and never below a second', async () => {
    const late = new Watched([found(['10.0.0.1'], 10)], 0.999_999);
    await late.clock.advance(9_001);
    assert.equal(late.lookedUpAt.length, 2);
    const soon = new Watched([found(['10.0.0.1'], 1)], 0.999_999);
    await soon.clock.advance(999);
    assert.equal(soon.lookedUpAt.length, 1);
  });

  it('takes as many addresses as fit into an answer, and refuses more by name', async () => {
    const most = Array.from({ length: MAX_ADDRESSES }, (_, index) => `10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`);
    const watched = new Watched([found(most), found([...most, '11.0.0.1'])]);
    await watched.clock.advance(5_000);
    const [first, second] = watched.updates;
    assert.equal(first?.kind === 'endpoints' && first.endpoints.length, MAX_ADDRESSES);
    assert.deepEqual(second, { kind: 'failed', reason: `DNS look-up of app.example.: more than ${MAX_ADDRESSES} addresses` });
  });

  it('looks up never more than once at a time, whatever the answers', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom(EMPTY, FAILED, found(['10.0.0.1'], 0), found(['10.0.0.2'], 99)), {
          minLength: 1,
          maxLength: 20,
        }),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        async (results, random) => {
          const watched = new Watched(results, random);
          await watched.clock.advance(60_000);
          const pauses = watched.lookedUpAt.slice(1).map((at, index) => at - (watched.lookedUpAt[index] ?? 0));
          assert.ok(pauses.every((pause) => pause >= 1_000 - ROUNDING_MS && pause <= 30_000 + ROUNDING_MS));
          assert.equal(watched.mostAtOnce, 1);
        },
      ),
      // Pauses that are exact, but whose difference of two times is a hair below a second.
      { ...fuzzRuns(50), examples: [[[EMPTY, EMPTY, found(['10.0.0.1'], 0)], 1.165_734_175_856_414_5e-14]] },
    );
  });
});
