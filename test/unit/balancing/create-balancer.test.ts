import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import type { BalancedEndpoint, Balancer, Picker, PickResult } from '../../../src/balancing/balancer.ts';
import { createBalancer, type PolicyName } from '../../../src/balancing/create-balancer.ts';
import { resolveConfig } from '../../../src/config/resolve.ts';
import type { LoadBalancingPolicy } from '../../../src/config/sections/load-balancing.ts';
import { createEndpoint } from '../../../src/model/endpoint.ts';
import { EndpointChoice } from '../../../src/upstream/endpoint-choice.ts';
import { itIsABalancer } from '../../support/contracts/balancer.ts';
import { seededRandom } from '../../support/seeded-random.ts';
import { refusals, withCluster } from '../config/support/base-config.ts';

/** Each name of the registry with its word in the configuration: the compiler asks for both. */
const WORDS: { readonly [Name in PolicyName]: LoadBalancingPolicy } = {
  roundRobin: 'roundRobin',
  leastRequest: 'leastRequest',
  random: 'random',
  ringHash: 'ringHash',
};
const POLICY_NAMES = Object.values(WORDS);

const configOf = (policy: string): ReturnType<typeof withCluster> =>
  withCluster({ loadBalancing: { policy, ...(policy === 'ringHash' ? { hashOn: [{ path: true }] } : {}) } });

/** All that a policy is: one that the bridge does not have, which begins at the end of the list and goes to its front. */
class Backwards<T extends BalancedEndpoint> implements Balancer<T> {
  #picks = 0;

  update(endpoints: readonly T[]): Picker<T> {
    const results = endpoints.map((picked): PickResult<T> => ({ kind: 'picked', picked }));
    const pickFrom = (from: readonly PickResult<T>[]): PickResult<T> =>
      from[from.length - 1 - (this.#picks++ % Math.max(1, from.length))] ?? { kind: 'unavailable' };
    const among = (accepts: (candidate: T) => boolean): readonly PickResult<T>[] =>
      results.filter((result) => result.kind === 'picked' && accepts(result.picked));
    return {
      size: endpoints.length,
      pick: ({ excluded }) => {
        const others = among(({ endpoint }) => endpoint.key !== excluded?.key);
        return pickFrom(others.length > 0 ? others : results);
      },
      pickAmong: (_context, accepts) => pickFrom(among(accepts)),
    };
  }
}

describe('the registry of policies', () => {
  it('has what the configuration has words for, and nothing else', () => {
    for (const policy of POLICY_NAMES) {
      assert.equal(resolveConfig(configOf(policy)).clusters[0]?.loadBalancing.policy, policy);
    }
    assert.match(refusals(configOf('maglev')).join('\n'), new RegExp(POLICY_NAMES.join('.*')));
  });

  it('has a suite for each, and so has the documentation a word', () => {
    const tests = readdirSync(new URL('.', import.meta.url)).map((name) => readFileSync(new URL(name, import.meta.url), 'utf8'));
    const documentation = readFileSync(new URL('../../../docs/configuration.md', import.meta.url), 'utf8');
    for (const policy of POLICY_NAMES) {
      const made = new RegExp(`createBalancer(?:<\\w+>)?\\('${policy}'`);
      assert.ok(
        tests.some((text) => text.includes('itIsABalancer(') && made.test(text)),
        policy,
      );
      assert.match(documentation, new RegExp(`\\b${policy}: .*Envoy: \``), policy);
    }
  });

  it('gives each cluster a balancer of its own', () => {
    for (const policy of POLICY_NAMES) {
      const random = seededRandom(1);
      assert.notEqual(createBalancer(policy, random), createBalancer(policy, random));
    }
  });
});

describe('a policy of one class', () => {
  itIsABalancer(() => new Backwards());

  it('is all that endpoints of a cluster need to be chosen by it', () => {
    const pools = [1, 2, 3].map((index) => {
      const endpoint = createEndpoint({ kind: 'tcp', host: `10.0.0.${index}`, port: 50_051 }, null);
      return { key: endpoint.key, endpoint, activeRequests: 0 };
    });
    const choice = new EndpointChoice(new Backwards<(typeof pools)[number]>(), null);
    choice.select(
      pools.map(({ endpoint }, index) => ({ endpoint, state: index === 2 ? 'unhealthy' : 'healthy' })),
      0,
    );
    choice.use(pools.filter(({ key }) => choice.has(key)));
    const picked = Array.from({ length: 3 }, () => choice.picker.pick({ excluded: null, hash: 0 }));
    assert.deepEqual(
      picked.map((result) => (result.kind === 'picked' ? result.picked.key : 'none')),
      ['10.0.0.2:50051', '10.0.0.1:50051', '10.0.0.2:50051'],
    );
  });
});
