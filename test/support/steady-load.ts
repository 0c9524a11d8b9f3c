import { type ChannelCredentials, status } from '@grpc/grpc-js';
import { EchoClient } from './echo-client.ts';

/** Calls that go on, a few at a time over two connections, until they are stopped. */
export class SteadyLoad implements AsyncDisposable {
  /** Calls that ended well. */
  done = 0;
  /** How the others ended. */
  readonly failures: string[] = [];
  readonly #clients: readonly EchoClient[];
  readonly #workers: readonly Promise<void>[];
  #stopped = false;

  /** `options` are those of grpc-js: by those of `EchoClient` it tries nothing twice, not even what a server says that it has not begun. */
  constructor(port: number, options: Readonly<Record<string, number>> = {}, atATime = 8, security?: ChannelCredentials) {
    this.#clients = [new EchoClient(port, options, security), new EchoClient(port, options, security)];
    this.#workers = this.#clients.flatMap((client) =>
      Array.from({ length: Math.ceil(atATime / this.#clients.length) }, () => this.#work(client)),
    );
  }

  /** Resolves when that many more calls have ended. */
  async untilDone(more: number): Promise<void> {
    const wanted = this.done + this.failures.length + more;
    while (this.done + this.failures.length < wanted) {
      await new Promise((resolve) => {
        setImmediate(resolve);
      });
    }
  }

  /** Resolves when no call is under way. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#workers);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    for (const client of this.#clients) {
      client[Symbol.dispose]();
    }
  }

  async #work(client: EchoClient): Promise<void> {
    while (!this.#stopped) {
      const { code, details } = await client.unary(Buffer.from('hi'));
      if (code === status.OK) {
        this.done++;
      } else {
        this.failures.push(`${status[code]}: ${details}`);
      }
    }
  }
}
