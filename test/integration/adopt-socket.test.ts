import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type Server, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { type AdoptedSocket, adoptSocket } from '../../src/transport/adopt-socket.ts';
import { sharedReadBuffer } from '../../src/transport/read-buffer.ts';

interface Pair {
  readonly client: Socket;
  readonly old: Socket;
  readonly server: Server;
}

async function connectPair(test: TestContext, path: string | null): Promise<Pair> {
  const server = createServer({ allowHalfOpen: true });
  server.listen(path === null ? { host: '127.0.0.1', port: 0 } : { path });
  await once(server, 'listening');
  test.after(() => server.close());
  const address = server.address();
  const client = connect(
    typeof address === 'object' && address !== null ? { port: address.port, host: '127.0.0.1' } : { path: path ?? '' },
  );
  test.after(() => client.destroy());
  const [old]: unknown[] = await once(server, 'connection');
  assert.ok(old instanceof Socket);
  return { client, old, server };
}

function adopt(test: TestContext, old: Socket): AdoptedSocket {
  const adopted = adoptSocket(old);
  assert.ok(adopted !== null, 'this Node hides the handle: connections read into buffers of their own');
  test.after(() => adopted.socket.destroy());
  return adopted;
}

/** Resolves with what is read, as text, when there is enough of it. */
function read(adopted: AdoptedSocket, octets: number): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    adopted.sink = {
      receive(buffer, end) {
        assert.equal(buffer, sharedReadBuffer());
        text += buffer.toString('utf8', 0, end);
        if (text.length >= octets) {
          resolve(text);
        }
        return true;
      },
    };
  });
}

describe('an adopted socket', () => {
  const paths = [
    ['TCP', null],
    ['a unix socket', join(tmpdir(), `adopt-${process.pid}.sock`)],
  ] as const;
  for (const [what, path] of paths) {
    it(`goes on with the connection over ${what}, reads into the shared buffer, and ends like any`, async (test) => {
      const { client, old, server } = await connectPair(test, path);
      const remote = old.remoteAddress;
      const oldClosed = once(old, 'close');
      const adopted = adopt(test, old);
      const text = read(adopted, 10);
      await oldClosed;
      assert.equal(adopted.socket.remoteAddress, remote);
      client.write('hello');
      client.write('world');
      assert.equal(await text, 'helloworld');

      const answer = once(client, 'data');
      adopted.socket.write('answer');
      assert.equal(String((await answer)[0]), 'answer');

      const closed = Promise.all([once(client, 'close'), once(adopted.socket, 'close')]);
      const peerEnded = once(adopted.socket, 'end');
      adopted.socket.resume();
      client.end();
      await peerEnded;
      const late = once(client, 'data');
      adopted.socket.end('after its end');
      assert.equal(String((await late)[0]), 'after its end');
      await closed;
      assert.equal(server.listening, true);
    });
  }

  it('stops reading when its sink says so, until it is resumed', async (test) => {
    const { client, old } = await connectPair(test, null);
    const adopted = adopt(test, old);
    const seen: string[] = [];
    const first = new Promise<void>((resolve) => {
      adopted.sink = {
        receive(buffer, end) {
          seen.push(buffer.toString('utf8', 0, end));
          resolve();
          return false;
        },
      };
    });
    client.write('one');
    await first;
    client.write('two');
    const second = read(adopted, 3);
    adopted.socket.resume();
    assert.equal(await second, 'two');
    assert.deepEqual(seen, ['one']);
  });

  it('is none where there is no handle to be passed on', () => {
    assert.equal(adoptSocket(new Socket()), null);
  });
});
