import { chmod, lstat, stat, unlink } from 'node:fs/promises';
import { createConnection, type Server } from 'node:net';
import { dirname } from 'node:path';
import { BridgeError, ErrorCode, toError } from '../errors.ts';
import { type Address, formatAddress } from '../model/address.ts';

/** Connections that may wait to be accepted; the kernel may allow less (net.core.somaxconn). */
const LISTEN_BACKLOG = 1024;
/** How long a socket file's owner may take to accept before it counts as alive. */
const PROBE_TIMEOUT_MS = 1000;
/** Whoever shares the user or the group may connect, such as a sidecar in the same pod. */
const UNIX_SOCKET_MODE = 0o660;

const BIND_PROBLEMS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'address already in use',
  EADDRNOTAVAIL: 'not an address of this machine',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EAFNOSUPPORT: 'this machine has no such address family',
  ENOTFOUND: 'host name not found',
  EAI_AGAIN: 'host name cannot be resolved now',
  ENOENT: 'no such folder',
  ENOTDIR: 'a folder in its path is none',
  EROFS: 'read-only file system',
};

/**
 * Binds and listens. A socket file that nobody listens on any more, as a killed process leaves behind, is replaced.
 *
 * @param owner begins the message of the error, such as `listener public`.
 * @returns the address with the port that was taken.
 * @throws BridgeError `LISTEN_FAILED`, one line.
 */
export async function bindServer(server: Server, owner: string, address: Address): Promise<Address> {
  try {
    return await bind(server, address);
  } catch (thrown) {
    const error = toError(thrown);
    const reason = BIND_PROBLEMS[String(Reflect.get(error, 'code'))] ?? error.message;
    throw new BridgeError(ErrorCode.LISTEN_FAILED, `${owner}: cannot bind ${formatAddress(address)}: ${reason}`, {
      cause: thrown,
    });
  }
}

async function bind(server: Server, address: Address): Promise<Address> {
  if (address.kind === 'unix') {
    await bindUnix(server, address.path);
    return address;
  }
  await listen(server, { host: address.host, port: address.port });
  const bound = server.address();
  return typeof bound === 'object' && bound !== null ? { kind: 'tcp', host: bound.address, port: bound.port } : address;
}

async function bindUnix(server: Server, path: string): Promise<void> {
  // libuv calls a missing folder EACCES.
  await stat(dirname(path));
  try {
    await listen(server, { path });
  } catch (error) {
    if (Reflect.get(toError(error), 'code') !== 'EADDRINUSE' || !(await isAbandoned(path))) {
      throw error;
    }
    await unlink(path);
    await listen(server, { path });
  }
  await chmod(path, UNIX_SOCKET_MODE);
}

function listen(
  server: Server,
  where: { readonly path: string } | { readonly host: string; readonly port: number },
): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ ...where, backlog: LISTEN_BACKLOG }, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

/** Whether the path is a socket file that refuses connections: its process is gone. */
async function isAbandoned(path: string): Promise<boolean> {
  if (!(await lstat(path)).isSocket()) {
    return false;
  }
  return new Promise((resolve) => {
    const probe = createConnection({ path, timeout: PROBE_TIMEOUT_MS });
    const finish = (abandoned: boolean): void => {
      probe.destroy();
      resolve(abandoned);
    };
    probe.once('connect', () => finish(false));
    probe.once('timeout', () => finish(false));
    probe.on('error', (error: NodeJS.ErrnoException) => finish(error.code === 'ECONNREFUSED'));
  });
}
