import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { describe, it } from 'node:test';
import { Listener } from '../../src/proxy/listener.ts';
import { systemClock } from '../../src/util/clock.ts';

async function open(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  return socket;
}

/** The status line of a request on a connection, or nothing if it was closed. */
async function ask(socket: Socket): Promise<string> {
  socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  const ended = once(socket, 'close').then(() => '');
  const answered = once(socket, 'data').then(([octets]) => String(octets).slice(0, 12));
  return Promise.race([ended, answered]);
}

describe('connections of one client address', () => {
  it('are closed at once beyond the limit, and let in again when others have ended', async () => {
    const refusals: string[] = [];
    const closed = Promise.withResolvers<void>();
    const listener = new Listener({
      name: 'test',
      address: { kind: 'tcp', host: '127.0.0.1', port: 0 },
      tls: null,
      limits: { maxConnectionsPerAddress: 2 },
      requestHandler: (request, response) => {
        request.socket.once('close', () => closed.resolve());
        response.end('ok');
      },
      observer: { onRefusal: (_reason, detail) => refusals.push(detail), onError: assert.fail },
      clock: systemClock,
    });
    const address = await listener.listen();
    assert.ok(address.kind === 'tcp');
    const [first, second] = [await open(address.port), await open(address.port)];
    assert.deepEqual([await ask(first), await ask(second)], ['HTTP/1.1 200', 'HTTP/1.1 200']);
    assert.equal(await ask(await open(address.port)), '');
    assert.deepEqual(refusals, ['more than 2 connections from one address']);
    first.destroy();
    await closed.promise;
    const again = await open(address.port);
    assert.equal(await ask(again), 'HTTP/1.1 200');
    again.destroy();
    second.destroy();
    await listener.close();
  });
});
