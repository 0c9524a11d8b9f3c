import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { AdminAnswer } from '../../../../src/discovery/envoy/admin-client.ts';
import { EnvoyDiscovery, type EnvoyDiscoveryOptions } from '../../../../src/discovery/envoy/envoy.ts';
import type { DiscoveryUpdate } from '../../../../src/model/discovery-update.ts';
import { describeDiscovery } from '../../../support/contracts/discovery.ts';
import { FakeClock } from '../../../support/fake-clock.ts';
import { type ListedCluster, renderListing } from '../../../support/peers/envoy-listing.ts';

const OPTIONS: EnvoyDiscoveryOptions = {
  admin: { kind: 'tcp', host: '127.0.0.1', port: 9901 },
  clusters: ['shop'],
  pollIntervalMs: 2_000,
  jitterMs: 200,
  timeoutMs: 1_000,
  maxBytes: 1_048_576,
  format: 'auto',
  unknownFlags: 'byPrefix',
  requireLive: true,
};
const ONE = { address: '10.0.0.1:1' } as const;
const TWO = { address: '10.0.0.2:1' } as const;

/** An Envoy that lists what a test says, or does not answer. */
class ScriptedEnvoy {
  shown: readonly ListedCluster[] | 'silent' | 'broken' = [{ name: 'shop', hosts: [ONE] }];
  /** When `/clusters` was asked for, by the clock. */
  readonly askedAt: number[] = [];
  isClosed = false;
  readonly #clock: FakeClock;

  constructor(clock: FakeClock) {
    this.#clock = clock;
  }

  get(path: string, signal: AbortSignal): Promise<AdminAnswer> {
    if (path === '/ready') {
      return Promise.resolve(answer('LIVE\n'));
    }
    this.askedAt.push(this.#clock.now());
    if (this.shown === 'silent') {
      return new Promise((_, reject) => {
        signal.addEventListener('abort', () => reject(new Error('aborted')), { once: true });
      });
    }
    return Promise.resolve(answer(this.shown === 'broken' ? '{' : renderListing(this.shown).json.toString()));
  }

  close(): Promise<void> {
    this.isClosed = true;
    return Promise.resolve();
  }
}

function answer(text: string): AdminAnswer {
  const body = async function* (): AsyncGenerator<Uint8Array> {
    await Promise.resolve();
    yield Buffer.from(text);
  };
  return { status: 200, contentType: '', isFramed: true, body: body() };
}

interface Watched {
  readonly envoy: ScriptedEnvoy;
  readonly clock: FakeClock;
  /** What was said last, in short. */
  readonly last: () => string;
  readonly updates: readonly DiscoveryUpdate[];
  readonly stop: () => Promise<void>;
}

function watchEnvoy(changes: Partial<EnvoyDiscoveryOptions> = {}, random = 0): Watched {
  const clock = new FakeClock();
  const envoy = new ScriptedEnvoy(clock);
  const updates: DiscoveryUpdate[] = [];
  const controller = new AbortController();
  const source = new EnvoyDiscovery({ ...OPTIONS, ...changes }, { clock, random: () => random, createClient: () => envoy });
  const done = source.watch((update) => updates.push(update), controller.signal);
  return {
    envoy,
    clock,
    updates,
    last: () => describeUpdate(updates.at(-1)),
    stop: () => {
      controller.abort();
      return done;
    },
  };
}

function describeUpdate(update: DiscoveryUpdate | undefined): string {
  const endpoints = (update?.endpoints ?? []).map(({ key, reported }) => `${key} ${reported?.state} ${reported?.failedPolls}`);
  return [update?.kind, ...endpoints].join(', ');
}

describeDiscovery(
  'an Envoy',
  (clock) => new EnvoyDiscovery(OPTIONS, { clock, random: () => 0, createClient: () => new ScriptedEnvoy(clock) }),
);

describe('polls of an Envoy', () => {
  it('follow each other after the pause and its jitter, one at a time', async () => {
    const { envoy, clock, stop } = watchEnvoy({}, 0.5);
    await clock.advance(5_000);
    assert.deepEqual(envoy.askedAt, [0, 2_100, 4_200]);
    envoy.shown = 'silent';
    await clock.advance(6_000);
    // The third pause ends at 6 300, and the poll by its time-out a second later.
    assert.deepEqual(envoy.askedAt.slice(3), [6_300, 9_400]);
    await stop();
    assert.ok(envoy.isClosed);
    assert.equal(clock.pendingTimers, 0);
  });

  it('that fail keep the hosts and count with each', async () => {
    const { envoy, clock, last, updates, stop } = watchEnvoy();
    await clock.advance(0);
    assert.equal(last(), 'endpoints, 10.0.0.1:1 healthy 0');
    envoy.shown = 'broken';
    for (const polls of [1, 2, 3, 4]) {
      await clock.advance(2_000);
      assert.equal(last(), `failed, 10.0.0.1:1 healthy ${polls}`);
    }
    envoy.shown = 'silent';
    await clock.advance(3_000);
    assert.equal(last(), 'failed, 10.0.0.1:1 healthy 5');
    const failed = updates.at(-1);
    assert.equal(failed?.kind === 'failed' ? failed.reason : '', 'Envoy at 127.0.0.1:9901: no whole answer within 1000 ms');
    envoy.shown = [{ name: 'shop', hosts: [{ ...ONE, flags: ['failed_active_hc'] }, TWO] }];
    await clock.advance(2_000);
    assert.equal(last(), 'endpoints, 10.0.0.1:1 unhealthy 0, 10.0.0.2:1 healthy 0');
    await stop();
  });

  it('that fail from the start know nothing', async () => {
    const { envoy, clock, last, updates, stop } = watchEnvoy();
    envoy.shown = 'broken';
    await clock.advance(2_000);
    assert.equal(last(), 'failed');
    assert.equal(updates.at(-1)?.endpoints, undefined);
    await stop();
  });

  it('that miss one cluster count for its hosts alone', async () => {
    const { envoy, clock, last, stop } = watchEnvoy({ clusters: ['shop', 'stock'] });
    envoy.shown = [
      { name: 'stock', hosts: [TWO] },
      { name: 'shop', hosts: [ONE] },
      { name: 'other', hosts: [{ address: '10.0.0.3:1' }] },
    ];
    await clock.advance(0);
    assert.equal(last(), 'endpoints, 10.0.0.2:1 healthy 0, 10.0.0.1:1 healthy 0');
    envoy.shown = [{ name: 'shop', hosts: [] }];
    await clock.advance(2_000);
    assert.equal(last(), 'failed, 10.0.0.2:1 healthy 1');
    envoy.shown = [{ name: 'shop', hosts: [ONE] }];
    await clock.advance(2_000);
    assert.equal(last(), 'failed, 10.0.0.1:1 healthy 0, 10.0.0.2:1 healthy 2');
    await stop();
  });

  it('for all clusters, or for those that are dynamic, drop one with its hosts when it is gone', async () => {
    for (const [clusters, first, second] of [
      ['all', 'endpoints, 10.0.0.1:1 healthy 0, 10.0.0.2:1 healthy 0', 'endpoints, 10.0.0.1:1 healthy 0'],
      ['dynamic', 'endpoints, 10.0.0.2:1 healthy 0', 'endpoints'],
    ] as const) {
      const { envoy, clock, last, stop } = watchEnvoy({ clusters });
      envoy.shown = [
        { name: 'shop', hosts: [ONE] },
        { name: 'stock', addedViaApi: true, hosts: [TWO] },
      ];
      await clock.advance(0);
      assert.equal(last(), first);
      envoy.shown = [{ name: 'shop', hosts: [ONE] }];
      await clock.advance(2_000);
      assert.equal(last(), second);
      await stop();
    }
  });

  it('that are under way end at once when the source is stopped', async () => {
    const { envoy, clock, updates, stop } = watchEnvoy();
    envoy.shown = 'silent';
    await clock.advance(10);
    await stop();
    assert.deepEqual([updates.length, clock.pendingTimers], [0, 0]);
  });
});
