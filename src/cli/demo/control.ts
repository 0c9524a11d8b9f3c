import { createServer, type Server } from 'node:http';

/** What the control of the quickstart turns: a backend's health, by its number from 1. */
export interface DemoControlTarget {
  setServing(serving: boolean): void;
}

const ROUTE = /^\/backends\/(all|\d{1,3})\/(fail|ok)$/;

/** A small HTTP server on loopback: `POST /backends/1/fail` makes the first backend fail, `POST /backends/all/ok` lets all return. */
export class DemoControl {
  readonly #server: Server;

  constructor(targets: readonly DemoControlTarget[]) {
    this.#server = createServer((request, response) => {
      request.resume();
      const match = ROUTE.exec(request.url ?? '');
      const chosen = match === null ? [] : match[1] === 'all' ? targets : targets.slice(Number(match[1]) - 1, Number(match[1]));
      const code = chosen.length === 0 ? 404 : request.method === 'POST' ? 200 : 405;
      if (code === 200) {
        for (const target of chosen) {
          target.setServing(match?.[2] === 'ok');
        }
      }
      const body =
        code === 200
          ? `${match?.[1]} ${match?.[2] === 'ok' ? 'serves again' : 'fails now'}\n`
          : 'POST /backends/<number or all>/<fail or ok>\n';
      response.writeHead(code, { 'content-type': 'text/plain; charset=utf-8' }).end(body);
    });
  }

  /** Binds `port` of 127.0.0.1 (0 picks a free one) and returns the port. */
  listen(port: number): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(port, '127.0.0.1', () => {
        const bound = this.#server.address();
        resolve(typeof bound === 'object' && bound !== null ? bound.port : port);
      });
    });
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}
