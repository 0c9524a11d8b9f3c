import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { computeVerdict } from '../../../../src/aggregation/bridge-verdict.ts';
import type { BridgeVerdict } from '../../../../src/aggregation/verdict.ts';
import {
  MAX_SHOWN,
  MAX_SHOWN_PER_CLUSTER,
  renderSnapshot,
  type StatusSource,
} from '../../../../src/http/status-page/snapshot.ts';
import { createStatusPages, SNAPSHOT_FRESH_MS } from '../../../../src/http/status-page/status-pages.ts';
import { verdictOf } from '../../../support/health-answers.ts';
import { clusterHealth, endpointHealth, endpointsIn, policy, THEN_MS, viewOf } from '../../../support/health-views.ts';

function sourceOver(verdict: BridgeVerdict, changes: Partial<StatusSource> = {}): StatusSource {
  return {
    version: '1.2.3',
    verdict: () => verdict,
    lifecycle: () => ({ started: true, draining: false, maintenance: false }),
    trafficOf: () => null,
    callsOf: () => 0,
    changesOf: () => [],
    now: () => THEN_MS + 5_000,
    ...changes,
  };
}

function many(count: number) {
  return Array.from({ length: count }, (_, index) =>
    endpointHealth(`10.0.${index >> 8}.${index & 255}:1`, index === count - 1 ? 'unhealthy' : 'healthy', { reason: 'r' }),
  );
}

describe('/status.json', () => {
  it('has clusters, endpoints, states, times, reasons, latencies, traffic and changes', () => {
    const change = {
      atMs: THEN_MS,
      cluster: 'a',
      endpoint: '10.0.0.2:1',
      from: 'healthy',
      to: 'unhealthy',
      reason: 'r\nr',
    } as const;
    const snapshot: unknown = JSON.parse(
      renderSnapshot(
        sourceOver(verdictOf({ a: endpointsIn('healthy', 'unhealthy'), 'b?': [] }), {
          callsOf: (cluster) => (cluster === 'a' ? 7 : 0),
          trafficOf: (cluster, endpoint) =>
            cluster === 'a' && endpoint === '10.0.0.1:1' ? { connections: 1, activeRequests: 2 } : null,
          changesOf: (cluster) => (cluster === 'a' ? [change] : []),
        }),
      ),
    );
    assert.partialDeepStrictEqual(snapshot, {
      version: '1.2.3',
      nowMs: THEN_MS + 5_000,
      healthy: true,
      clusters: [
        {
          name: 'a',
          optional: false,
          states: { healthy: 1, unhealthy: 1 },
          endpoints: [
            { address: '10.0.0.2:1', state: 'unhealthy', reason: 'NOT_SERVING', sinceMs: THEN_MS, checkMs: 1.25, traffic: null },
            { address: '10.0.0.1:1', state: 'healthy', traffic: { connections: 1, activeRequests: 2 } },
          ],
          calls: 7,
          omitted: 0,
          changes: [{ atMs: THEN_MS, endpoint: '10.0.0.2:1', from: 'healthy', to: 'unhealthy', reason: 'r?r' }],
        },
        { name: 'b', optional: true, endpoints: [] },
      ],
    });
  });

  it('has no character that steers a screen, whatever sources and endpoints say, and eight labels of an endpoint', () => {
    const odd = 'a\u001b[2J\u202eb\u0085';
    const shown = 'a?[2J?b?';
    const whole = endpointHealth('10.0.0.1:1', 'unhealthy', { reason: odd });
    const locality = { region: '', zone: odd, subZone: '' };
    const origin = { cluster: 'c', priority: 0, weight: 1, locality, canary: false, panic: false, sourceState: null };
    const labels = Object.fromEntries(Array.from({ length: 9 }, (_, index) => [`l${index}`, odd]));
    const one = { ...whole, endpoint: { ...whole.endpoint, hostname: odd, origin, labels } };
    const discovery = { state: 'failed', reason: odd, lastSuccessMs: null } as const;
    const members = [{ name: 'a', optional: false }];
    const failed = computeVerdict(viewOf(clusterHealth('a', [one], { discovery })), {
      clusters: [policy('a')],
      health: { healthyWhen: 'any', clusters: members, groups: [] },
    });
    const { clusters } = JSON.parse(renderSnapshot(sourceOver(failed)));
    const [{ discoveryReason, endpoints }] = clusters;
    assert.equal(discoveryReason, shown);
    assert.partialDeepStrictEqual(endpoints[0], { hostname: shown, zone: shown, reason: shown });
    assert.deepEqual(
      endpoints[0].labels,
      Array.from({ length: 8 }, (_, index) => `l${index}=${shown}`),
    );
  });

  it('has a limit of endpoints for each cluster and for all, and says what it leaves out', () => {
    const size = MAX_SHOWN_PER_CLUSTER + 5;
    const clusters = Array.from(
      { length: MAX_SHOWN / MAX_SHOWN_PER_CLUSTER + 1 },
      (_, index) => [`c${index}`, many(size)] as const,
    );
    const snapshot: {
      readonly clusters: readonly { readonly endpoints: readonly { readonly state: string }[]; readonly omitted: number }[];
    } = JSON.parse(renderSnapshot(sourceOver(verdictOf(Object.fromEntries(clusters)))));
    assert.deepEqual(
      snapshot.clusters.map(({ endpoints, omitted }) => [endpoints.length, omitted]),
      clusters.map((_, index) => (index < clusters.length - 1 ? [MAX_SHOWN_PER_CLUSTER, 5] : [0, size])),
    );
    assert.equal(snapshot.clusters[0]?.endpoints[0]?.state, 'unhealthy');
  });

  it('is rendered once for all that ask within a moment', () => {
    let nowMs = THEN_MS;
    let renders = 0;
    const verdict = verdictOf({ a: endpointsIn('healthy') });
    const counting = (): BridgeVerdict => {
      renders += 1;
      return verdict;
    };
    const page = createStatusPages(sourceOver(verdict, { verdict: counting, now: () => nowMs })).get('/status.json');
    const ask = () => page?.answer(new URLSearchParams());
    ask();
    nowMs += SNAPSHOT_FRESH_MS - 1;
    ask();
    assert.equal(renders, 1);
    nowMs += 1;
    ask();
    nowMs -= 60_000;
    ask();
    assert.equal(renders, 3);
  });
});

describe('the files of the status page', () => {
  const pages = createStatusPages(sourceOver(verdictOf({ a: [] })));

  it('name nothing that is not served, and have no inline script, style or handler', () => {
    const bodies = [...pages]
      .filter(([path]) => path !== '/status.json')
      .map(([path, page]) => [path, page.answer(new URLSearchParams())] as const);
    for (const [path, { body, headers }] of bodies) {
      const text = body.toString();
      assert.match(String(headers['content-security-policy']), /^default-src 'none'; script-src 'self'; style-src 'self'/);
      for (const [, named = ''] of text.matchAll(/(?:src|href)="([^"#]+)"|from '([^']+)'/g)) {
        assert.ok(
          pages.has(named) || /^\/(clusters|config|metrics|healthz|readyz)/.test(named) || named === '',
          `${path} names ${named}`,
        );
      }
      assert.doesNotMatch(text, / style="| on[a-z]+="|javascript:|innerHTML|https?:\/\/(?!www\.w3\.org\/2000\/svg)/, path);
      assert.doesNotMatch(text, /<script(?![^>]*src=)|<style/, path);
    }
  });
});
