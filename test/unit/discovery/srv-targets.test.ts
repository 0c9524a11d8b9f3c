import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { SrvRecord } from '../../../src/discovery/dns-client.ts';
import { chooseTargets, MAX_SRV_RECORDS } from '../../../src/discovery/srv-targets.ts';
import { isHostName } from '../../../src/model/address.ts';

function record(name: string, port = 1, ...[priority = 0, weight = 0]: readonly number[]): SrvRecord {
  return { name, port, priority, weight };
}

function chosen(...records: readonly ReturnType<typeof record>[]): unknown {
  const result = chooseTargets(records);
  return result.kind === 'targets' ? result.targets.map(({ host, port }) => `${host}:${port}`) : result.reason;
}

describe('chooseTargets', () => {
  it('takes each target with its own port, as a complete name in small letters', () => {
    assert.deepEqual(chosen(record('a.example', 1), record('B.Example', 2), record('a.example', 3)), [
      'a.example.:1',
      'b.example.:2',
      'a.example.:3',
    ]);
  });

  it('takes no target twice, and that of the lowest priority', () => {
    assert.deepEqual(chosen(record('a', 1, 20), record('a', 1, 10), record('b', 1, 10), record('A', 1, 10)), ['a.:1', 'b.:1']);
  });

  it('makes levels of priorities, the lowest number first', () => {
    const result = chooseTargets([record('spare', 1, 20), record('last', 1, 65_535), record('a', 1, 10), record('b', 1, 10)]);
    assert.deepEqual(result.kind === 'targets' && result.targets.map(({ host, traits }) => [host, traits?.priority ?? 0]), [
      ['a.', 0],
      ['b.', 0],
      ['spare.', 1],
      ['last.', 2],
    ]);
  });

  it('takes weights where they differ within a priority, 0 as the least', () => {
    const result = chooseTargets([record('a', 1, 0, 0), record('b', 1, 0, 90), record('c', 1, 5, 7), record('d', 1, 5, 7)]);
    assert.deepEqual(result.kind === 'targets' && result.targets.map(({ traits }) => traits), [
      { weight: 1 },
      { weight: 90 },
      { priority: 1 },
      { priority: 1 },
    ]);
  });

  it('takes "." for no service, and passes it over beside a target', () => {
    assert.deepEqual(chosen(record('', 0)), []);
    assert.deepEqual(chosen(record('', 0, 0), record('a', 1, 5)), ['a.:1']);
  });

  it('refuses an answer with a target that cannot be one', () => {
    assert.equal(chosen(record('a'), record('b\\000c')), 'the target "b\\\\000c" is no host name');
    assert.equal(chosen(record('a', 0)), '"a" is at port 0');
    assert.equal(chosen(record(`${'x'.repeat(64)}.example`)), `the target "${'x'.repeat(60)}" is no host name`);
  });

  it('takes as many records as it may, and refuses more by number', () => {
    const most = Array.from({ length: MAX_SRV_RECORDS }, (_, index) => record(`t${index}`));
    const whole = chosen(...most);
    assert.equal(Array.isArray(whole) && whole.length, MAX_SRV_RECORDS);
    assert.equal(chosen(...most, record('one-more')), `more than ${MAX_SRV_RECORDS} SRV records`);
  });

  it('gives host names and ports that can be connected to, whatever the records', () => {
    const records = fc.record({
      name: fc.oneof(fc.constantFrom('', 'a', 'b.example', '-'), fc.string()),
      port: fc.nat({ max: 65_535 }),
      priority: fc.nat({ max: 3 }),
      weight: fc.nat({ max: 3 }),
    });
    fc.assert(
      fc.property(fc.array(records, { maxLength: 6 }), (list) => {
        const result = chooseTargets(list);
        if (result.kind === 'targets') {
          assert.ok(result.targets.every(({ host, port }) => isHostName(host) && port > 0));
          assert.equal(
            result.targets.length === 0,
            list.every(({ name }) => name === ''),
          );
        } else {
          assert.ok(result.reason.length < 500);
        }
      }),
      { seed: 7, numRuns: 500 },
    );
  });
});
