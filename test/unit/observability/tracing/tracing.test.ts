import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createLoggerOver } from '../../../../src/observability/logger.ts';
import { LOSS_LOG_INTERVAL_MS, Tracing } from '../../../../src/observability/tracing/tracing.ts';
import { FakeClock } from '../../../support/fake-clock.ts';

describe('spans that are lost', () => {
  it('are told of at once, then once a minute, and at the end', async () => {
    const clock = new FakeClock();
    const told: unknown[] = [];
    const write = (line: string): void => {
      const { msg, spans, reason }: Record<string, unknown> = JSON.parse(line);
      told.push([msg, spans, reason]);
    };
    const logger = createLoggerOver({ write }, 'debug');
    const tracing = new Tracing({ endpoint: 'http://127.0.0.1:1', version: '1', clock, logger });
    tracing.onLost(2, 'first');
    for (let count = 0; count < 100; count++) {
      tracing.onLost(3, 'next');
    }
    assert.deepEqual(told, [['spans were lost', 2, 'first']]);
    await clock.advance(LOSS_LOG_INTERVAL_MS);
    assert.deepEqual(told.slice(1), [['spans were lost', 300, 'next']]);
    await clock.advance(LOSS_LOG_INTERVAL_MS);
    assert.equal(clock.pendingTimers, 0);
    tracing.onLost(1, 'again');
    tracing.onLost(4, 'last');
    await tracing.close();
    assert.deepEqual(told.slice(2), [
      ['spans were lost', 1, 'again'],
      ['spans were lost', 4, 'last'],
    ]);
    assert.equal(clock.pendingTimers, 0);
  });
});
