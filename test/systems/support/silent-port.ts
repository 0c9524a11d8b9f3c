import assert from 'node:assert/strict';
import { connect, type Socket } from 'node:net';
import { Child } from '../../peers/support/child.ts';
import { debianPython } from '../../peers/support/tools.ts';

/** A socket that listens and never accepts. Ends with its input. */
const PROGRAM = `
import socket, sys
host, port = sys.argv[1].split(":")
listening = socket.socket()
listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
listening.bind((host, int(port)))
listening.listen(0)
print("ready", flush=True)
sys.stdin.read()
`;

/** More than a queue of the kernel for connections that nobody has accepted takes, where it was asked to keep none. */
const CONNECTIONS = 4;

/** An address whose SYNs stay unanswered, as behind a firewall that drops them: its queue of connections is full. */
export class SilentPort implements AsyncDisposable {
  readonly #child: Child;
  readonly #sockets: readonly Socket[];

  private constructor(child: Child, sockets: readonly Socket[]) {
    this.#child = child;
    this.#sockets = sockets;
  }

  static async start(address: string): Promise<SilentPort> {
    const child = await Child.start(debianPython(), ['-c', PROGRAM, address]);
    await child.match('stdout', /ready/);
    const [host = '', port = ''] = address.split(':');
    const sockets = Array.from({ length: CONNECTIONS }, () => connect(Number(port), host).on('error', () => undefined));
    const silent = new SilentPort(child, sockets);
    silent.assertSilent();
    return silent;
  }

  /** Some of its own connections must still be in the making. */
  assertSilent(): void {
    this.#child.assertRunning();
    assert.ok(this.#sockets.some((socket) => socket.connecting));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) {
      socket.destroy();
    }
    await this.#child.kill();
  }
}
