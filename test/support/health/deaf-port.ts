import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { Worker } from 'node:worker_threads';

/** Listens, says on which port, and never turns its event loop again, so that nothing is accepted. */
const LISTENER = `
const { createServer } = require('node:net');
const { parentPort, workerData } = require('node:worker_threads');
const server = createServer().listen({ ...workerData, backlog: 1 }, () => {
  parentPort.postMessage(server.address().port);
  setImmediate(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0));
});
`;
/** More than fit in the queue of a listener with a backlog of 1. */
const FILLERS = 4;

/** A port of this machine whose packets are dropped, as those to a machine that is gone: a full queue of connections does that. */
export class DeafPort implements AsyncDisposable {
  readonly port: number;
  readonly #worker: Worker;
  readonly #fillers: readonly Socket[];

  private constructor(worker: Worker, port: number, fillers: readonly Socket[]) {
    this.#worker = worker;
    this.port = port;
    this.#fillers = fillers;
  }

  /** By default a free port of 127.0.0.1. */
  static async start(host = '127.0.0.1', wanted = 0): Promise<DeafPort> {
    const worker = new Worker(LISTENER, { eval: true, workerData: { host, port: wanted } });
    const [port]: unknown[] = await once(worker, 'message');
    assert.ok(typeof port === 'number');
    const fillers = Array.from({ length: FILLERS }, () => connect(port, host).on('error', () => undefined));
    // The kernel takes two of them into the queue, and drops what comes behind.
    await Promise.all(fillers.slice(0, 2).map((socket) => once(socket, 'connect')));
    return new DeafPort(worker, port, fillers);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#fillers) {
      socket.destroy();
    }
    await this.#worker.terminate();
  }
}
