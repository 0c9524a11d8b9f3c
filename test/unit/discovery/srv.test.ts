import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Discovery } from '../../../src/discovery/discovery.ts';
import type { SrvResult } from '../../../src/discovery/dns-client.ts';
import { domainOf, SrvDiscovery } from '../../../src/discovery/srv.ts';
import { StaticDiscovery } from '../../../src/discovery/static.ts';
import type { DiscoveryUpdate } from '../../../src/model/discovery-update.ts';
import { createEndpoint } from '../../../src/model/endpoint.ts';
import { describeDiscovery } from '../../support/contracts/discovery.ts';
import { FakeClock } from '../../support/fake-clock.ts';

const OPTIONS = { name: '_grpc._tcp.app.example.', refreshIntervalMs: 8_000, family: 'auto' } as const;
const EMPTY: SrvResult = { kind: 'empty' };
const FAILED: SrvResult = { kind: 'failed', reason: 'SERVFAIL' };
const FAILURE = 'failed: DNS look-up of the service _grpc._tcp.app.example.: SERVFAIL';

/** Targets such as `a:1`, all of one priority. */
function records(...targets: readonly string[]): SrvResult {
  return {
    kind: 'records',
    records: targets.map((target) => {
      const [name = '', port = ''] = target.split(':');
      return { name, port: Number(port), priority: 0, weight: 0 };
    }),
  };
}

/** The addresses of one target. */
class Target implements Discovery {
  say: (update: DiscoveryUpdate) => void = () => undefined;
  stopped = false;
  readonly #first: DiscoveryUpdate | null;

  constructor(first: DiscoveryUpdate | null) {
    this.#first = first;
  }

  watch(onUpdate: (update: DiscoveryUpdate) => void, signal: AbortSignal): Promise<void> {
    this.say = onUpdate;
    if (this.#first !== null) {
      queueMicrotask(() => onUpdate(this.#first ?? found('', 0)));
    }
    return new Promise((resolve) => {
      signal.addEventListener('abort', () => {
        this.stopped = true;
        resolve();
      });
    });
  }
}

function found(host: string, port: number): DiscoveryUpdate {
  return { kind: 'endpoints', endpoints: host === '' ? [] : [createEndpoint({ kind: 'tcp', host, port }, null)] };
}

/** Watches a service whose look-ups give these results, the last one for ever; a target `a` is at the address `a`. */
class Watched {
  readonly clock = new FakeClock();
  readonly words: string[] = [];
  readonly lookedUpAt: number[] = [];
  readonly targets = new Map<string, Target>();
  readonly #stop = new AbortController();
  readonly #done: Promise<void>;

  constructor(results: readonly SrvResult[], silent: readonly string[] = []) {
    const rest = [...results];
    const lookup = {
      lookup: () => {
        this.lookedUpAt.push(this.clock.now());
        return Promise.resolve(rest.length > 1 ? (rest.shift() ?? EMPTY) : (rest[0] ?? EMPTY));
      },
    };
    const createTarget = (host: string, port: number): Discovery => {
      const target = new Target(silent.includes(host) ? null : found(host.slice(0, -1), port));
      this.targets.set(`${host}:${port}`, target);
      return target;
    };
    this.#done = new SrvDiscovery(OPTIONS, { clock: this.clock, random: () => 0, lookup, createTarget }).watch((update) => {
      const keys = update.endpoints?.map(({ key }) => key).join(' ') ?? 'as before';
      this.words.push(update.kind === 'failed' ? `failed: ${update.reason}; ${keys}` : keys);
    }, this.#stop.signal);
  }

  stop(): Promise<void> {
    this.#stop.abort();
    return this.#done;
  }
}

describeDiscovery(
  'an SRV name',
  (clock) =>
    new SrvDiscovery(OPTIONS, {
      clock,
      random: () => 0,
      lookup: { lookup: () => Promise.resolve(records('a:1')) },
      createTarget: () => new StaticDiscovery([createEndpoint({ kind: 'tcp', host: '10.0.0.1', port: 1 }, null)]),
    }),
);

describe('SrvDiscovery', () => {
  it('finds the addresses of every target, each at its own port', async () => {
    const { clock, words, targets } = new Watched([records('a:1', 'b:2')]);
    await clock.advance(0);
    assert.deepEqual(words.at(-1), 'a:1 b:2');
    assert.deepEqual([...targets.keys()], ['a.:1', 'b.:2']);
  });

  it('waits for the addresses of a target that is new, and uses those of before meanwhile', async () => {
    const { clock, words, targets } = new Watched([records('a:1'), records('b:1')], ['b.']);
    await clock.advance(8_000);
    assert.deepEqual([...new Set(words)], ['a:1']);
    targets.get('b.:1')?.say(found('b', 1));
    assert.equal(words.at(-1), 'b:1');
    assert.equal(targets.get('a.:1')?.stopped, true);
  });

  it('follows the addresses of a target between two look-ups of the records', async () => {
    const { clock, words, targets } = new Watched([records('a:1')]);
    await clock.advance(0);
    targets.get('a.:1')?.say(found('z', 1));
    assert.equal(words.at(-1), 'z:1');
  });

  it('keeps the targets that stay, and looks records up again after the interval', async () => {
    const watched = new Watched([records('a:1'), records('a:1', 'b:1')]);
    await watched.clock.advance(0);
    const a = watched.targets.get('a.:1');
    await watched.clock.advance(8_000);
    assert.equal(watched.targets.get('a.:1'), a);
    assert.deepEqual(watched.lookedUpAt, [0, 8_000]);
    assert.equal(watched.words.at(-1), 'a:1 b:1');
  });

  it('believes the second empty answer in a row, which it asks for after a second', async () => {
    const { clock, words } = new Watched([records('a:1'), EMPTY, EMPTY]);
    await clock.advance(8_000);
    assert.equal(words.at(-1), 'a:1');
    await clock.advance(1_000);
    assert.equal(words.at(-1), '');
  });

  it('takes "." at its word at once', async () => {
    const { clock, words, targets } = new Watched([records('a:1'), records(':0')]);
    await clock.advance(8_000);
    assert.equal(words.at(-1), '');
    assert.equal(targets.get('a.:1')?.stopped, true);
  });

  it('never takes a failure for an answer, and follows the addresses on', async () => {
    const { clock, words, targets } = new Watched([records('a:1'), FAILED]);
    await clock.advance(600_000);
    assert.deepEqual([...new Set(words)], ['a:1', `${FAILURE}; a:1`]);
    targets.get('a.:1')?.say(found('z', 1));
    assert.equal(words.at(-1), `${FAILURE}; z:1`);
  });

  it('tells that the addresses of a target cannot be had, and keeps them', async () => {
    const { clock, words, targets } = new Watched([records('a:1', 'b:1')]);
    await clock.advance(0);
    targets.get('b.:1')?.say({ kind: 'failed', reason: 'b is away' });
    assert.equal(words.at(-1), 'failed: b is away; a:1 b:1');
  });

  it('keeps the endpoints of before while the only target that is left cannot be resolved', async () => {
    const { clock, words, targets } = new Watched([records('a:1'), records('b:1')], ['b.']);
    await clock.advance(8_000);
    targets.get('b.:1')?.say({ kind: 'failed', reason: 'b is away' });
    assert.equal(words.at(-1), 'failed: b is away; as before');
  });

  it('takes an answer with a bad record for a failure', async () => {
    const { clock, words } = new Watched([records('a:1'), records('a:1', 'b:0')]);
    await clock.advance(8_000);
    assert.equal(words.at(-1), 'failed: DNS look-up of the service _grpc._tcp.app.example.: "b" is at port 0; a:1');
  });

  it('asks again after failures ever more slowly, up to the interval', async () => {
    const watched = new Watched([FAILED]);
    await watched.clock.advance(24_000);
    assert.deepEqual(watched.lookedUpAt, [0, 1_000, 3_000, 7_000, 15_000, 23_000]);
  });

  it('ends the look-ups of its targets when it is told to stop', async () => {
    const watched = new Watched([records('a:1', 'b:1')]);
    await watched.clock.advance(0);
    await watched.stop();
    assert.deepEqual(
      [...watched.targets.values()].map(({ stopped }) => stopped),
      [true, true],
    );
    assert.equal(watched.clock.pendingTimers, 0);
  });
});

describe('domainOf', () => {
  for (const [name, domain] of [
    ['_grpc._tcp.app.example.', 'app.example.'],
    ['_grpc._tcp.app', 'app'],
    ['web.service.consul', 'web.service.consul'],
    ['a._tcp.example', 'a._tcp.example'],
    ['_grpc._tcp.', '_grpc._tcp.'],
    ['_grpc', '_grpc'],
  ] as const) {
    it(`is ${domain} for ${name}`, () => {
      assert.equal(domainOf(name), domain);
    });
  }
});
