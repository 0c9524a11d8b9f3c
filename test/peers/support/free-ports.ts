import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';

/** Where ports in a row are looked for. */
const RANGE_START = 20_000;
const RANGE_END = 32_000;

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

/** The first of so many ports in a row that were free a moment ago; below the range that the kernel gives out itself. */
export async function freeRange(count: number): Promise<number> {
  for (let first = RANGE_START; first + count < RANGE_END; first += count) {
    const servers = Array.from({ length: count }, (_, index) => createServer().listen(first + index, '127.0.0.1'));
    const bound = await Promise.allSettled(servers.map((server) => once(server, 'listening')));
    for (const server of servers) {
      server.close();
    }
    if (bound.every(({ status }) => status === 'fulfilled')) {
      return first;
    }
  }
  throw new Error(`no ${count} ports in a row are free`);
}
