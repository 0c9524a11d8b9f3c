import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { DnsDiscovery } from '../../src/discovery/dns.ts';
import { CaresClient } from '../../src/discovery/dns-client.ts';
import { SystemHostLookup } from '../../src/discovery/host-lookup.ts';
import { chooseTargets } from '../../src/discovery/srv-targets.ts';
import { isHostName, isIpLiteral } from '../../src/model/address.ts';
import type { DiscoveryUpdate } from '../../src/model/discovery-update.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { fuzzRuns } from '../support/fuzz-runs.ts';
import { DnsServer, encodeReply, encodeTruncated, type Question } from '../support/peers/dns-server.ts';

/** What an answer is like before octets of it are changed. */
const shape = fc.constantFrom('addresses', 'alias', 'many', 'nothing', 'code', 'cut');
/** Octets behind the identifier, by a position and a value; and how much is cut off the end. */
const mutation = fc.record({
  changes: fc.array(fc.tuple(fc.nat({ max: 65_535 }), fc.nat({ max: 255 })), { maxLength: 4 }),
  cut: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, fc.nat({ max: 40 })),
  code: fc.nat({ max: 15 }),
});

function encode(question: Question, kind: string, code: number): Buffer {
  switch (kind) {
    case 'cut':
      return encodeTruncated(question);
    case 'code':
      return encodeReply(question, { code });
    case 'nothing':
      return encodeReply(question, { addresses: [] });
    case 'alias':
      return encodeReply(question, { addresses: ['10.0.0.1', 'fd00::1'], cname: 'real.example' });
    default:
      return encodeReply(question, { addresses: Array.from({ length: kind === 'many' ? 60 : 2 }, (_, at) => `10.0.0.${at}`) });
  }
}

describe('discovery over a DNS server that answers anything', () => {
  it('gives a state for every mutated answer, and endpoints that are IP addresses', async () => {
    await using server = await DnsServer.start(() => null);
    const lookup = new SystemHostLookup(new CaresClient([server.address]));
    const seen = new Set<string>();
    await fc.assert(
      fc.asyncProperty(
        shape,
        mutation,
        fc.constantFrom('auto', 'all', 'v4', 'v6'),
        async (kind, { changes, cut, code }, family) => {
          server.answer = (question) => {
            const octets = Buffer.from(encode(question, kind, code));
            for (const [where, value] of changes) {
              octets[2 + (where % (octets.length - 2))] = value;
            }
            // An answer that nobody takes must not cost the time that a silent server costs: a good one follows.
            return { octets: octets.subarray(0, octets.length - cut), next: encodeReply(question, { addresses: ['10.9.9.9'] }) };
          };
          const first = Promise.withResolvers<DiscoveryUpdate>();
          const controller = new AbortController();
          const clock = new FakeClock();
          const options = { host: 'app.example.', port: 1, refreshIntervalMs: 5_000, family } as const;
          const done = new DnsDiscovery(options, {
            clock,
            random: () => 0,
            lookup: movingOn(lookup, () => clock.advance(1_000)),
          }).watch(first.resolve, controller.signal);
          const update = await first.promise;
          controller.abort();
          await done;
          seen.add(update.kind);
          if (update.kind === 'failed') {
            assert.match(update.reason, /^DNS look-up of app\.example\.: ./);
          } else {
            assert.ok(update.endpoints.every(({ address }) => address.kind === 'tcp' && isIpLiteral(address.host)));
            assert.equal(new Set(update.endpoints.map(({ key }) => key)).size, update.endpoints.length);
          }
          assert.equal(clock.pendingTimers, 0);
        },
      ),
      fuzzRuns(200),
    );
    assert.deepEqual([...seen].sort(), ['endpoints', 'failed']);
  });
});

describe('SRV records of a DNS server that answers anything', () => {
  it('give a state for every mutated answer, and targets that can be looked up', async () => {
    await using server = await DnsServer.start(() => null);
    const client = new CaresClient([server.address]);
    const seen = new Set<string>();
    await fc.assert(
      fc.asyncProperty(shape, mutation, async (kind, { changes, cut, code }) => {
        server.answer = (question) => {
          const octets = Buffer.from(kind === 'many' || kind === 'addresses' ? services(question) : encode(question, kind, code));
          for (const [where, value] of changes) {
            octets[2 + (where % (octets.length - 2))] = value;
          }
          return { octets: octets.subarray(0, octets.length - cut), next: encodeReply(question, { services: [] }) };
        };
        const result = await client.querySrv('_grpc._tcp.app.example', new AbortController().signal);
        const chosen = result.kind === 'records' ? chooseTargets(result.records) : result;
        seen.add(chosen.kind);
        if (chosen.kind === 'targets') {
          assert.ok(chosen.targets.every(({ host, port }) => isHostName(host) && host.endsWith('.') && port > 0));
        }
      }),
      fuzzRuns(200),
    );
    assert.deepEqual([...seen].sort(), ['empty', 'failed', 'targets']);
  });
});

function services(question: Question): Buffer {
  return encodeReply(question, { services: [1, 2, 3].map((port) => ({ target: `t${port}.example`, port, priority: port % 2 })) });
}

/** Turns the clock on after each look-up, as the first empty answer is not reported and the second comes a second later. */
function movingOn(lookup: SystemHostLookup, advance: () => Promise<void>): Pick<SystemHostLookup, 'lookup'> {
  return {
    lookup: async (host, family, signal) => {
      const result = await lookup.lookup(host, family, signal);
      setImmediate(() => void advance());
      return result;
    },
  };
}
