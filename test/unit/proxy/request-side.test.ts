import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ReplayBudget } from '../../../src/proxy/request-replay.ts';
import { RequestSide } from '../../../src/proxy/request-side.ts';
import { FakeStream } from '../../support/fake-stream.ts';
import { list, request } from '../../support/http2/fields.ts';

const content = (octets: number): Buffer => Buffer.alloc(octets, 'x');

function start(): { side: RequestSide; down: FakeStream; up: FakeStream } {
  const side = new RequestSide(new ReplayBudget());
  side.begin(request(), false);
  return { side, down: new FakeStream(), up: new FakeStream() };
}

function receive(side: RequestSide, octets: number, down: FakeStream, up: FakeStream | null): void {
  side.receive(content(octets), 0, octets, down, up);
}

describe('the credit of a client', () => {
  it('is what has left, at once and later', () => {
    const { side, down, up } = start();
    up.window = 100;
    receive(side, 300, down, up);
    assert.equal(down.consumed, 100);
    side.credit(150, down);
    side.credit(50, down);
    assert.equal(down.consumed, 300);
  });

  it('is nothing while the request waits, then what the first attempt takes', () => {
    const { side, down, up } = start();
    receive(side, 300, down, null);
    assert.equal(down.consumed, 0);
    up.window = 200;
    side.sendTo(up, down);
    assert.equal(down.consumed, 200);
  });

  it('is not given again when the content is sent again', () => {
    const { side, down, up } = start();
    up.window = 500;
    receive(side, 800, down, up);
    assert.equal(down.consumed, 500);
    const second = new FakeStream();
    second.window = 300;
    side.sendTo(second, down);
    assert.equal(down.consumed, 500);
    side.credit(300, down);
    assert.equal(down.consumed, 600);
    side.credit(200, down);
    assert.equal(down.consumed, 800);
  });
});

describe('a request', () => {
  it('is whole until more has come than is kept', () => {
    const { side, down, up } = start();
    receive(side, 60_000, down, up);
    assert.equal(side.isWhole, true);
    receive(side, 6000, down, up);
    assert.equal(side.isWhole, false);
    assert.deepEqual(up.log, ['data 60000', 'data 6000']);
  });

  it('is whole however much has come while it waits', () => {
    const { side, down, up } = start();
    receive(side, 60_000, down, null);
    receive(side, 60_000, down, null);
    assert.equal(side.isWhole, true);
    side.sendTo(up, down);
    assert.equal(down.consumed, 120_000);
  });

  it('is bare when it ends with its header section', () => {
    const { side, down } = start();
    assert.equal(side.isBare, false);
    side.begin(request(), true);
    assert.equal(side.isBare, true);
    side.begin(request(), false);
    down.isRecvEnded = true;
    receive(side, 1, down, null);
    assert.equal(side.isBare, false);
  });

  it('passes its end and its trailers on, and again', () => {
    const { side, down, up } = start();
    receive(side, 1, down, up);
    side.receiveTrailers(list([['x-sum', '1']]), up);
    assert.deepEqual(up.log, ['data 1', 'trailers x-sum=1']);
    const second = new FakeStream();
    side.sendTo(second, down);
    assert.deepEqual(second.log, up.log);
    assert.equal(down.consumed, 1);
  });
});
