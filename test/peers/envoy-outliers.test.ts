import assert from 'node:assert/strict';
import { constants } from 'node:http2';
import { describe, it } from 'node:test';
import { status } from '@grpc/grpc-js';
import { EchoBackend } from '../support/peers/echo-service.ts';
import { NodeHttp2Backend, type NodeHttp2BackendOptions } from '../support/peers/node-http2-backend.ts';
import { eventually } from './support/eventually.ts';
import { type Detection, type OutlierSide, startBridgeSide, startEnvoySide } from './support/outlier-sides.ts';

const MESSAGE = Buffer.from('hi');

/** What one proxy has before it, and what was seen there. */
type Probe = (side: OutlierSide, backends: readonly EchoBackend[], t: { diagnostic(line: string): void }) => Promise<unknown>;

/** Runs the same against an Envoy and a bridge, each with that many backends of its own, and compares what was seen. */
async function compare(
  t: { diagnostic(line: string): void },
  { count, detection }: { readonly count: number; readonly detection: Detection },
  probe: Probe,
): Promise<void> {
  const seen: unknown[] = [];
  for (const start of [startEnvoySide, startBridgeSide]) {
    await using stack = new AsyncDisposableStack();
    const backends: EchoBackend[] = [];
    for (let index = 0; index < count; index++) {
      backends.push(stack.use(await EchoBackend.start()));
    }
    const side = stack.use(await start(keysOf(backends), detection));
    seen.push(await probe(side, backends, t));
  }
  assert.deepEqual(seen[1], seen[0], 'the bridge does as Envoy does');
}

function keysOf(backends: readonly EchoBackend[]): readonly string[] {
  return backends.map(({ endpoint }) => endpoint.key);
}

async function callTimes(side: OutlierSide, times: number): Promise<void> {
  for (let call = 0; call < times; call++) {
    await side.client.unary(MESSAGE);
  }
}

/** A call at a time, as Envoy ejects a moment after the failure. */
async function callUntilEjected(side: OutlierSide): Promise<void> {
  for (let call = 0; call < 100 && (await side.look()).ejected.length === 0; call++) {
    await callTimes(side, 1);
  }
}

/** Numbers of the backends that are ejected, once there are that many. */
async function untilEjected(side: OutlierSide, backends: readonly EchoBackend[], count: number): Promise<readonly number[]> {
  const keys = keysOf(backends);
  const { ejected } = await eventually(
    `${side.name} has ${count} out`,
    () => side.look(),
    (seen) => seen.ejected.length === count,
    { deadlineMs: 10_000 },
  );
  return ejected.map((key) => keys.indexOf(key)).sort((a, b) => a - b);
}

describe('outlier detection of an Envoy and of the bridge', { timeout: 120_000 }, () => {
  it('ejects after as many failures, and sends no more calls there', async (t) => {
    await compare(t, { count: 3, detection: { consecutive5xx: 4, baseEjectionTimeMs: 60_000 } }, async (side, backends) => {
      const [bad] = backends;
      assert.ok(bad);
      bad.failure = status.UNAVAILABLE;
      await callUntilEjected(side);
      const ejected = await untilEjected(side, backends, 1);
      await callTimes(side, 20);
      t.diagnostic(`${side.name}: ${bad.executed.length} calls at the bad one`);
      return [ejected, bad.executed.length];
    });
  });

  it('counts the same gRPC statuses and ends of streams', async () => {
    const seen: (readonly string[])[] = [];
    for (const start of [startEnvoySide, startBridgeSide]) {
      seen.push(await ejectedKinds(start));
    }
    assert.deepEqual(seen[1], seen[0]);
    assert.ok(seen[0]?.includes('status 14') && !seen[0].includes('status 5'), seen[0]?.join(', '));
  });

  it('ejects no more than the percentage allows, and one in any case', async (t) => {
    for (const [count, maxEjectionPercent, most] of [
      [3, 10, 1],
      [10, 30, 3],
    ] as const) {
      const detection = { consecutive5xx: 2, baseEjectionTimeMs: 60_000, maxEjectionPercent };
      await compare(t, { count, detection }, async (side, backends) => {
        for (const backend of backends) {
          backend.failure = status.INTERNAL;
        }
        await callTimes(side, count * 6);
        return (await untilEjected(side, backends, most)).length;
      });
    }
  });

  it('returns with the sweep after its time, which is twice as long the second time', async (t) => {
    const intervalMs = 300;
    const detection = { consecutive5xx: 2, intervalMs, baseEjectionTimeMs: 600 };
    const times = new Map<string, readonly number[]>();
    await compare(t, { count: 2, detection }, async (side, backends) => {
      const [bad] = backends;
      assert.ok(bad);
      const lengths: number[] = [];
      for (let round = 0; round < 2; round++) {
        bad.failure = status.UNAVAILABLE;
        await callUntilEjected(side);
        const startedMs = performance.now();
        await untilEjected(side, backends, 1);
        bad.failure = null;
        await untilEjected(side, backends, 0);
        lengths.push(Math.round(performance.now() - startedMs));
      }
      times.set(side.name, lengths);
      t.diagnostic(`${side.name}: out for ${lengths.join(' and ')} ms`);
      return lengths.length;
    });
    // Polls of /clusters and calls make what is seen a little longer or shorter.
    const slackMs = 150;
    for (const [name, lengths] of times) {
      for (const [round, length] of lengths.entries()) {
        const leastMs = 600 * (round + 1);
        assert.ok(length >= leastMs - slackMs && length <= leastMs + intervalMs + slackMs, `${name}: ${lengths.join(', ')}`);
      }
    }
  });

  it('reckons the same success rates, and ejects whoever is too far below', async (t) => {
    const successRate = { minHosts: 5, requestVolume: 10 };
    await compare(
      t,
      { count: 5, detection: { consecutive5xx: 0, intervalMs: 1000, baseEjectionTimeMs: 60_000, successRate } },
      async (side, backends) => {
        const [bad] = backends;
        assert.ok(bad);
        bad.failure = status.UNAVAILABLE;
        await callTimes(side, 150);
        const seen = await eventually(
          `${side.name} has reckoned`,
          () => side.look(),
          ({ cluster }) => cluster[0] !== '-1',
        );
        return [seen.cluster, keysOf(backends).map((key) => seen.rates.get(key)), await untilEjected(side, backends, 1)];
      },
    );
  });

  it('ejects by failure percentages', async (t) => {
    const failurePercentage = { threshold: 85, minHosts: 4, requestVolume: 10 };
    const detection = {
      consecutive5xx: 0,
      intervalMs: 1000,
      baseEjectionTimeMs: 60_000,
      maxEjectionPercent: 100,
      failurePercentage,
    };
    await compare(t, { count: 4, detection }, async (side, backends) => {
      for (const backend of backends.slice(0, 2)) {
        backend.failure = status.UNAVAILABLE;
      }
      await callTimes(side, 120);
      return await untilEjected(side, backends, 2);
    });
  });

  it('lets an endpoint return when a check passes', async (t) => {
    await compare(
      t,
      { count: 2, detection: { consecutive5xx: 2, baseEjectionTimeMs: 60_000, checkMs: 400 } },
      async (side, backends) => {
        const [bad] = backends;
        assert.ok(bad);
        bad.failure = status.UNAVAILABLE;
        await callUntilEjected(side);
        bad.failure = null;
        return await untilEjected(side, backends, 0);
      },
    );
  });
});

/** What a server may do to a call, beside answering with a status. */
const ENDS: ReadonlyMap<string, NonNullable<NodeHttp2BackendOptions['onStream']>> = new Map([
  ['HTTP 503', (stream) => stream.respond({ ':status': 503 }, { endStream: true })],
  ['HTTP 404', (stream) => stream.respond({ ':status': 404 }, { endStream: true })],
  ['a reset', (stream) => stream.close(constants.NGHTTP2_INTERNAL_ERROR)],
  ['a refusal', (stream) => stream.close(constants.NGHTTP2_REFUSED_STREAM)],
  ['an end of the connection', (stream) => stream.session?.destroy()],
  [
    'a status behind content',
    (stream) => {
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
      stream.once('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '14' }));
      stream.end(Buffer.alloc(5));
    },
  ],
  [
    'a status behind the header section',
    (stream) => {
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
      stream.once('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '14' }));
      stream.end();
    },
  ],
]);

/** One endpoint for each status and each end; which of them are out once each has had a call, for one failure is enough. */
async function ejectedKinds(start: typeof startEnvoySide): Promise<readonly string[]> {
  await using stack = new AsyncDisposableStack();
  const kinds = new Map<string, string>();
  for (const code of Object.values(status).filter((each) => typeof each === 'number')) {
    const backend = stack.use(await EchoBackend.start());
    backend.failure = code === status.OK ? null : code;
    kinds.set(backend.endpoint.key, `status ${code}`);
  }
  for (const [kind, onStream] of ENDS) {
    const backend = stack.use(await NodeHttp2Backend.start({ onStream }));
    kinds.set(backend.endpoint.key, kind);
  }
  const side = stack.use(
    await start([...kinds.keys()], { consecutive5xx: 1, baseEjectionTimeMs: 60_000, maxEjectionPercent: 100 }),
  );
  await callTimes(side, 6 * kinds.size);
  const { ejected } = await side.look();
  return ejected.map((key) => kinds.get(key) ?? key).sort();
}
