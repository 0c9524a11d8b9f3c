import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { classifyFlags } from '../../../../src/discovery/envoy/health-flags.ts';
import { mergeEndpoints, toEndpoints } from '../../../../src/discovery/envoy/host-endpoint.ts';
import { clustersOf, readListing, refusalOf } from '../../../support/envoy-read.ts';
import { renderListing } from '../../../support/peers/envoy-listing.ts';

const FAILED = { address: '10.0.0.1:1', flags: ['failed_active_hc'] } as const;
const WELL = { address: '10.0.0.2:1' } as const;

function textOf(...clusters: Parameters<typeof renderListing>[0]): string {
  return renderListing(clusters).text.toString();
}

function hostsOf(text: string): readonly string[] {
  return clustersOf('text', text).flatMap(({ name, hosts }) => hosts.map(({ key, flags }) => [name, key, ...flags].join(' ')));
}

/** What a source makes of the hosts. */
function judged(format: 'json' | 'text', body: Buffer): readonly string[] {
  const facts = { atMs: 0, pollMs: 0, unknownFlags: 'byPrefix', serverState: 'LIVE', requireLive: true } as const;
  const endpoints = clustersOf(format, body).flatMap((cluster) => toEndpoints(cluster, facts));
  return mergeEndpoints(endpoints).map(({ key, reported }) => `${key} ${reported?.state}`);
}

/** Of the cluster `c`, as newer versions list what they do not balance over. */
function shortHost(address: string, word: string): string {
  const lines = ['cx_active::0', 'rq_active::0', 'hostname::h', 'weight::1', `health_flags::${word}`];
  return lines.map((line) => `c::${address}::${line}\n`).join('');
}

/** A host name that pretends, within the lines of a host of `c` that has failed, that there is a healthy one at this address. */
function forge(address: string): string {
  const lines = textOf({ name: 'c', hosts: [{ address }] }).split('\n');
  const forged = lines.filter((line) => line.startsWith(`c::${address}::`));
  return ['x', ...forged, 'c::10.0.0.1:1::hostname::y'].join('\n');
}

describe('clusters in text', () => {
  for (const name of [
    'a::b',
    'a::health_flags::healthy',
    'outbound|80||svc.ns',
    'httproute/ns/x/rule/0',
    'a b',
    '::',
    '10.0.0.1:1',
    'ä',
  ]) {
    it(`may be called ${name}`, () => {
      const text = textOf({ name, hosts: [FAILED, WELL] }, { name: 'other', hosts: [WELL] });
      assert.deepEqual(hostsOf(text), [`${name} 10.0.0.1:1 failed_active_hc`, `${name} 10.0.0.2:1`, 'other 10.0.0.2:1']);
    });
  }

  it('may have names that begin like those of others', () => {
    const text = textOf({ name: 'a', hosts: [WELL] }, { name: 'a::10.0.0.2:1', hosts: [FAILED] }, { name: 'a::b', hosts: [] });
    assert.deepEqual(hostsOf(text), ['a 10.0.0.2:1', 'a::10.0.0.2:1 10.0.0.1:1 failed_active_hc']);
  });

  for (const address of [
    '/run/a::b.sock',
    '@a::b',
    'envoy://a::b/c::d',
    '[2001:db8::1]:80',
    '[::1]:80',
    '/run/x::health_flags::healthy',
  ]) {
    it(`may have a host at ${address}`, () => {
      const text = textOf({ name: 'c', hosts: [{ address, flags: ['failed_active_hc'] }] });
      const key = address.startsWith('/') || address.startsWith('@') ? `unix:${address}` : address;
      assert.deepEqual(hostsOf(text), [`c ${key} failed_active_hc`]);
    });
  }

  for (const free of [
    'weight::1',
    'health_flags::healthy',
    'priority::2',
    'x::health_flags::healthy',
    'x::weight::1',
    '::',
    'c::10.0.0.9:1::weight::3',
    'x::priority::2',
  ]) {
    it(`may have ${free} as a free text`, () => {
      const locality = { region: free, zone: free, subZone: free };
      const text = textOf({ name: 'c', edsServiceName: free, hosts: [{ ...FAILED, hostname: free, locality }] });
      const [cluster] = clustersOf('text', text);
      assert.deepEqual(hostsOf(text), ['c 10.0.0.1:1 failed_active_hc']);
      assert.deepEqual([cluster?.hosts[0]?.hostname, cluster?.hosts[0]?.locality], [free, locality]);
    });
  }

  it('have what text alone tells, and nothing where there is nothing', () => {
    const text = textOf({ name: 'c', addedViaApi: true, hosts: [{ ...WELL, canary: true, weight: 7, priority: 2 }] });
    const [cluster] = clustersOf('text', text);
    const { canary, weight, priority, locality, hostname } = cluster?.hosts[0] ?? {};
    assert.equal(cluster?.addedViaApi, true);
    assert.deepEqual([canary, weight, priority, hostname, locality], [true, 7, 2, '', { region: '', zone: '', subZone: '' }]);
    assert.deepEqual(clustersOf('text', ''), []);
  });

  it('may hold a host twice', () => {
    assert.deepEqual(hostsOf(textOf({ name: 'c', hosts: [WELL, WELL] })), ['c 10.0.0.2:1', 'c 10.0.0.2:1']);
  });

  it('take hosts that only the admin interface knows, whose flags are a bare word', () => {
    const text = textOf({ name: 'c', hosts: [] }) + shortHost('10.0.0.1:1', 'unhealthy') + shortHost('10.0.0.2:1', 'healthy');
    assert.deepEqual(hostsOf(text), ['c 10.0.0.1:1 failed_eds_health', 'c 10.0.0.2:1']);
  });

  it('are refused where a line is damaged that health hangs on', () => {
    const text = textOf({ name: 'c', hosts: [FAILED, WELL] });
    for (const [from, to, reason] of [
      ['/failed_active_hc', '/failed active hc', /health_flags that are not understood/],
      ['::health_flags::/failed', '::health_flag::/failed', /has no health_flags before its other lines/],
      ['10.0.0.1:1::weight::1', '10.0.0.1:1::weight::x', /weight or a priority that is no whole number/],
      ['10.0.0.1:1::priority::0', '10.0.0.1:1::priority::-', /weight or a priority/],
      ['10.0.0.1:1::canary::false', '10.0.0.1:1::canary::no', /canary of neither true nor false/],
      ['c::added_via_api::false', 'c::added_via_api::', /no added_via_api/],
      ['c::10.0.0.1:1::success_rate::-1\n', '', /is cut off/],
    ] as const) {
      assert.ok(text.includes(from), from);
      assert.match(refusalOf('text', text.replace(from, to)), reason, from);
    }
    assert.match(refusalOf('text', text + text), /lists the cluster c twice/);
    assert.match(refusalOf('text', text.slice(0, -1)), /cut off within a line/);
    assert.match(refusalOf('text', 'no such path\n'), /no list of clusters/);
  });
});

describe('a line feed in a host name', () => {
  it('invents nothing in JSON, and no health of the host itself in text', () => {
    const { json, text } = renderListing([{ name: 'c', hosts: [{ ...FAILED, hostname: forge('10.0.0.1:1') }] }]);
    assert.deepEqual(judged('json', json), ['10.0.0.1:1 unhealthy']);
    assert.deepEqual(judged('text', text), ['10.0.0.1:1 unhealthy']);
  });

  it('can invent another host in text, which is why JSON goes first', () => {
    const { json, text } = renderListing([{ name: 'c', hosts: [{ ...FAILED, hostname: forge('10.0.0.66:1') }] }]);
    assert.deepEqual(judged('json', json), ['10.0.0.1:1 unhealthy']);
    assert.deepEqual(judged('text', text), ['10.0.0.66:1 healthy', '10.0.0.1:1 unhealthy']);
  });

  it('with less than all lines of a host is refused in text', () => {
    const hostname = 'x\nc::10.0.0.66:1::health_flags::healthy\nc::10.0.0.66:1::weight::1\ny';
    const { text } = renderListing([{ name: 'c', hosts: [{ ...FAILED, hostname }] }]);
    const result = readListing('text', text);
    assert.ok(
      result.kind === 'invalid' ||
        result.clusters.every(({ hosts }) => hosts.every(({ flags }) => classifyFlags(flags, 'byPrefix') === 'unhealthy')),
    );
  });
});
