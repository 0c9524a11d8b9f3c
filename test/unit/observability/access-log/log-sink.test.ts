import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { LogOutput, WriteResult } from '../../../../src/observability/access-log/log-output.ts';
import {
  CHUNK_OCTETS,
  CLOSE_TIMEOUT_MS,
  FLUSH_INTERVAL_MS,
  LogSink,
  MAX_LINE_OCTETS,
  MAX_QUEUED_OCTETS,
  MAX_RETRY_MS,
} from '../../../../src/observability/access-log/log-sink.ts';
import { FakeClock } from '../../../support/fake-clock.ts';

/** Takes as much as a test says. */
class FakeOutput implements LogOutput {
  readonly writes: string[] = [];
  /** Of the next writes; then everything is taken. */
  readonly results: (WriteResult | null)[] = [];
  isStalled = false;
  closed = 0;

  write(octets: Buffer, start: number, end: number): Promise<WriteResult> {
    const result = this.isStalled ? { octets: 0, error: null } : (this.results.shift() ?? { octets: end - start, error: null });
    if (result.octets > 0) {
      this.writes.push(octets.toString('utf8', start, start + result.octets));
    }
    return Promise.resolve(result);
  }

  close(): void {
    this.closed++;
  }
}

class Bench {
  readonly clock = new FakeClock();
  readonly output = new FakeOutput();
  readonly told: string[] = [];
  readonly sink = new LogSink('text', this.output, {
    clock: this.clock,
    observer: { onFailure: ({ message }) => void this.told.push(message), onRecovery: () => void this.told.push('works') },
  });

  log(text: string): boolean {
    const line = this.sink.begin();
    line?.raw(Buffer.from(`${text}\n`));
    if (line !== null) {
      this.sink.commit();
    }
    return line !== null;
  }

  /** Lines as long as they may be, until one is dropped. */
  fill(): number {
    const long = 'x'.repeat(MAX_LINE_OCTETS - 1);
    let lines = 0;
    while (this.log(long)) {
      lines++;
    }
    return lines;
  }
}

describe('lines on their way to a file', () => {
  it('are written together, a moment later', async () => {
    const bench = new Bench();
    bench.log('one');
    bench.log('two');
    await bench.clock.advance(FLUSH_INTERVAL_MS - 1);
    assert.deepEqual(bench.output.writes, []);
    await bench.clock.advance(1);
    assert.deepEqual(bench.output.writes, ['one\ntwo\n']);
    bench.log('three');
    await bench.clock.advance(FLUSH_INTERVAL_MS);
    assert.deepEqual(bench.output.writes, ['one\ntwo\n', 'three\n']);
    assert.equal(bench.clock.pendingTimers, 0);
  });

  it('are written at once when there are enough', async () => {
    const bench = new Bench();
    const long = 'x'.repeat(MAX_LINE_OCTETS - 1);
    for (let index = 0; index < CHUNK_OCTETS / MAX_LINE_OCTETS + 1; index++) {
      bench.log(long);
    }
    await bench.clock.advance(0);
    assert.deepEqual(bench.output.writes, [`${long}\n`.repeat(CHUNK_OCTETS / MAX_LINE_OCTETS)]);
    await bench.sink.close();
    assert.equal(bench.output.writes.length, 2);
  });

  it('go on where the output stopped in the middle', async () => {
    const bench = new Bench();
    bench.output.results.push({ octets: 2, error: null }, { octets: 0, error: null }, { octets: 1, error: null });
    bench.log('one');
    await bench.clock.advance(FLUSH_INTERVAL_MS + 10);
    assert.deepEqual(bench.output.writes, ['on', 'e', '\n']);
    assert.deepEqual(bench.told, []);
  });

  it('are dropped and counted while the output takes nothing, and none is lost that was accepted', async () => {
    const bench = new Bench();
    bench.output.isStalled = true;
    const accepted = bench.fill();
    assert.equal(accepted, MAX_QUEUED_OCTETS / MAX_LINE_OCTETS);
    await bench.clock.advance(60_000);
    for (let index = 0; index < 99; index++) {
      assert.equal(bench.log('lost'), false);
    }
    assert.equal(bench.sink.dropped, 100);
    bench.output.isStalled = false;
    await bench.clock.advance(MAX_RETRY_MS + FLUSH_INTERVAL_MS);
    assert.equal(bench.output.writes.join('').length, accepted * MAX_LINE_OCTETS);
    assert.ok(bench.log('again'));
    await bench.sink.close();
    assert.equal(bench.output.writes.at(-1), 'again\n');
    assert.deepEqual([bench.sink.dropped, bench.clock.pendingTimers, bench.output.closed], [100, 0, 1]);
  });

  it('wait for an output that fails, which is told once', async () => {
    const bench = new Bench();
    const error = new Error('no space left on device');
    bench.output.results.push({ octets: 0, error }, { octets: 0, error }, { octets: 0, error });
    bench.log('one');
    await bench.clock.advance(FLUSH_INTERVAL_MS + 2);
    assert.deepEqual(bench.told, ['no space left on device']);
    await bench.clock.advance(20);
    assert.deepEqual([bench.told, bench.output.writes], [['no space left on device', 'works'], ['one\n']]);
  });

  it('hold up no end when there are none', async () => {
    const bench = new Bench();
    let isOver = false;
    const closing = bench.sink.close().then(() => (isOver = true));
    await bench.clock.advance(0);
    assert.ok(isOver);
    await closing;
  });

  it('are written at the end, if the output takes them in time', async () => {
    const bench = new Bench();
    bench.log('last');
    await bench.sink.close();
    await bench.sink.close();
    assert.deepEqual([bench.output.writes, bench.output.closed], [['last\n'], 1]);
    assert.equal(bench.log('late'), false);

    const stalled = new Bench();
    stalled.output.isStalled = true;
    stalled.log('one');
    await stalled.clock.advance(FLUSH_INTERVAL_MS);
    stalled.log('two');
    stalled.log('three');
    const closing = stalled.sink.close();
    await stalled.clock.advance(CLOSE_TIMEOUT_MS);
    await closing;
    assert.deepEqual([stalled.sink.dropped, stalled.clock.pendingTimers, stalled.output.closed], [3, 0, 1]);
  });
});
