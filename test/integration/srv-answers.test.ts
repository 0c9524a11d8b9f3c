import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { describe, it } from 'node:test';
import { createDiscovery } from '../../src/discovery/create-discovery.ts';
import { CaresClient, type SrvResult } from '../../src/discovery/dns-client.ts';
import { MAX_SRV_RECORDS } from '../../src/discovery/srv-targets.ts';
import { formatAddress } from '../../src/model/address.ts';
import type { DiscoveryUpdate } from '../../src/model/discovery-update.ts';
import { systemClock } from '../../src/util/clock.ts';
import { DnsServer, encodeReply, encodeTruncated, type Question, type Reply } from '../support/peers/dns-server.ts';

const NAME = '_grpc._tcp.app.example';
const NEVER = new AbortController().signal;
const DEADLINE_MS = 5_000;

async function ask(answer: (question: Question) => Reply): Promise<{ result: SrvResult; server: DnsServer }> {
  await using server = await DnsServer.start(answer);
  return { result: await new CaresClient([server.address]).querySrv(NAME, NEVER), server };
}

function targetsOf(result: SrvResult): unknown {
  return result.kind === 'records'
    ? result.records.map(({ name, port, priority, weight }) => [name, port, priority, weight])
    : result;
}

/** A source of type srv over one server, and what it said last. */
class WatchedService implements AsyncDisposable {
  last: DiscoveryUpdate | null = null;
  readonly #stop = new AbortController();
  readonly #events = new EventEmitter<{ update: [] }>();
  readonly #done: Promise<void>;

  constructor({ address }: DnsServer, family: 'auto' | 'v4' = 'v4') {
    const options = { type: 'srv', name: `${NAME}.`, refreshIntervalMs: 1_000, resolvers: [address], family } as const;
    this.#done = createDiscovery([options], { clock: systemClock, random: () => 0 }).watch((update) => {
      this.last = update;
      this.#events.emit('update');
    }, this.#stop.signal);
  }

  async until(wanted: string): Promise<void> {
    const signal = AbortSignal.timeout(DEADLINE_MS);
    while (this.words !== wanted) {
      await once(this.#events, 'update', { signal }).catch(() => assert.fail(`still ${this.words}, not ${wanted}`));
    }
  }

  get words(): string {
    const keys = this.last?.endpoints?.map(({ key }) => key).join(' ') ?? 'as before';
    return this.last?.kind === 'failed' ? `failed: ${this.last.reason}; ${keys}` : keys;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#done;
  }
}

describe('SRV answers of a DNS server', () => {
  it('bring every target with its port, priority and weight', async () => {
    const services = [
      { target: 'a.example', port: 1, priority: 10, weight: 5 },
      { target: 'b.example', port: 65_535, priority: 65_535 },
    ];
    const { result, server } = await ask(() => ({ services }));
    assert.deepEqual(targetsOf(result), [
      ['a.example', 1, 10, 5],
      ['b.example', 65_535, 65_535, 0],
    ]);
    assert.deepEqual(
      server.questions.map(({ name, isService }) => [name, isService]),
      [[NAME, true]],
    );
  });

  it('name the root as an empty target', async () => {
    const { result } = await ask(() => ({ services: [{ target: '', port: 0 }] }));
    assert.deepEqual(targetsOf(result), [['', 0, 0, 0]]);
  });

  it('go over TCP where they are cut, as many as a message holds', async () => {
    const services = Array.from({ length: 1_500 }, (_, index) => ({ target: `t${index}.example`, port: 1 }));
    const { result, server } = await ask(() => ({ services }));
    assert.equal(result.kind === 'records' && result.records.length, 1_500);
    assert.deepEqual([...new Set(server.questions.map(({ protocol }) => protocol))], ['udp', 'tcp']);
  });

  for (const [name, code, kind] of [
    ['NXDOMAIN', 3, 'empty'],
    ['SERVFAIL', 2, 'failed'],
    ['REFUSED', 5, 'failed'],
  ] as const) {
    it(`are ${kind} with ${name}`, async () => {
      const { result } = await ask(() => ({ code }));
      assert.equal(result.kind, kind);
    });
  }

  it('are empty without records, and malformed where a record is cut', async () => {
    assert.deepEqual((await ask(() => ({ services: [] }))).result, { kind: 'empty' });
    const services = [{ target: 'a.example', port: 1 }];
    const { result, server } = await ask((question) => ({ octets: encodeReply(question, { services }).subarray(0, -3) }));
    const asked = formatAddress(server.address);
    assert.deepEqual(result, { kind: 'failed', reason: `the DNS server sent a malformed answer (asked ${asked})` });
  });

  it('are a failure if they are cut and TCP brings nothing but the same', async () => {
    const { result } = await ask((question) => ({ octets: encodeTruncated(question) }));
    assert.notEqual(result.kind, 'records');
  });
});

describe('srv discovery', () => {
  const ADDRESSES = new Map([
    ['a.example', ['127.0.0.1']],
    ['b.example', ['127.0.0.2', '127.0.0.3']],
    ['spare.example', ['127.0.0.9']],
  ]);

  function answerFor(
    services: readonly { target: string; port: number; priority?: number; weight?: number }[],
  ): (question: Question) => Reply {
    return ({ isService, name }) => {
      if (isService) {
        return { services };
      }
      const addresses = ADDRESSES.get(name);
      return addresses === undefined ? { code: 3 } : { addresses, ttl: 60 };
    };
  }

  it('looks up each target, gives it its level and weight, and follows the records', async () => {
    const spare = { target: 'spare.example', port: 9, priority: 20 };
    const [a, b] = [
      { target: 'a.example', port: 1, priority: 10, weight: 3 },
      { target: 'b.example', port: 2, priority: 10, weight: 1 },
    ];
    await using server = await DnsServer.start(answerFor([a, b, spare]));
    await using service = new WatchedService(server);
    await service.until('127.0.0.1:1 127.0.0.2:2 127.0.0.3:2 127.0.0.9:9');
    assert.deepEqual([...new Set(service.last?.endpoints?.map(({ hostname }) => hostname))], ['app.example']);
    assert.deepEqual(
      service.last?.endpoints?.map(({ priority = 0, weight = 1 }) => [priority, weight]),
      [
        [0, 3],
        [0, 1],
        [0, 1],
        [1, 1],
      ],
    );
    server.answer = answerFor([spare]);
    await service.until('127.0.0.9:9');
    server.answer = answerFor([{ target: '', port: 0 }]);
    await service.until('');
  });

  it('keeps what it found while the server fails, and says which look-up does', async () => {
    const answer = answerFor([{ target: 'a.example', port: 1 }]);
    await using server = await DnsServer.start(answer);
    await using service = new WatchedService(server);
    await service.until('127.0.0.1:1');
    server.answer = (question) => (question.isService ? { code: 2 } : answer(question));
    const reason = `the DNS server failed (SERVFAIL) (asked ${formatAddress(server.address)})`;
    await service.until(`failed: DNS look-up of the service ${NAME}.: ${reason}; 127.0.0.1:1`);
    server.answer = answerFor([{ target: 'b.example', port: 1 }]);
    await service.until('127.0.0.2:1 127.0.0.3:1');
  });

  it('tells a target whose addresses cannot be had, beside one whose can', async () => {
    const services = [
      { target: 'a.example', port: 1 },
      { target: 'broken.example', port: 1 },
    ];
    const answer = answerFor(services);
    await using server = await DnsServer.start((question) =>
      question.name === 'broken.example' ? { code: 2 } : answer(question),
    );
    await using service = new WatchedService(server);
    const reason = `the DNS server failed (SERVFAIL) (asked ${formatAddress(server.address)})`;
    await service.until(`failed: DNS look-up of broken.example.: ${reason}; 127.0.0.1:1`);
  });

  it('does without a target that does not exist, once it was told so twice', async () => {
    await using server = await DnsServer.start(
      answerFor([
        { target: 'a.example', port: 1 },
        { target: 'gone.example', port: 1 },
      ]),
    );
    await using service = new WatchedService(server, 'auto');
    await service.until('127.0.0.1:1');
    assert.ok(server.questions.filter(({ name }) => name === 'gone.example').length >= 4);
  });

  it('refuses more records than it may follow, by number', async () => {
    const many = Array.from({ length: MAX_SRV_RECORDS + 1 }, (_, index) => ({ target: `t${index}.example`, port: 1 }));
    await using server = await DnsServer.start(answerFor(many));
    await using service = new WatchedService(server);
    await service.until(`failed: DNS look-up of the service ${NAME}.: more than ${MAX_SRV_RECORDS} SRV records; as before`);
    assert.ok(server.questions.every(({ isService }) => isService));
  });
});
