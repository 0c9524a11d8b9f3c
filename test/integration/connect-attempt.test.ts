import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { describe, it } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { createServer } from 'node:tls';
import { createEndpoint } from '../../src/model/endpoint.ts';
import { ConnectAttempt } from '../../src/upstream/connect-attempt.ts';
import { UpstreamTls } from '../../src/upstream/upstream-tls.ts';
import { testTls } from '../support/tls.ts';

const { ca, server: certificate } = await testTls();
/** What may be read before there is a connection. */
const CAP = 65_536;
/** Far more than a socket takes at once, and than the kernel holds. */
const FLOOD = 8 * 1_048_576;

describe('what an endpoint says before there is a connection to hear it', () => {
  it('is kept up to 64 KiB, and no more is read', async (t) => {
    const server = createServer({ ...certificate, ALPNProtocols: ['h2'] }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    t.after(() => server.close());
    const bound = server.address();
    assert.ok(typeof bound === 'object' && bound !== null);
    const endpoint = createEndpoint({ kind: 'tcp', host: '127.0.0.1', port: bound.port }, null);
    const { promise: handed, resolve } = Promise.withResolvers<Socket>();
    const owner = {
      // Nobody makes a connection of it.
      onSocket: (_attempt: ConnectAttempt, socket: Socket) => resolve(socket),
      onAttemptFailed: (_attempt: ConnectAttempt, failure: string, message: string) => assert.fail(`${failure}: ${message}`),
    };
    const tls = { ca, cert: null, key: null, serverName: null, insecureSkipVerify: false, subjectAltNames: [] };
    const attempt = new ConnectAttempt(endpoint, 0, owner, new UpstreamTls(tls));
    attempt.start();
    const [peer]: Socket[] = await once(server, 'secureConnection');
    assert.ok(peer !== undefined);
    peer.on('error', () => undefined);
    t.after(() => peer.destroy());
    peer.write(Buffer.alloc(FLOOD));
    const socket = await handed;
    t.after(() => socket.destroy());
    while (socket.bytesRead < CAP) {
      await setImmediate();
    }
    // Enough turns for many reads more.
    for (let turns = 0; turns < 300; turns++) {
      await setImmediate();
    }
    const head = attempt.takeHead();
    assert.ok(head !== null && head.length >= CAP && head.length < 2 * CAP, `${head?.length} octets`);
    assert.ok(peer.writableLength > 0, 'the rest is still with the endpoint');
  });
});
