import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';

/** TCP ports that were free on every loopback address a moment ago, for programs that cannot bind port 0 themselves. */
export async function freePorts(count: number): Promise<readonly number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '0.0.0.0'));
  await Promise.all(servers.map((server) => once(server, 'listening')));
  const ports = servers.map((server) => {
    const bound = server.address();
    assert.ok(typeof bound === 'object' && bound !== null);
    return bound.port;
  });
  await Promise.all(
    servers.map((server) => {
      server.close();
      return once(server, 'close');
    }),
  );
  return ports;
}

export async function freePort(): Promise<number> {
  const [port] = await freePorts(1);
  assert.ok(port !== undefined);
  return port;
}
