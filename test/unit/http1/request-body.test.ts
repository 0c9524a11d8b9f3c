import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { RequestBody } from '../../../src/http1/request-body.ts';

describe('the content of a request', () => {
  it('waits until it is read, and ends once', async () => {
    const body = new RequestBody();
    body.give(Buffer.from('ab'));
    body.give(Buffer.alloc(0));
    body.give(Buffer.from('c'));
    assert.equal(body.waitingOctets, 3);
    body.finish();
    body.finish();
    body.give(Buffer.from('late'));
    assert.equal(Buffer.concat(await body.toArray()).toString(), 'abc');
  });

  it('is dropped when nobody wants it, and no error is anybody’s to hear', () => {
    const body = new RequestBody();
    body.destroy(new Error('gone'));
    body.give(Buffer.from('x'));
    body.finish();
    assert.equal(body.waitingOctets, 0);
  });
});
