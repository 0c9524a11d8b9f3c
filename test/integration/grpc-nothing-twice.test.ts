import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { status } from '@grpc/grpc-js';
import { EchoClient, runCalls } from '../support/echo-client.ts';
import { ForwardBench } from '../support/forward-bench.ts';
import { EchoBackend } from '../support/peers/echo-service.ts';

const HELLO = Buffer.from('hello');

/** Counts of how calls ended, by status. */
class Tally {
  readonly counts = new Map<status, number>();

  add(code: status): void {
    this.counts.set(code, this.of(code) + 1);
  }

  of(code: status): number {
    return this.counts.get(code) ?? 0;
  }
}

function assertNothingTwice(...backends: readonly EchoBackend[]): number {
  const executed = backends.flatMap((backend) => backend.executed);
  assert.equal(new Set(executed).size, executed.length, 'a call was executed twice');
  return executed.length;
}

describe('calls over several endpoints', () => {
  it('lose nothing when endpoints say GOAWAY again and again', async () => {
    await using one = await EchoBackend.start({ delayMs: 1 });
    await using two = await EchoBackend.start({ delayMs: 1 });
    await using three = await EchoBackend.start({ delayMs: 1 });
    const backends = [one, two, three];
    await using bench = await ForwardBench.start(backends.map(({ endpoint }) => endpoint));
    using client = new EchoClient(bench.port);
    const tally = new Tally();
    await runCalls(3000, 50, async (index) => {
      if (index % 100 === 99) {
        backends[((index + 1) / 100) % 3]?.goaway();
      }
      tally.add((await client.unary(HELLO, { call: String(index) })).code);
    });
    assert.equal(tally.of(status.OK), 3000, JSON.stringify([...tally.counts]));
    assert.equal(assertNothingTwice(...backends), 3000);
  });

  it('fail with 14 on a connection that is cut, only those that were under way, and run at most once', async () => {
    await using one = await EchoBackend.start({ delayMs: 2 });
    await using two = await EchoBackend.start({ delayMs: 2 });
    const backends = [one, two];
    await using bench = await ForwardBench.start(backends.map(({ endpoint }) => endpoint));
    using client = new EchoClient(bench.port);
    const tally = new Tally();
    let cuts = 0;
    await runCalls(2000, 20, async (index) => {
      if (index % 200 === 199) {
        cuts++;
        backends[cuts % 2]?.cut();
      }
      const { code, trailers } = await client.unary(HELLO, { call: String(index) });
      tally.add(code);
      if (code !== status.OK) {
        assert.deepEqual(trailers.get('x-health-bridge-error'), ['connection_lost']);
      }
    });
    const lost = tally.of(status.UNAVAILABLE);
    assert.equal(tally.of(status.OK) + lost, 2000, JSON.stringify([...tally.counts]));
    assert.ok(lost > 0 && lost <= cuts * 20, `${lost} calls lost by ${cuts} cuts`);
    assertNothingTwice(...backends);
  });
});
