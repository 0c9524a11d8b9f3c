import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Socket } from 'node:net';
import { describe, it } from 'node:test';
import { SocketClosings } from '../../../src/http1/socket-closings.ts';

describe('the end of a client connection', () => {
  it('is told to all who still watch, by one listener', async () => {
    const closings = new SocketClosings();
    const socket = new Socket();
    const told: number[] = [];
    const forget = Array.from({ length: 20 }, (_, index) => closings.watch(socket, () => told.push(index)));
    assert.equal(socket.listenerCount('close'), 1);
    for (const unwatch of forget.slice(2)) {
      unwatch();
    }
    socket.destroy();
    await once(socket, 'close');
    assert.deepEqual(told, [0, 1]);
  });
});
