import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { RoundRobin } from '../../../src/balancing/round-robin.ts';
import { createEndpoint, type Endpoint } from '../../../src/model/endpoint.ts';
import type { HealthState } from '../../../src/model/health-view.ts';
import type { ChosenEndpoint, EndpointChoice, SubsetOptions } from '../../../src/upstream/endpoint-choice.ts';
import { EndpointChoices } from '../../../src/upstream/endpoint-choices.ts';
import type { UpstreamEndpointState } from '../../../src/upstream/options.ts';

const V1: SubsetOptions = { labels: { version: 'v1' }, fallback: 'none' };
const V2: SubsetOptions = { labels: { version: 'v2' }, fallback: 'none' };

function state(port: number, version: string, health: HealthState = 'healthy'): UpstreamEndpointState {
  const endpoint: Endpoint = { ...createEndpoint({ kind: 'tcp', host: '10.0.0.1', port }, null), labels: { version } };
  return { endpoint, state: health };
}

function create(panicThresholdPercent = 0): EndpointChoices<ChosenEndpoint> {
  return new EndpointChoices(() => new RoundRobin(() => 0), panicThresholdPercent);
}

function ports({ keys }: { readonly keys: ReadonlySet<string> }): readonly number[] {
  return [...keys].map((key) => Number(key.split(':')[1]));
}

function use(choice: EndpointChoice<ChosenEndpoint>, states: readonly UpstreamEndpointState[]): void {
  choice.use(
    states
      .filter(({ endpoint }) => choice.has(endpoint.key))
      .map(({ endpoint }) => ({ key: endpoint.key, endpoint, activeRequests: 0 })),
  );
}

describe('EndpointChoices', () => {
  it('gives a subset the endpoints that have all of its labels', () => {
    const choices = create();
    choices.select([state(1, 'v1'), state(2, 'v2'), state(3, 'v1')]);
    assert.deepEqual(ports(choices.whole), [1, 2, 3]);
    assert.deepEqual(ports(choices.subset(V1)), [1, 3]);
    assert.deepEqual(ports(choices.subset({ labels: { version: 'v1', zone: 'a' }, fallback: 'none' })), []);
    assert.deepEqual(ports(choices.subset({ labels: { constructor: 'v1' }, fallback: 'none' })), []);
  });

  it('falls back to any endpoint only while none has the labels, not while they are ill', () => {
    const choices = create();
    const any = choices.subset({ ...V2, fallback: 'any' });
    choices.select([state(1, 'v1')]);
    assert.deepEqual([ports(any), ports(choices.subset(V2))], [[1], []]);
    choices.select([state(1, 'v1'), state(2, 'v2', 'unhealthy')]);
    assert.deepEqual([ports(any), any.size], [[], 1]);
  });

  it('panics for each subset by itself', () => {
    const choices = create(50);
    const [one, two] = [choices.subset(V1), choices.subset(V2)];
    choices.select([state(1, 'v1', 'unhealthy'), state(2, 'v1', 'unhealthy'), state(3, 'v2'), state(4, 'v2'), state(5, 'v2')]);
    assert.deepEqual([choices.whole.isPanic, one.isPanic, two.isPanic], [false, true, false]);
    assert.deepEqual(
      [ports(choices.whole), ports(one), ports(two)],
      [
        [3, 4, 5],
        [1, 2],
        [3, 4, 5],
      ],
    );
    assert.deepEqual(
      ports(choices).toSorted((one, other) => one - other),
      [1, 2, 3, 4, 5],
    );
  });

  it('is one object for the same labels, whatever their order, and keeps the turn of its policy over updates', () => {
    const choices = create();
    const labels = { version: 'v1', a: 'b' };
    assert.equal(choices.subset({ ...V1, labels }), choices.subset({ ...V1, labels: { a: 'b', version: 'v1' } }));
    const states = [state(1, 'v1'), state(2, 'v1')];
    const one = choices.subset(V1);
    const pick = (): unknown => {
      const result = one.picker.pick({ excluded: null, hash: 0 });
      return result.kind === 'picked' && result.picked.key;
    };
    choices.select(states);
    use(one, states);
    assert.equal(pick(), '10.0.0.1:1');
    choices.select(states);
    assert.equal(one.isStale, true);
    use(one, states);
    assert.equal(pick(), '10.0.0.1:2');
  });

  it('lets subsets go that no route names, and calls that began with one go on with it', () => {
    const choices = create();
    const [one, two] = [choices.subset(V1), choices.subset(V2)];
    const states = [state(1, 'v1')];
    choices.select(states);
    choices.retain([V2]);
    assert.equal(choices.subset(V2), two);
    assert.notEqual(choices.subset(V1), one);
    use(one, states);
    assert.deepEqual([one.isStale, one.picker.size], [true, 1]);
  });
});
