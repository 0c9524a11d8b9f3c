import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ContentWatch } from '../../../src/http1/content-watch.ts';
import { RequestBody } from '../../../src/http1/request-body.ts';
import { FakeClock } from '../../support/fake-clock.ts';

function watch(): { clock: FakeClock; body: RequestBody; watched: ContentWatch; reasons: string[] } {
  const clock = new FakeClock();
  const body = new RequestBody();
  const reasons: string[] = [];
  const onStall = (reason: string): void => void reasons.push(reason);
  return { clock, body, watched: new ContentWatch({ clock, timeoutMs: 1000, body, onStall }), reasons };
}

describe('the watch over the content of a request', () => {
  it('blames the client that sends nothing', async () => {
    const { clock, reasons } = watch();
    await clock.advance(999);
    assert.deepEqual(reasons, []);
    await clock.advance(1);
    assert.deepEqual(reasons, ['request_timeout']);
    assert.equal(clock.pendingTimers, 0);
  });

  it('blames the endpoint that leaves octets lying, whether or not more is to come', async () => {
    for (const isWhole of [false, true]) {
      const { clock, body, reasons } = watch();
      body.give(Buffer.from('x'));
      if (isWhole) {
        body.finish();
      }
      await clock.advance(1000);
      assert.deepEqual(reasons, ['upstream_protocol']);
    }
  });

  it('counts from the last octet, however often one comes', async () => {
    const { clock, watched, reasons } = watch();
    for (let count = 0; count < 20; count++) {
      await clock.advance(900);
      watched.onProgress();
    }
    assert.equal(clock.pendingTimers, 1);
    await clock.advance(999);
    assert.deepEqual(reasons, []);
    await clock.advance(1);
    assert.deepEqual(reasons, ['request_timeout']);
  });

  it('has nothing to say once all has been taken, or when it is closed', async () => {
    const whole = watch();
    whole.body.finish();
    await whole.clock.advance(5000);
    const closed = watch();
    closed.watched.close();
    closed.watched.close();
    await closed.clock.advance(5000);
    assert.deepEqual([...whole.reasons, ...closed.reasons], []);
    assert.deepEqual([whole.clock.pendingTimers, closed.clock.pendingTimers], [0, 0]);
  });
});
