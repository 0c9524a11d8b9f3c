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

/** Pause before a call that failed at once is made again, and after a case. */
const PAUSE_MS = 20;

/** An empty gRPC message. */
const EMPTY_MESSAGE = Buffer.alloc(5);

/**
 * Sets the cases of h2specd off. For each case h2specd runs a program with the URL of a broken server; that program is a curl whose HTTP
 * proxy this is. The conductor has the gate lead to that server, makes a call through the relay, and answers once the case is over.
 */
export class Conductor implements AsyncDisposable {
  readonly #server: Server;
  readonly #gate: Gate;
  readonly #relayPort: number;
  /** Ports of cases for which no connection came. */
  readonly missed: number[] = [];
  #turn: Promise<void> = Promise.resolve();

  private constructor(server: Server, gate: Gate, relayPort: number) {
    this.#server = server;
    this.#gate = gate;
    this.#relayPort = relayPort;
    server.on('request', (request, response) => this.#take(request, response));
  }

  static async start(gate: Gate, relayPort: number): Promise<Conductor> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new Conductor(server, gate, relayPort);
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
    gate.open(port);
    const sessions = await this.#callUntilReached();
    if (gate.isReached) {
      while (!gate.isPlayed && !deadline.aborted) {
        await gate.changed(deadline);
      }
    } else {
      this.missed.push(port);
      await failCase(port);
    }
    gate.close();
    for (const session of sessions) {
      session.destroy();
    }
    await sleep(PAUSE_MS);
    gate.dropWaiting();
  }

  /** A call that ends before a connection has come is made again: the relay may still think of what the last server did. */
  async #callUntilReached(): Promise<readonly ClientHttp2Session[]> {
    const sessions: ClientHttp2Session[] = [];
    const deadline = AbortSignal.timeout(REACH_MS);
    do {
      const failed = new AbortController();
      sessions.push(makeCall(this.#relayPort, () => failed.abort()));
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

function makeCall(port: number, onEnd: () => void): ClientHttp2Session {
  const session = connect(`http://127.0.0.1:${port}`);
  session.on('error', onEnd).once('close', onEnd);
  const headers = { ':method': 'POST', ':path': '/h2specd.Case/Run', 'content-type': 'application/grpc', te: 'trailers' };
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
