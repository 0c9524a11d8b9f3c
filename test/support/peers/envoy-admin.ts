import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { fileURLToPath } from 'node:url';

/** A host of a capture as its `expected.json` has it. */
export interface ExpectedHost {
  readonly address: string;
  readonly flags: readonly string[];
  /** Whether calls through that Envoy went there right after. */
  readonly envoyRoutesTo: boolean;
  readonly hostname?: string;
  readonly weight?: number;
  readonly priority?: number;
  readonly locality?: { readonly region: string; readonly zone: string; readonly sub_zone: string };
}

/** Both bodies of a real Envoy at one moment, and the truth. */
export interface Capture {
  readonly name: string;
  readonly json: Buffer;
  readonly text: Buffer;
  readonly clusters: Readonly<Record<string, readonly ExpectedHost[]>>;
  /** Envoy's own gauges of each cluster. */
  readonly membership: Readonly<Record<string, Membership>>;
}

/** How many hosts Envoy counts as what; those that it excludes are unhealthy besides, or pending. */
export interface Membership {
  readonly total: number;
  readonly healthy: number;
  readonly degraded: number;
  readonly excluded: number;
}

const FOLDER = fileURLToPath(new URL('../../fixtures/envoy-clusters/', import.meta.url));

/** All captures. */
export function readCaptures(): readonly Capture[] {
  return readdirSync(FOLDER, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => readCapture(name));
}

export function readCapture(name: string): Capture {
  const read = (file: string): Buffer => readFileSync(`${FOLDER}${name}/${file}`);
  const { clusters, membership } = JSON.parse(read('expected.json').toString());
  return { name, json: read('clusters.json'), text: read('clusters.txt'), clusters, membership };
}

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

/** An admin interface of an Envoy that answers what a test wants, however broken. */
export class EnvoyAdmin implements AsyncDisposable {
  /** Method and path of each request. */
  readonly requests: string[] = [];
  /** The word of `/ready`; null has no such path. */
  ready: string | null = 'LIVE';
  /** The state of `/server_info`; null has no such path. */
  serverInfo: string | null = null;
  /** Answers `/clusters`. */
  clusters: Handler = (_, response) => response.end();
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(server: Server) {
    this.#server = server;
    server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    });
    server.on('request', (request, response) => this.#serve(request, response));
  }

  /** @param where a path of a unix socket, or none for a free port. */
  static async start(where?: string): Promise<EnvoyAdmin> {
    const server = createServer();
    const admin = new EnvoyAdmin(server);
    await once(where === undefined ? server.listen(0, '127.0.0.1') : server.listen(where), 'listening');
    return admin;
  }

  get port(): number {
    const address = this.#server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Answers as the Envoy of a capture does. */
  show({ json, text }: Pick<Capture, 'json' | 'text'>): void {
    this.clusters = (request, response) => {
      const isJson = request.url?.includes('format=json') === true;
      response.setHeader('content-type', isJson ? 'application/json' : 'text/plain; charset=UTF-8');
      response.write(isJson ? json : text);
      response.end();
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) {
      socket.destroy();
    }
    this.#server.close();
    await once(this.#server, 'close');
  }

  #serve(request: IncomingMessage, response: ServerResponse): void {
    const path = request.url ?? '';
    this.requests.push(`${request.method ?? ''} ${path}`);
    if (path.startsWith('/clusters')) {
      this.clusters(request, response);
    } else if (path === '/ready' && this.ready !== null) {
      response.statusCode = this.ready === 'LIVE' ? 200 : 503;
      response.end(`${this.ready}\n`);
    } else if (path === '/server_info' && this.serverInfo !== null) {
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ version: 'x', state: this.serverInfo }));
    } else {
      response.statusCode = 404;
      response.end('invalid path');
    }
  }
}
