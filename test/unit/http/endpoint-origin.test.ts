import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MAX_ORIGIN_NAME_LENGTH } from '../../../src/http/printable.ts';
import type { EndpointOrigin, EndpointTraits } from '../../../src/model/endpoint.ts';
import type { EndpointHealth, HealthState } from '../../../src/model/health-view.ts';
import { answersOver, ask, verdictOf } from '../../support/health-answers.ts';
import { endpointHealth, THEN_MS } from '../../support/health-views.ts';

const THEN = new Date(THEN_MS).toISOString();
const PLAIN: EndpointOrigin = {
  cluster: 'shop::orders',
  priority: 0,
  weight: 1,
  locality: { region: '', zone: '', subZone: '' },
  canary: null,
  panic: false,
  sourceState: null,
};
const RICH: EndpointOrigin = {
  ...PLAIN,
  priority: 1,
  weight: 3,
  locality: { region: 'us-east1', zone: 'us-east1-b', subZone: '' },
  canary: true,
  sourceState: 'DRAINING',
};

function from(origin: EndpointOrigin, state: HealthState = 'healthy', address = '10.0.0.1:1'): EndpointHealth {
  const health = endpointHealth(address, state);
  return { ...health, endpoint: { ...health.endpoint, origin } };
}

function shown(format: string, ...endpoints: readonly EndpointHealth[]): string {
  return ask(answersOver(verdictOf({ router: endpoints }), { details: 'full' }), `/healthz/router?${format}`).body;
}

function own(origin: EndpointOrigin): unknown {
  const { componentId, status, time, observedValue, observedUnit, since, state, ...rest } = JSON.parse(
    shown('format=json', from(origin)),
  ).checks.router[0];
  assert.deepEqual([componentId, status, time, observedValue, observedUnit, since, state].slice(0, 2), ['10.0.0.1:1', 'pass']);
  return rest;
}

describe('where an endpoint stands in its source', () => {
  it('has own keys in health+json, without those that say nothing', () => {
    assert.deepEqual(own(PLAIN), { cluster: 'shop::orders', priority: 0, weight: 1 });
    assert.deepEqual(own(RICH), {
      cluster: 'shop::orders',
      priority: 1,
      weight: 3,
      locality: { region: 'us-east1', zone: 'us-east1-b' },
      canary: true,
      sourceState: 'DRAINING',
    });
    assert.deepEqual(own({ ...PLAIN, hintZones: ['a', 'b'] }), {
      cluster: 'shop::orders',
      priority: 0,
      weight: 1,
      hintZones: ['a', 'b'],
    });
    assert.deepEqual(own({ ...PLAIN, canary: false, panic: true }), {
      cluster: 'shop::orders',
      priority: 0,
      weight: 1,
      canary: false,
      panic: true,
    });
  });

  it('is a remark in the verbose text where it is out of the ordinary', () => {
    assert.equal(shown('verbose', from(PLAIN)), '[+]router ok\n    [+]10.0.0.1:1 ok\nhealthz check passed\n');
    assert.match(
      shown('verbose', from(RICH)),
      /^ {4}\[\+\]10\.0\.0\.1:1 ok \(priority 1, weight 3, us-east1\/us-east1-b, canary, its Envoy is DRAINING\)$/m,
    );
    assert.match(shown('verbose', from({ ...PLAIN, hintZones: ['a', 'b'] })), /10\.0\.0\.1:1 ok \(for a b\)$/m);
    assert.ok(
      shown('verbose', from({ ...PLAIN, weight: 2 }, 'ejected')).includes(`[-]10.0.0.1:1 ejected since ${THEN} (weight 2)\n`),
    );
  });

  it('tells once of each priority whose health the source ignores, and follows none of it', () => {
    const panic = { ...PLAIN, panic: true };
    const body = shown('verbose', from(panic, 'unhealthy'), from(panic, 'unhealthy', '10.0.0.2:1'));
    assert.equal(body.match(/panic: Envoy ignores health within priority 0 of "shop::orders"/g)?.length, 1);
    assert.match(body, /^\[-\]router failed: 0 of 2 healthy\n/);
    const many = Array.from({ length: 20 }, (_, index) => from({ ...panic, priority: index }, 'unhealthy', `10.0.0.${index}:1`));
    assert.equal(shown('verbose', ...many).match(/panic:/g)?.length, 8);
  });

  it('breaks no line and stays short, whatever the names are', () => {
    const name = `a\nb${'x'.repeat(1_000)}`;
    const origin = { ...PLAIN, cluster: name, locality: { region: name, zone: '', subZone: '' }, panic: true };
    const text = shown('verbose', from(origin));
    assert.equal(text.split('\n').length, 5);
    assert.ok(text.length < 1_000);
    const { cluster } = JSON.parse(shown('format=json', from(origin))).checks.router[0];
    assert.equal(cluster.length, MAX_ORIGIN_NAME_LENGTH);
    assert.ok(cluster.startsWith('a?b'));
  });
});

describe('labels, weight and priority of an endpoint', () => {
  const health = endpointHealth('10.0.0.1:1', 'healthy');

  function shownWith(format: string, traits: EndpointTraits): string {
    return shown(format, { ...health, endpoint: { ...health.endpoint, ...traits } });
  }

  it('have own keys in health+json', () => {
    const { labels, weight, priority } = JSON.parse(
      shownWith('format=json', { labels: { version: 'v1', 'a\nb': 'c' }, weight: 3, priority: 1 }),
    ).checks.router[0];
    assert.deepEqual([labels, weight, priority], [{ version: 'v1', 'a?b': 'c' }, 3, 1]);
  });

  it('stand behind the address in the text, eight labels at most', () => {
    const labels = Object.fromEntries(Array.from({ length: 10 }, (_, index) => [`l${index}`, 'x']));
    const text = shownWith('verbose', { labels, weight: 3, priority: 1 });
    assert.match(text, /10\.0\.0\.1:1 ok \(priority 1, weight 3, l0=x, .*l7=x, 2 labels more\)\n/);
  });
});
