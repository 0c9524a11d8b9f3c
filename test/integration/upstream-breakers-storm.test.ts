import assert from 'node:assert/strict';
import type { ServerHttp2Stream } from 'node:http2';
import { describe, it } from 'node:test';
import { NodeHttp2Backend } from '../support/peers/node-http2-backend.ts';
import { seededRandom } from '../support/seeded-random.ts';
import { UpstreamBench } from '../support/upstream-bench.ts';

const LIMITS = { maxConnections: 4, maxPendingRequests: 6, maxRequests: 8, maxRequestsPerConnection: 5 };
const CALLS = 600;

/** What a call may end with: all but silence. */
const ENDS =
  /^(200|cancelled|reset \d+ (peer|connection|unprocessed)|no connection: (no_endpoints|queue_full|too_many_requests|queue_timeout|connect_failed))$/;

function answer(stream: ServerHttp2Stream): void {
  if (!stream.destroyed) {
    stream.respond({ ':status': 200 }, { endStream: true });
  }
}

for (const seed of [1, 2, 3]) {
  describe(`a cluster with few of everything, while endpoints come, leave and fail (seed ${seed})`, () => {
    it('keeps its limits, tells every call how it ended, and counts down to nothing', async () => {
      const random = seededRandom(seed);
      const held: ServerHttp2Stream[] = [];
      const onStream = (stream: ServerHttp2Stream): void => void held.push(stream);
      const server = { settings: { maxConcurrentStreams: 3 } };
      await using one = await NodeHttp2Backend.start({ onStream, server });
      await using two = await NodeHttp2Backend.start({ onStream });
      await using bench = new UpstreamBench({ pool: LIMITS });
      const endpoints = [one.endpoint, two.endpoint];
      bench.use(...endpoints);
      const ends = new Map<string, number>();
      let pending = 0;
      const count = async (done: Promise<string>): Promise<void> => {
        const how = await done;
        pending--;
        ends.set(how, (ends.get(how) ?? 0) + 1);
      };
      const call = (): void => {
        const made = bench.call();
        pending++;
        void count(made.done);
        if (random() < 0.05 && made.stream === null) {
          made.cancel();
        }
      };
      const steps: readonly (() => void)[] = [
        () => held.splice(Math.floor(random() * held.length), 1).forEach(answer),
        () => held.splice(0).forEach(answer),
        () => held.splice(0, 2).forEach((stream) => stream.close(7)),
        () => (random() < 0.5 ? one : two).goaway(),
        () => (random() < 0.2 ? one : two).cut(),
        () => bench.use(...endpoints.filter(() => random() < 0.8)),
        () => bench.use(...endpoints),
      ];
      for (let made = 0; made < CALLS; made++) {
        call();
        const { connections, requests } = bench.cluster.taken;
        assert.ok(requests <= LIMITS.maxRequests, `${requests} requests`);
        // Each that leaves with calls under way may have a successor.
        assert.ok(connections <= LIMITS.maxConnections + LIMITS.maxRequests, `${connections} connections`);
        if (made % 3 === 0) {
          steps[Math.floor(random() * random() * steps.length)]?.();
          await new Promise(setImmediate);
        }
      }
      bench.use(...endpoints);
      await bench.until(() => {
        held.splice(0).forEach(answer);
        return pending === 0;
      }, 'all calls to be over');
      assert.equal(bench.cluster.taken.requests, 0);
      assert.deepEqual(
        [...ends.keys()].filter((how) => !ENDS.test(how)),
        [],
      );
      assert.ok((ends.get('200') ?? 0) > 50, JSON.stringify([...ends]));
    });
  });
}
