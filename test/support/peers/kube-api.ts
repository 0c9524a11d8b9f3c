import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** An EndpointSlice as a controller writes it, without what the API server adds. */
export interface SliceBody {
  readonly addressType?: string;
  readonly ports?: unknown;
  readonly endpoints?: unknown;
}

/** A request as it came. */
export interface ApiRequest {
  readonly path: string;
  readonly query: URLSearchParams;
  readonly token: string;
}

interface Stored {
  readonly name: string;
  readonly object: object;
}

interface Watcher {
  readonly response: ServerResponse;
}

/** A slice for one port `grpc` with these addresses. */
export function sliceOf(addresses: readonly string[], conditions: object = { ready: true }, port = 50_051): SliceBody {
  return {
    addressType: 'IPv4',
    ports: [{ name: 'grpc', port, protocol: 'TCP' }],
    endpoints: addresses.map((address) => ({ addresses: [address], conditions })),
  };
}

/** The part of a Kubernetes API server that lists and watches the EndpointSlices of one Service, with the faults of real ones. */
export class KubeApi implements AsyncDisposable {
  readonly requests: ApiRequest[] = [];
  /** Tokens that are accepted; null accepts every one. */
  tokens: ReadonlySet<string> | null = null;
  /** Whether the account may list and watch. */
  allowed = true;
  /** Slices of one page, whatever the client asks for. */
  pageSize = Number.POSITIVE_INFINITY;
  /** Versions before this are forgotten: a watch from one gets 410, as the answer's status or as an event. */
  forgottenBefore = 0;
  goneAs: 'status' | 'event' = 'status';
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #slices = new Map<string, Stored>();
  readonly #history: { readonly version: number; readonly line: string }[] = [];
  readonly #watchers = new Set<Watcher>();
  #version = 100;

  private constructor(server: Server) {
    this.#server = server;
    server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    });
    server.on('request', (request, response) => this.#serve(request, response));
  }

  static async start(): Promise<KubeApi> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new KubeApi(server);
  }

  get url(): string {
    const address = this.#server.address();
    return `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
  }

  get watches(): number {
    return this.#watchers.size;
  }

  put(name: string, body: SliceBody): void {
    const type = this.#slices.has(name) ? 'MODIFIED' : 'ADDED';
    const object = this.#toObject(name, body);
    this.#slices.set(name, { name, object });
    this.#publish(type, object);
  }

  remove(name: string): void {
    const object = this.#toObject(name, {});
    this.#slices.delete(name);
    this.#publish('DELETED', object);
  }

  bookmark(): void {
    this.#send({ type: 'BOOKMARK', object: { metadata: { resourceVersion: String(this.#version) } } });
  }

  /** Writes octets into every watch as they are. */
  write(octets: string): void {
    for (const { response } of this.#watchers) {
      response.write(octets);
    }
  }

  /** Ends every watch: in order, or by breaking its connection. */
  endWatches(how: 'ended' | 'cut'): void {
    const watchers = [...this.#watchers];
    this.#watchers.clear();
    for (const { response } of watchers) {
      if (how === 'ended') {
        response.end();
      } else {
        response.destroy();
      }
    }
  }

  /** Nothing from before now can be watched from any more. */
  forget(): void {
    this.#version += 1;
    this.forgottenBefore = this.#version;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) {
      socket.destroy();
    }
    this.#server.close();
    await once(this.#server, 'close');
  }

  #toObject(name: string, body: SliceBody): object {
    this.#version += 1;
    return { ...body, metadata: { name, resourceVersion: String(this.#version) } };
  }

  #publish(type: string, object: object): void {
    const line = `${JSON.stringify({ type, object })}\n`;
    this.#history.push({ version: this.#version, line });
    this.write(line);
  }

  #send(event: object): void {
    this.write(`${JSON.stringify(event)}\n`);
  }

  #serve(request: IncomingMessage, response: ServerResponse): void {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://api');
    const token = (request.headers.authorization ?? '').replace('Bearer ', '');
    this.requests.push({ path: pathname, query: searchParams, token });
    if (this.tokens !== null && !this.tokens.has(token)) {
      refuse(response, 401, 'Unauthorized');
    } else if (!this.allowed) {
      refuse(response, 403, 'endpointslices.discovery.k8s.io is forbidden');
    } else if (searchParams.get('watch') === '1') {
      this.#watch(Number(searchParams.get('resourceVersion')), response);
    } else {
      this.#list(Number(searchParams.get('continue') ?? 0), response);
    }
  }

  #list(from: number, response: ServerResponse): void {
    const items = [...this.#slices.values()].map(({ object }) => object);
    const to = from + this.pageSize;
    const next = to < items.length ? { continue: String(to) } : {};
    const metadata = { resourceVersion: String(this.#version), ...next };
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ kind: 'EndpointSliceList', metadata, items: items.slice(from, to) }));
  }

  #watch(version: number, response: ServerResponse): void {
    if (version < this.forgottenBefore && this.goneAs === 'status') {
      refuse(response, 410, 'too old resource version');
      return;
    }
    response.setHeader('content-type', 'application/json');
    response.flushHeaders();
    if (version < this.forgottenBefore) {
      response.end(`${JSON.stringify({ type: 'ERROR', object: { kind: 'Status', code: 410, reason: 'Expired' } })}\n`);
      return;
    }
    for (const { version: at, line } of this.#history) {
      if (at > version) {
        response.write(line);
      }
    }
    const watcher = { response };
    this.#watchers.add(watcher);
    response.once('close', () => this.#watchers.delete(watcher));
  }
}

function refuse(response: ServerResponse, status: number, message: string): void {
  response.statusCode = status;
  response.end(JSON.stringify({ kind: 'Status', status: 'Failure', code: status, message }));
}
