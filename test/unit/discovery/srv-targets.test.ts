import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { chooseTargets, MAX_SRV_RECORDS } from '../../../src/discovery/srv-targets.ts';
import { isHostName } from '../../../src/model/address.ts';

function record(name: string, port = 1, priority = 0): { name: string; port: number; priority: number } {
  return { name, port, priority };
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

  it('takes the lowest priority alone, and no target twice', () => {
    assert.deepEqual(chosen(record('spare', 1, 20), record('a', 1, 10), record('b', 1, 10), record('A', 1, 10)), [
      'a.:1',
      'b.:1',
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
