import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Discovery } from '../../../src/discovery/discovery.ts';
import { NamedEndpoints } from '../../../src/discovery/named-endpoints.ts';
import type { DiscoveryUpdate } from '../../../src/model/discovery-update.ts';
import { createEndpoint } from '../../../src/model/endpoint.ts';

/** Says what the test says, and ends when the test lets it. */
class Spoken implements Discovery {
  say: (update: DiscoveryUpdate) => void = () => undefined;
  end: () => void = () => undefined;
  stopped = false;

  watch(onUpdate: (update: DiscoveryUpdate) => void, signal: AbortSignal): Promise<void> {
    this.say = onUpdate;
    signal.addEventListener('abort', () => {
      this.stopped = true;
    });
    return new Promise((resolve) => {
      this.end = resolve;
    });
  }
}

function found(...ports: readonly number[]): DiscoveryUpdate {
  return { kind: 'endpoints', endpoints: ports.map((port) => createEndpoint({ kind: 'tcp', host: '10.0.0.1', port }, null)) };
}

function create(): { named: NamedEndpoints; names: Map<string, Spoken>; changes: () => number; state: () => unknown } {
  const names = new Map<string, Spoken>();
  let changes = 0;
  const named = new NamedEndpoints(
    (host, port) => {
      const name = new Spoken();
      names.set(`${host}:${port}`, name);
      return name;
    },
    () => {
      changes += 1;
    },
  );
  const state = (): unknown => {
    const now = named.state;
    return now === null ? null : [now.endpoints.map(({ key }) => key.slice('10.0.0.1:'.length)).join(' '), ...now.failures];
  };
  return { named, names, changes: () => changes, state };
}

const A = { host: 'a', port: 1 };
const B = { host: 'b', port: 1 };

describe('NamedEndpoints', () => {
  it('know nothing before each name has had a word', () => {
    const { named, names, state } = create();
    assert.deepEqual(state(), ['']);
    named.replace([A, B]);
    names.get('a:1')?.say(found(1));
    assert.equal(state(), null);
    names.get('b:1')?.say({ kind: 'failed', reason: 'SERVFAIL' });
    assert.deepEqual(state(), ['1', 'SERVFAIL']);
  });

  it('keep the addresses of a name that fails', () => {
    const { named, names, state } = create();
    named.replace([A]);
    names.get('a:1')?.say(found(1, 2));
    names.get('a:1')?.say({ kind: 'failed', reason: 'SERVFAIL' });
    assert.deepEqual(state(), ['1 2', 'SERVFAIL']);
    names.get('a:1')?.say(found(3));
    assert.deepEqual(state(), ['3']);
  });

  it('keep the look-up of a name that stays, and end that of one that goes', () => {
    const { named, names, state } = create();
    named.replace([A, B]);
    const [a, b] = [names.get('a:1'), names.get('b:1')];
    a?.say(found(1));
    named.replace([A, { ...A, port: 2 }]);
    assert.equal(names.get('a:1'), a);
    assert.deepEqual([a?.stopped, b?.stopped, names.has('a:2')], [false, true, true]);
    names.get('a:2')?.say(found(2));
    b?.say(found(9));
    assert.deepEqual(state(), ['1 2']);
  });

  it('say nothing of names that went, and nothing once closed', async () => {
    const { named, names, changes } = create();
    named.replace([A, B]);
    named.replace([B]);
    names.get('a:1')?.say(found(1));
    assert.equal(changes(), 0);
    names.get('b:1')?.say(found(1));
    assert.equal(changes(), 1);
    let closed = false;
    const closing = named.close().finally(() => {
      closed = true;
    });
    names.get('b:1')?.say(found(2));
    assert.equal(changes(), 1);
    names.get('b:1')?.end();
    await Promise.resolve();
    assert.equal(closed, false, 'the look-up of a has not ended');
    names.get('a:1')?.end();
    await closing;
  });

  it('give traits to the addresses of their name, and take new ones without a look-up anew', () => {
    const { named, names } = create();
    named.replace([{ ...A, traits: { weight: 2, labels: { version: 'v1' } } }, B]);
    const [a, b] = [names.get('a:1'), names.get('b:1')];
    a?.say(found(1, 2));
    b?.say(found(3));
    const traits = (): unknown => named.state?.endpoints.map(({ weight, labels }) => [weight, labels?.['version']]);
    assert.deepEqual(traits(), [
      [2, 'v1'],
      [2, 'v1'],
      [undefined, undefined],
    ]);
    named.replace([{ ...A, traits: { weight: 5 } }, B]);
    assert.equal(names.get('a:1'), a);
    assert.deepEqual(traits(), [
      [5, undefined],
      [5, undefined],
      [undefined, undefined],
    ]);
  });
});
