import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Discovery } from '../../../src/discovery/discovery.ts';
import { JoinedDiscovery } from '../../../src/discovery/joined-discovery.ts';
import type { DiscoveryUpdate } from '../../../src/model/discovery-update.ts';
import { createEndpoint } from '../../../src/model/endpoint.ts';

/** A source that says what a test makes it say. */
class Spoken implements Discovery {
  say: (update: DiscoveryUpdate) => void = () => undefined;

  watch(onUpdate: (update: DiscoveryUpdate) => void): Promise<void> {
    this.say = onUpdate;
    return Promise.resolve();
  }
}

function endpoints(...ports: readonly number[]): DiscoveryUpdate {
  return { kind: 'endpoints', endpoints: ports.map((port) => createEndpoint({ kind: 'tcp', host: '10.0.0.1', port }, null)) };
}

function failed(reason: string): DiscoveryUpdate {
  return { kind: 'failed', reason };
}

function join(): { readonly one: Spoken; readonly other: Spoken; readonly words: string[] } {
  const one = new Spoken();
  const other = new Spoken();
  const words: string[] = [];
  void new JoinedDiscovery([one, other]).watch((update) => {
    const ports = update.endpoints?.map(({ key }) => key.slice('10.0.0.1:'.length)).join(' ');
    words.push(update.kind === 'failed' ? `${update.reason}: ${ports ?? 'as before'}` : (ports ?? ''));
  }, new AbortController().signal);
  return { one, other, words };
}

describe('JoinedDiscovery', () => {
  it('waits for the first word of every source', () => {
    const { one, other, words } = join();
    one.say(endpoints(1));
    one.say(endpoints(1, 2));
    assert.deepEqual(words, []);
    other.say(endpoints(3));
    assert.deepEqual(words, ['1 2 3']);
  });

  it('takes an endpoint that two sources name once', () => {
    const { one, other, words } = join();
    one.say(endpoints(1, 2));
    other.say(endpoints(2, 3));
    assert.deepEqual(words, ['1 2 3']);
  });

  it('keeps what a source found last while it fails, and says why it fails', () => {
    const { one, other, words } = join();
    one.say(endpoints(1));
    other.say(endpoints(2));
    other.say(failed('away'));
    assert.deepEqual(words, ['1 2', 'away: 1 2']);
  });

  it('follows one source while the other fails, and never calls that a success', () => {
    const { one, other, words } = join();
    one.say(endpoints(1));
    other.say(failed('away'));
    one.say(endpoints(1));
    one.say(endpoints(1, 3));
    assert.deepEqual(words, ['away: 1', 'away: 1', 'away: 1 3']);
  });

  it('tells that a failure is over', () => {
    const { one, other, words } = join();
    one.say(endpoints(1));
    other.say(failed('away'));
    other.say(endpoints());
    assert.deepEqual(words, ['away: 1', '1']);
  });

  it('takes the endpoints that a failure brings', () => {
    const { one, other, words } = join();
    one.say(endpoints(1));
    other.say({ kind: 'failed', reason: 'half away', endpoints: endpoints(2).endpoints ?? [] });
    other.say(failed('away'));
    assert.deepEqual(words, ['half away: 1 2', 'away: 1 2']);
  });

  it('tells that nothing is left beside a failure, once something was found', () => {
    const { one, other, words } = join();
    one.say(endpoints());
    other.say(failed('away'));
    one.say(endpoints(1));
    one.say(endpoints());
    assert.deepEqual(words, ['away: as before', 'away: 1', 'away: ']);
  });

  it('names every source that fails', () => {
    const { one, other, words } = join();
    one.say(failed('a is away'));
    other.say(failed('b is away'));
    assert.deepEqual(words, ['a is away; b is away: as before']);
  });
});
