import { Client, credentials, Metadata, status } from '@grpc/grpc-js';

/** A call that takes longer is lost. */
const DEADLINE_MS = 10_000;

const MESSAGE = Buffer.from('a message that comes back');
const STREAM_MESSAGES = 5;

/** How a call went. Times are of `performance.now()`. */
export interface CallResult {
  readonly id: string;
  readonly kind: 'unary' | 'stream';
  readonly startedMs: number;
  readonly endedMs: number;
  readonly code: status;
  readonly details: string;
}

export interface CallLoadOptions {
  /** Channels, each with a connection of its own. */
  readonly channels: number;
  /** Calls under way at any time, of each kind, per channel. */
  readonly unary: number;
  readonly streams: number;
  /** How long the server takes before it answers. */
  readonly delayMs: number;
}

/** Calls an echo over and over, unary and bidirectional, with grpc-js, which connects again whenever it is told to go. */
export class CallLoad implements AsyncDisposable {
  readonly results: CallResult[] = [];
  readonly #clients: readonly Client[];
  readonly #workers: readonly Promise<void>[];
  readonly #delayMs: number;
  #isStopping = false;
  #calls = 0;

  constructor(port: number, options: CallLoadOptions) {
    this.#delayMs = options.delayMs;
    this.#clients = Array.from({ length: options.channels }, () => {
      const settings = { 'grpc.use_local_subchannel_pool': 1, 'grpc.initial_reconnect_backoff_ms': 100 };
      return new Client(`127.0.0.1:${port}`, credentials.createInsecure(), settings);
    });
    this.#workers = this.#clients.flatMap((client) => [
      ...Array.from({ length: options.unary }, () => this.#work('unary', client)),
      ...Array.from({ length: options.streams }, () => this.#work('stream', client)),
    ]);
  }

  /** Lets the calls that are under way end, and begins no more. */
  async stop(): Promise<readonly CallResult[]> {
    this.#isStopping = true;
    await Promise.all(this.#workers);
    return this.results;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    for (const client of this.#clients) {
      client.close();
    }
  }

  async #work(kind: CallResult['kind'], client: Client): Promise<void> {
    while (!this.#isStopping) {
      this.#calls += 1;
      const id = `${kind}-${this.#calls}`;
      const metadata = new Metadata();
      metadata.set('x-call-id', id);
      metadata.set('x-delay-ms', String(this.#delayMs));
      const startedMs = performance.now();
      const end = await (kind === 'unary' ? callUnary(client, metadata) : callStream(client, metadata));
      this.results.push({ id, kind, startedMs, endedMs: performance.now(), ...end });
    }
  }
}

type CallEnd = Pick<CallResult, 'code' | 'details'>;

function callUnary(client: Client, metadata: Metadata): Promise<CallEnd> {
  const options = { deadline: Date.now() + DEADLINE_MS };
  return new Promise((resolve) => {
    client.makeUnaryRequest('/test.Echo/Unary', same, same, MESSAGE, metadata, options, (error, answer) => {
      if (error !== null) {
        resolve({ code: error.code, details: error.details });
      } else {
        resolve(answer?.equals(MESSAGE) === true ? OK : WRONG_ANSWER);
      }
    });
  });
}

function callStream(client: Client, metadata: Metadata): Promise<CallEnd> {
  const options = { deadline: Date.now() + DEADLINE_MS };
  const call = client.makeBidiStreamRequest('/test.Echo/Stream', same, same, metadata, options);
  let answers = 0;
  call.on('data', () => {
    answers += 1;
    if (answers < STREAM_MESSAGES) {
      call.write(MESSAGE);
    } else {
      call.end();
    }
  });
  call.on('error', () => undefined);
  call.write(MESSAGE);
  return new Promise((resolve) => {
    call.once('status', ({ code, details }) => {
      resolve(code === status.OK && answers !== STREAM_MESSAGES ? WRONG_ANSWER : { code, details });
    });
  });
}

const OK: CallEnd = { code: status.OK, details: '' };
const WRONG_ANSWER: CallEnd = { code: status.DATA_LOSS, details: 'not what was sent' };

function same(octets: Buffer): Buffer {
  return octets;
}
