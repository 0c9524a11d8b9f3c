import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { Child } from '../../peers/support/child.ts';
import { eventually } from '../../peers/support/eventually.ts';
import { freePort } from '../../peers/support/free-ports.ts';
import { WorkFolder } from '../../peers/support/work-folder.ts';

const HAPROXY = '/usr/sbin/haproxy';

/** Where one server of a slot listens: for calls, and for the check of its readiness. */
export interface SlotAddress {
  readonly port: number;
  readonly checkPort: number;
}

/**
 * HAProxy in TCP mode, as a load balancer in front of pods: it asks each slot for `GET /readyz`, gives new connections to those that are ready,
 * and leaves open connections alone.
 */
export class L4Balancer implements AsyncDisposable {
  readonly port: number;
  readonly #child: Child;
  readonly #folder: WorkFolder;
  readonly #socket: string;

  private constructor(port: number, child: Child, folder: WorkFolder, socket: string) {
    this.port = port;
    this.#child = child;
    this.#folder = folder;
    this.#socket = socket;
  }

  static async start(slots: readonly SlotAddress[], checkEveryMs: number): Promise<L4Balancer> {
    assert.ok(existsSync(HAPROXY), `${HAPROXY} is missing: run scripts/install-peers.sh`);
    const folder = await WorkFolder.create();
    const port = await freePort();
    const socket = join(folder.path, 'admin.sock');
    const servers = slots.map(
      (slot, index) =>
        `  server s${index} 127.0.0.1:${slot.port} check port ${slot.checkPort} inter ${checkEveryMs}ms fall 1 rise 1`,
    );
    const config = [
      'global',
      `  stats socket ${socket} mode 600 level admin`,
      'defaults',
      '  mode tcp',
      '  timeout connect 1s',
      '  timeout client 1m',
      '  timeout server 1m',
      'frontend in',
      `  bind 127.0.0.1:${port}`,
      '  default_backend bridges',
      'backend bridges',
      '  balance roundrobin',
      '  option httpchk',
      '  http-check send meth GET uri /readyz',
      '  http-check expect status 200',
      ...servers,
      '',
    ].join('\n');
    const child = await Child.start(HAPROXY, ['-db', '-f', await folder.write('haproxy.cfg', config)]);
    await eventually(
      'the socket of HAProxy',
      () => {
        child.assertRunning();
        return existsSync(socket);
      },
      (isThere) => isThere,
    );
    return new L4Balancer(port, child, folder, socket);
  }

  /** Waits until a slot gets new connections, or none any more. */
  async until(slot: number, status: 'UP' | 'DOWN'): Promise<void> {
    const look = async (): Promise<string | undefined> => {
      this.#child.assertRunning();
      const line = (await this.#ask('show stat')).split('\n').find((row) => row.startsWith(`bridges,s${slot},`));
      return line?.split(',')[17];
    };
    await eventually(`slot ${slot} is ${status}`, look, (seen) => seen === status);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#child.kill();
    await this.#folder[Symbol.asyncDispose]();
  }

  async #ask(command: string): Promise<string> {
    const socket = connect(this.#socket);
    await once(socket, 'connect');
    socket.end(`${command}\n`);
    return await text(socket);
  }
}
