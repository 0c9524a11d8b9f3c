import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type ClientHttp2Session, connect } from 'node:http2';
import { connect as connectTcp } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Gate } from './gate.ts';

/** h2specd gives everything up 3 s after it has asked for a case: both must be over before that. */
const REACH_MS = 1_500;
const PLAY_MS = 2_400;

/** Pause before a call that failed at once is made again. */
const PAUSE_MS = 20;

/** An empty gRPC message. */
const EMPTY_MESSAGE = Buffer.alloc(5);

export interface ConductorOptions {
  /** Where the forwarder listens. */
  readonly relayPort: number;
  /** The port of the first case. */
  readonly from: number;
}

/** The address of a case at the gate, counted from 0. */
export function addressOf(index: number): string {
  return `127.0.1.${index + 1}`;
}

/** The beginning of the paths of calls that are to reach a case. */
export function prefixOf(index: number): string {
  return `/h2specd.Case${index + 1}/`;
}

/**
 * Sets the cases of h2specd off. For each case h2specd runs a program with the URL of a broken server; that program is a curl whose HTTP
 * proxy this is. The conductor has the gate lead to that server, makes a call through the relay, and answers once the case is over.
 */
export class Conductor implements AsyncDisposable {
  readonly #server: Server;
  readonly #gate: Gate;
  readonly #options: ConductorOptions;
  /** Cases for which no connection came, counted from 1. */
  readonly missed: number[] = [];
  #turn: Promise<void> = Promise.resolve();

  private constructor(server: Server, gate: Gate, options: ConductorOptions) {
    this.#server = server;
    this.#gate = gate;
    this.#options = options;
    server.on('request', (request, response) => this.#take(request, response));
  }

  static async start(gate: Gate, options: ConductorOptions): Promise<Conductor> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new Conductor(server, gate, options);
  }

  /** What h2specd is to run for each case; it appends the URL. */
  get command(): string {
    const bound = this.#server.address();
    assert.ok(typeof bound === 'object' && bound !== null);
    return `curl -q -s -o /dev/null -m 4 -x http://127.0.0.1:${bound.port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #take(request: IncomingMessage, response: ServerResponse): void {
    const port = Number(new URL(request.url ?? '').port);
    this.#turn = this.#turn
      .then(() => this.#play(port))
      .finally(() => {
        response.end();
      });
  }

  async #play(port: number): Promise<void> {
    const deadline = AbortSignal.timeout(PLAY_MS);
    const gate = this.#gate;
    const index = port - this.#options.from;
    gate.open(addressOf(index), port);
    const sessions = await this.#callUntilReached(index);
    if (gate.isReached) {
      while (!gate.isPlayed && !deadline.aborted) {
        await gate.changed(deadline);
      }
    } else {
      this.missed.push(index + 1);
      await failCase(port);
    }
    for (const session of sessions) {
      session.destroy();
    }
    gate.close();
  }

  /** A call that ends before a connection has come is made again: the relay may still think of what the last server did. */
  async #callUntilReached(index: number): Promise<readonly ClientHttp2Session[]> {
    const sessions: ClientHttp2Session[] = [];
    const deadline = AbortSignal.timeout(REACH_MS);
    do {
      const failed = new AbortController();
      sessions.push(makeCall(this.#options.relayPort, prefixOf(index), () => failed.abort()));
      const either = AbortSignal.any([failed.signal, deadline]);
      while (!this.#gate.isReached && !either.aborted) {
        await this.#gate.changed(either);
      }
      if (!this.#gate.isReached) {
        await sleep(PAUSE_MS);
      }
    } while (!this.#gate.isReached && !deadline.aborted);
    return sessions;
  }
}

function makeCall(port: number, prefix: string, onEnd: () => void): ClientHttp2Session {
  const session = connect(`http://127.0.0.1:${port}`);
  session.on('error', onEnd).once('close', onEnd);
  const headers = { ':method': 'POST', ':path': `${prefix}Run`, 'content-type': 'application/grpc', te: 'trailers' };
  session.request(headers).on('error', onEnd).once('close', onEnd).resume().end(EMPTY_MESSAGE);
  return session;
}

/** The case fails, which is better than that h2specd gives up the rest. */
async function failCase(port: number): Promise<void> {
  const socket = connectTcp(port, '127.0.0.1');
  await once(socket, 'connect');
  socket.end().resume();
  await once(socket, 'close');
}
