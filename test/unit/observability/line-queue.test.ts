import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { LogOutput, WriteResult } from '../../../src/observability/access-log/log-output.ts';
import { LINE_RETRY_MS, LINES_CLOSE_TIMEOUT_MS, LineQueue, MAX_WAITING_OCTETS } from '../../../src/observability/line-queue.ts';
import { FakeClock } from '../../support/fake-clock.ts';

const FULL_DISK: WriteResult = { octets: 0, error: new Error('ENOSPC') };
const NOTHING: WriteResult = { octets: 0, error: null };

/** Takes everything but where a test says otherwise: the results of the next writes, then `always`. */
class FakeOutput implements LogOutput {
  readonly writes: string[] = [];
  readonly results: WriteResult[] = [];
  always: WriteResult | null = null;
  closed = 0;

  write(octets: Buffer, start: number, end: number): Promise<WriteResult> {
    const result = this.results.shift() ?? this.always ?? { octets: end - start, error: null };
    if (result.octets > 0) {
      this.writes.push(octets.toString('utf8', start, start + result.octets));
    }
    return Promise.resolve(result);
  }

  close(): void {
    this.closed++;
  }
}

function begin(): { readonly clock: FakeClock; readonly output: FakeOutput; readonly queue: LineQueue } {
  const [clock, output] = [new FakeClock(), new FakeOutput()];
  return { clock, output, queue: new LineQueue(output, clock) };
}

describe('log lines', () => {
  it('are written in their order, those together that came meanwhile', async () => {
    const { clock, output, queue } = begin();
    for (const line of ['a\n', 'b\n', 'c\n']) {
      queue.write(line);
    }
    await queue.close();
    assert.deepEqual([output.writes, output.closed, clock.pendingTimers], [['a\n', 'b\nc\n'], 1, 0]);
  });

  it('go on where an output has taken a part, and when a full pipe is read again', async () => {
    const { clock, output, queue } = begin();
    output.results.push({ octets: 2, error: null }, NOTHING);
    queue.write('abcd\n');
    await clock.advance(LINE_RETRY_MS);
    assert.deepEqual(output.writes, ['ab', 'cd\n']);
    await queue.close();
  });

  it('are tried again with the next line after a failure', async () => {
    const { clock, output, queue } = begin();
    output.results.push(FULL_DISK);
    queue.write('a\n');
    await clock.advance(0);
    queue.write('b\n');
    await clock.advance(0);
    assert.deepEqual(output.writes.join(''), 'a\nb\n');
    await queue.close();
  });

  it('are dropped beyond the limit', async () => {
    const { clock, output, queue } = begin();
    output.results.push(FULL_DISK, FULL_DISK);
    queue.write('x'.repeat(MAX_WAITING_OCTETS - 1));
    await clock.advance(0);
    for (const line of ['yy', 'z', '!']) {
      queue.write(line);
    }
    await clock.advance(0);
    await queue.close();
    const written = output.writes.join('');
    assert.deepEqual([written.length, written.at(-1)], [MAX_WAITING_OCTETS, 'z']);
  });

  it('never keep a process from ending: a full disk', async () => {
    const { clock, output, queue } = begin();
    output.always = FULL_DISK;
    queue.write('a\n');
    await queue.close();
    assert.deepEqual([output.closed, clock.pendingTimers], [1, 0]);
  });

  it('never keep a process from ending: a reader that has stopped', async () => {
    const { clock, output, queue } = begin();
    output.always = NOTHING;
    queue.write('a\n');
    const closed = queue.close();
    await clock.advance(LINES_CLOSE_TIMEOUT_MS - 1);
    assert.equal(output.closed, 0);
    await clock.advance(1);
    await closed;
    assert.deepEqual([output.closed, clock.pendingTimers], [1, 0]);
  });
});
