import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { classifyFlags, MAX_FLAGS, parseJsonFlags, parseTextFlags } from '../../../../src/discovery/envoy/health-flags.ts';

/** Every word of Envoy 1.40 with its field in JSON, in Envoy's order, and what the bridge makes of it alone. */
const WORDS = [
  ['failed_active_hc', { failed_active_health_check: true }, 'unhealthy'],
  ['failed_outlier_check', { failed_outlier_check: true }, 'ejected'],
  ['failed_eds_health', { eds_health_status: 'UNHEALTHY' }, 'unhealthy'],
  ['degraded_active_hc', { failed_active_degraded_check: true }, 'degraded'],
  ['degraded_eds_health', { eds_health_status: 'DEGRADED' }, 'degraded'],
  ['pending_dynamic_removal', { pending_dynamic_removal: true }, 'healthy'],
  ['pending_active_hc', { pending_active_hc: true }, 'pending'],
  ['excluded_via_immediate_hc_fail', { excluded_via_immediate_hc_fail: true }, 'excluded'],
  ['active_hc_timeout', { active_hc_timeout: true }, 'healthy'],
  ['eds_status_draining', { eds_health_status: 'DRAINING' }, 'draining'],
  ['degraded_outlier_detection', { failed_degraded_outlier_detection: true }, 'degraded'],
] as const;

function fields(names: readonly string[]): object {
  return Object.fromEntries(names.map((name) => [name, true]));
}

describe('health flags', () => {
  for (const [word, field, state] of WORDS) {
    it(`${word} is the same in text and JSON, and ${state}`, () => {
      assert.deepEqual(parseTextFlags(`/${word}`), [word]);
      assert.deepEqual(parseJsonFlags({ eds_health_status: 'HEALTHY', ...field }), [word]);
      for (const unknown of ['byPrefix', 'unhealthy'] as const) {
        assert.equal(classifyFlags([word], unknown), state);
      }
    });
  }

  it('come in the order of the text, however the JSON is sorted', () => {
    assert.deepEqual(
      parseJsonFlags({ active_hc_timeout: true, eds_health_status: 'DRAINING', failed_active_health_check: true }),
      ['failed_active_hc', 'active_hc_timeout', 'eds_status_draining'],
    );
    assert.deepEqual(parseTextFlags('/failed_active_hc/active_hc_timeout'), ['failed_active_hc', 'active_hc_timeout']);
  });

  for (const [words, state] of [
    [['failed_active_hc', 'failed_outlier_check'], 'unhealthy'],
    [['failed_outlier_check', 'degraded_active_hc'], 'ejected'],
    [['failed_active_hc', 'pending_active_hc'], 'pending'],
    [['failed_active_hc', 'excluded_via_immediate_hc_fail'], 'excluded'],
    [['failed_active_hc', 'eds_status_draining'], 'draining'],
    [['degraded_eds_health', 'pending_dynamic_removal'], 'degraded'],
    [['failed_active_hc', 'active_hc_timeout'], 'unhealthy'],
  ] as const) {
    it(`${words.join(' and ')} together are ${state}`, () => {
      assert.equal(classifyFlags(words, 'byPrefix'), state);
    });
  }

  for (const [word, byPrefix] of [
    ['failed_tomorrow', 'unhealthy'],
    ['eds_status_sleeping', 'unhealthy'],
    ['degraded_tomorrow', 'degraded'],
    ['something_else', 'healthy'],
  ] as const) {
    it(`${word}, which nobody knows, is ${byPrefix} by its prefix, or unhealthy`, () => {
      assert.deepEqual(parseTextFlags(`/${word}`), [word]);
      assert.equal(classifyFlags([word], 'byPrefix'), byPrefix);
      assert.equal(classifyFlags([word], 'unhealthy'), 'unhealthy');
    });
  }

  it('of JSON are kept where they are not known, also those of EDS', () => {
    assert.deepEqual(parseJsonFlags({ eds_health_status: 'HEALTHY', failed_tomorrow: true }), ['failed_tomorrow']);
    assert.deepEqual(parseJsonFlags({ eds_health_status: 'HEALTHY', score: 3 }), ['score']);
    assert.deepEqual(parseJsonFlags({ eds_health_status: 'SLEEPING' }), ['eds_status_sleeping']);
    assert.deepEqual(parseJsonFlags({ eds_health_status: 9 }), ['eds_status_9']);
  });

  it('of JSON that are false, null or left out are not set', () => {
    assert.deepEqual(parseJsonFlags({}), []);
    assert.deepEqual(parseJsonFlags({ eds_health_status: null, failed_active_health_check: false, pending_active_hc: null }), []);
    assert.deepEqual(parseJsonFlags({ eds_health_status: 'UNKNOWN' }), []);
    assert.deepEqual(parseJsonFlags({ eds_health_status: 'TIMEOUT' }), ['failed_eds_health']);
  });

  it('of JSON that are no health_status are refused', () => {
    for (const status of [undefined, null, 'HEALTHY', 1, [], { failed_active_health_check: 'yes' }, { pending_active_hc: 1 }]) {
      assert.equal(parseJsonFlags(status), null, JSON.stringify(status));
    }
    // Without the field that Envoy always writes, one that is not known may be what it has become.
    assert.equal(parseJsonFlags({ eds_health_stat: 'UNHEALTHY' }), null);
    assert.equal(parseJsonFlags({ eds_health_status: 'HEALTHY', 'two words': true }), null);
  });

  it('of text may be the bare word of a host that only the admin interface knows', () => {
    for (const [text, words] of [
      ['healthy', []],
      ['unknown', []],
      ['unhealthy', ['failed_eds_health']],
      ['timeout', ['failed_eds_health']],
      ['degraded', ['degraded_eds_health']],
      ['draining', ['eds_status_draining']],
    ] as const) {
      assert.deepEqual(parseTextFlags(text), words);
    }
  });

  it('of text that are nothing of the kind are refused', () => {
    for (const text of [
      '',
      'Healthy',
      'HEALTHY',
      'healthy ',
      'well',
      '/',
      '//failed_active_hc',
      '/failed active',
      '/a/',
      '/a\r',
    ]) {
      assert.equal(parseTextFlags(text), null, JSON.stringify(text));
    }
  });

  it(`are ${MAX_FLAGS} at most`, () => {
    const words = Array.from({ length: MAX_FLAGS + 1 }, (_, index) => `flag_${index}`);
    const most = words.slice(1);
    assert.deepEqual(parseTextFlags(`/${most.join('/')}`), most);
    assert.equal(parseTextFlags(`/${words.join('/')}`), null);
    assert.deepEqual(parseJsonFlags({ eds_health_status: 'HEALTHY', ...fields(most) }), most);
    assert.equal(parseJsonFlags({ eds_health_status: 'HEALTHY', ...fields(words) }), null);
    assert.deepEqual(parseTextFlags(`/${'x'.repeat(64)}`), ['x'.repeat(64)]);
    assert.equal(parseTextFlags(`/${'x'.repeat(65)}`), null);
  });
});
