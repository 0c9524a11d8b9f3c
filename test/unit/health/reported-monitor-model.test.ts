import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { ClusterTable } from '../../../src/health/cluster-table.ts';
import { createNoneChecker } from '../../../src/health/none-checker.ts';
import { createEndpoint, type ReportedHealth } from '../../../src/model/endpoint.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { fuzzRuns } from '../../support/fuzz-runs.ts';

const STALE_AFTER_MS = 180_000;
const THRESHOLD = 3;

/** What a poll brings, or that time goes by without one. */
type Step =
  | { readonly kind: 'answer'; readonly state: ReportedHealth['state'] }
  | { readonly kind: 'failure' }
  | { readonly kind: 'repeat' }
  | { readonly kind: 'silence'; readonly ms: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    kind: fc.constant('answer' as const),
    state: fc.constantFrom('healthy', 'degraded', 'unhealthy', 'draining', 'ejected'),
  }),
  fc.record({ kind: fc.constant('failure' as const) }),
  fc.record({ kind: fc.constant('repeat' as const) }),
  fc.record({ kind: fc.constant('silence' as const), ms: fc.integer({ min: 1, max: 2 * STALE_AFTER_MS }) }),
);

/** What is true, kept by rules that are simpler than the code's. */
interface Truth {
  last: ReportedHealth['state'];
  answeredAt: number;
  failures: number;
}

function expectedState({ last, answeredAt, failures }: Truth, now: number): string {
  if (failures >= THRESHOLD) {
    return 'unhealthy';
  }
  return now - answeredAt >= STALE_AFTER_MS ? 'stale' : last;
}

describe('an endpoint whose source reports its health', () => {
  it('is what the last answer says, until that is too old or too many polls have failed, whatever happens', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const clock = new FakeClock();
        const table = new ClusterTable(
          {
            name: 'app',
            connectTimeoutMs: 1_000,
            staleAfterMs: STALE_AFTER_MS,
            tls: null,
            healthCheck: {
              type: 'envoy',
              unhealthyThreshold: THRESHOLD,
              healthyThreshold: 1,
              intervalMs: 5_000,
              intervalJitterMs: 0,
              unhealthyIntervalMs: 5_000,
              timeoutMs: 1_000,
            },
          },
          {
            clock,
            random: () => 0,
            createChecker: createNoneChecker,
            hasTraffic: () => true,
            onChange: () => undefined,
            observer: {
              onCheck: () => undefined,
              onStateChange: () => undefined,
              onDiscovery: () => undefined,
              onEndpointRemoved: () => undefined,
            },
          },
        );
        const truth: Truth = { last: 'healthy', answeredAt: clock.now(), failures: 0 };
        let reported: ReportedHealth = {
          state: 'healthy',
          flags: [],
          reason: '',
          atMs: 0,
          pollMs: 1,
          failedPolls: 0,
          failure: '',
        };
        const tell = (kind: 'endpoints' | 'failed'): void => {
          const endpoints = [{ ...createEndpoint({ kind: 'tcp', host: '10.0.0.1', port: 1 }, null), reported }];
          table.updateDiscovery(kind === 'failed' ? { kind, reason: 'away', endpoints } : { kind, endpoints });
        };
        tell('endpoints');
        for (const each of steps) {
          if (each.kind === 'answer') {
            Object.assign(truth, { last: each.state, answeredAt: clock.now(), failures: 0 });
            reported = { ...reported, state: each.state, failedPolls: 0, failure: '' };
            tell('endpoints');
          } else if (each.kind === 'failure') {
            truth.failures += 1;
            reported = { ...reported, failedPolls: truth.failures, failure: 'away' };
            tell('failed');
          } else if (each.kind === 'repeat') {
            // Another source of the same cluster has news; this one has none.
            tell(truth.failures > 0 ? 'failed' : 'endpoints');
          } else {
            await clock.advance(each.ms);
            table.expire(clock.now());
          }
          assert.equal(table.health.endpoints[0]?.state, expectedState(truth, clock.now()), JSON.stringify(each));
        }
        await table.close();
      }),
      fuzzRuns(500),
    );
  });
});
