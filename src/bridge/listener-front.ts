import { isDeepStrictEqual } from 'node:util';
import type { ProbeHandler, ProbeServer } from '../http/probe-server.ts';

/** What a listener answers by itself. */
export interface Answers {
  readonly app: ProbeServer;
  /** Whether GET and HEAD of that path are answered whatever is routed. */
  readonly isHealthPath: (pathname: string) => boolean;
}

/** The answers of one listener, which a reload may replace while the listener goes on. */
export class ListenerFront implements ProbeServer {
  readonly handler: ProbeHandler = (request, response) => this.#answers.app.handler(request, response);
  readonly isHealthPath = (pathname: string): boolean => this.#answers.isHealthPath(pathname);
  #answers: Answers;
  /** What the answers were made of. */
  #basis: unknown;
  #next: { readonly basis: unknown; readonly answers: Answers } | null = null;
  readonly #closing = new Set<Promise<void>>();

  constructor(basis: unknown, answers: Answers) {
    this.#basis = basis;
    this.#answers = answers;
  }

  ready(): Promise<void> {
    return this.#answers.app.ready();
  }

  /** Makes other answers if `basis` is another, which `commit` puts in force. */
  async prepare(basis: unknown, create: () => Answers): Promise<void> {
    this.discard();
    if (!isDeepStrictEqual(basis, this.#basis)) {
      const answers = create();
      await answers.app.ready();
      this.#next = { basis, answers };
    }
  }

  commit(): void {
    const next = this.#next;
    if (next !== null) {
      this.#next = null;
      // It answers on whatever has been led to it.
      this.#end(this.#answers.app);
      this.#answers = next.answers;
      this.#basis = next.basis;
    }
  }

  discard(): void {
    if (this.#next !== null) {
      this.#end(this.#next.answers.app);
      this.#next = null;
    }
  }

  async close(): Promise<void> {
    this.discard();
    await Promise.all([...this.#closing, this.#answers.app.close()]);
  }

  #end(app: ProbeServer): void {
    const closed = app.close().finally(() => this.#closing.delete(closed));
    this.#closing.add(closed);
  }
}
