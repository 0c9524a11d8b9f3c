import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { mergeEndpoints, type PollFacts, toEndpoints } from '../../../../src/discovery/envoy/host-endpoint.ts';
import type { EnvoyHost } from '../../../../src/discovery/envoy/listing.ts';
import type { Endpoint } from '../../../../src/model/endpoint.ts';

const FACTS: PollFacts = { atMs: 5, pollMs: 2, unknownFlags: 'byPrefix', serverState: 'LIVE', requireLive: true };

function host(changes: Partial<EnvoyHost> = {}): EnvoyHost {
  return {
    address: { kind: 'tcp', host: '10.0.0.1', port: 1 },
    key: '10.0.0.1:1',
    hostname: '',
    flags: [],
    weight: 1,
    priority: 0,
    locality: { region: '', zone: '', subZone: '' },
    canary: null,
    ...changes,
  };
}

function endpointsOf(hosts: readonly EnvoyHost[], facts: Partial<PollFacts> = {}): readonly Endpoint[] {
  return toEndpoints({ name: 'shop', addedViaApi: false, hosts }, { ...FACTS, ...facts });
}

function stateOf(flags: readonly string[], facts: Partial<PollFacts> = {}): string {
  const [endpoint] = endpointsOf([host({ flags })], facts);
  return `${endpoint?.reported?.state} ${endpoint?.reported?.reason}`.trim();
}

describe('endpoints of an Envoy', () => {
  it('have the weights that Envoy has for them, 1 where it has none', () => {
    const hosts = [host(), host({ key: '10.0.0.2:1', weight: 7 }), host({ key: '10.0.0.3:1', weight: 0 })];
    assert.deepEqual(
      endpointsOf(hosts).map(({ weight = 1 }) => weight),
      [1, 7, 1],
    );
  });

  it('say what Envoy says', () => {
    assert.equal(stateOf([]), 'healthy');
    assert.equal(stateOf(['pending_dynamic_removal']), 'healthy');
    assert.equal(stateOf(['failed_active_hc', 'active_hc_timeout']), 'unhealthy Envoy says failed_active_hc, active_hc_timeout');
    assert.equal(stateOf(['failed_outlier_check']), 'ejected Envoy says failed_outlier_check');
    assert.equal(stateOf(['x'], { unknownFlags: 'unhealthy' }), 'unhealthy Envoy says x');
  });

  it('are unhealthy, whatever is said of them, while an Envoy that must be LIVE is not', () => {
    assert.equal(stateOf([], { serverState: 'DRAINING' }), 'unhealthy Envoy is draining (state DRAINING)');
    assert.equal(
      stateOf(['failed_active_hc'], { serverState: 'INITIALIZING' }),
      'unhealthy Envoy is still initializing (state INITIALIZING); Envoy says failed_active_hc',
    );
    for (const serverState of ['DRAINING', 'PRE_INITIALIZING', null] as const) {
      assert.equal(stateOf([], { serverState, requireLive: false }), 'healthy');
      const [endpoint] = endpointsOf([host()], { serverState, requireLive: false });
      assert.equal(endpoint?.origin?.sourceState, serverState);
    }
    assert.equal(endpointsOf([host()])[0]?.origin?.sourceState, null);
  });

  it('have a name for certificates where the hostname is one', () => {
    for (const [hostname, name] of [
      ['app.example', 'app.example'],
      ['app.example:8443', 'app.example'],
      ['', null],
      ['10.0.0.1', null],
      ['10.0.0.1:80', null],
      ['two words', null],
      ['passthrough127.0.0.1:21003', 'passthrough127.0.0.1'],
      ['a\nb', null],
    ] as const) {
      assert.equal(endpointsOf([host({ hostname })])[0]?.hostname, name, JSON.stringify(hostname));
    }
  });

  it('tell where they stand, and whether their priority is in panic', () => {
    const failed = host({ flags: ['failed_active_hc'], weight: 3, canary: true });
    const [one, two] = endpointsOf([failed, host({ priority: 1, flags: ['failed_eds_health'] })]);
    assert.deepEqual(one?.origin, {
      cluster: 'shop',
      priority: 0,
      weight: 3,
      locality: { region: '', zone: '', subZone: '' },
      canary: true,
      panic: true,
      sourceState: null,
    });
    assert.equal(two?.origin?.panic, true);
    assert.equal(endpointsOf([failed, host({ priority: 1 })])[0]?.origin?.panic, false);
    assert.equal(endpointsOf([failed], { serverState: 'INITIALIZING' })[0]?.origin?.panic, false);
  });

  it('of one address are as good as the worst of them, in the order in which they came', () => {
    const flags = [
      [],
      ['degraded_active_hc'],
      ['pending_active_hc'],
      ['eds_status_draining'],
      ['failed_outlier_check'],
      ['failed_active_hc'],
    ];
    const states = ['healthy', 'degraded', 'pending', 'draining', 'ejected', 'unhealthy'];
    for (const [better, state] of states.entries()) {
      for (const worse of states.slice(better + 1)) {
        const pair = [host({ flags: flags[better] ?? [] }), host({ flags: flags[states.indexOf(worse)] ?? [] })];
        for (const order of [pair, pair.toReversed()]) {
          assert.deepEqual(
            mergeEndpoints(endpointsOf(order)).map(({ reported }) => reported?.state),
            [worse],
            `${state} and ${worse}`,
          );
        }
      }
    }
    const keys = ['10.0.0.2:1', '10.0.0.1:1', '10.0.0.2:1'];
    assert.deepEqual(
      mergeEndpoints(endpointsOf(keys.map((key) => host({ key })))).map(({ key }) => key),
      keys.slice(0, 2),
    );
  });

  it('of one address in several clusters are those of the same cluster each time', () => {
    const [a, b] = ['a', 'b'].map((name) => toEndpoints({ name, addedViaApi: false, hosts: [host()] }, FACTS));
    for (const order of [
      [...(a ?? []), ...(b ?? [])],
      [...(b ?? []), ...(a ?? [])],
    ]) {
      assert.equal(mergeEndpoints(order)[0]?.origin?.cluster, 'a');
    }
  });

  it('of one address count the polls that failed for the cluster that is missed longest', () => {
    const [endpoint] = endpointsOf([host()]);
    assert.ok(endpoint?.reported);
    const missed = { ...endpoint, reported: { ...endpoint.reported, failedPolls: 2, failure: 'missing' } };
    for (const order of [
      [endpoint, missed],
      [missed, endpoint],
    ]) {
      assert.equal(mergeEndpoints(order)[0]?.reported?.failedPolls, 2);
    }
  });
});
