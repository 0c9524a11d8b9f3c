import assert from 'node:assert/strict';
import { once } from 'node:events';
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

  it('is handed on at the end of the turn, so that whoever answers early is heard first', async () => {
    const body = new RequestBody();
    const order: string[] = [];
    body.on('data', (octets: Buffer) => order.push(octets.toString()));
    body.give(Buffer.from('a'));
    body.give(Buffer.from('b'));
    await Promise.resolve();
    order.push('heard');
    await once(body, 'data');
    assert.deepEqual([...order, body.waitingOctets], ['heard', 'a', 'b', 0]);
    body.give(Buffer.from('c'));
    body.destroy();
    assert.equal(body.waitingOctets, 0);
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
    assert.deepEqual(order, ['heard', 'a', 'b']);
  });

  it('is dropped when nobody wants it, and no error is anybody’s to hear', () => {
    const body = new RequestBody();
    body.destroy(new Error('gone'));
    body.give(Buffer.from('x'));
    body.finish();
    assert.equal(body.waitingOctets, 0);
  });
});
