import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { clientOf, createTls, type KubeApiTls } from './kube-api-tls.ts';

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
  readonly accept: string;
  /** The name in the client's certificate; empty without one. */
  readonly client: string;
}

interface Stored {
  readonly resource: KubeResource;
  readonly object: object;
}

export type KubeResource = 'endpointslices' | 'pods';

/** A slice for one port `grpc` with these addresses. */
export function sliceOf(addresses: readonly string[], conditions: object = { ready: true }, port = 50_051): SliceBody {
  return {
    addressType: 'IPv4',
    ports: [{ name: 'grpc', port, protocol: 'TCP' }],
    endpoints: addresses.map((address) => ({ addresses: [address], conditions })),
  };
}

/** The part of a Kubernetes API server that lists and watches the EndpointSlices of one Service, and pods, with the faults of real ones. */
export class KubeApi implements AsyncDisposable {
  readonly requests: ApiRequest[] = [];
  /** Tokens that are accepted; null accepts every one. */
  tokens: ReadonlySet<string> | null = null;
  /** Whether the account may list and watch. */
  allowed = true;
  /** What it may not list and watch in spite of that. */
  forbidden: KubeResource | null = null;
  /** Whether requests are answered at all. */
  answers = true;
  /** Whether a watch ends as soon as it has begun, with all that it should tell untold. */
  breaksWatches = false;
  /** What a list is answered with in place of its slices. */
  listAs: ((response: ServerResponse) => void) | null = null;
  /** Slices of one page, whatever the client asks for. */
  pageSize = Number.POSITIVE_INFINITY;
  /** Versions before this are forgotten: a watch from one gets 410, as the answer's status or as an event. */
  forgottenBefore = 0;
  goneAs: 'status' | 'event' = 'status';
  readonly #server: Server;
  readonly #scheme: string;
  readonly #sockets = new Set<Socket>();
  readonly #objects = new Map<string, Stored>();
  readonly #history: { readonly version: number; readonly resource: KubeResource; readonly line: string }[] = [];
  readonly #watchers = new Map<ServerResponse, KubeResource>();
  #version = 100;

  private constructor(server: Server, scheme: string) {
    this.#server = server;
    this.#scheme = scheme;
    server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    });
    server.on('request', (request, response) => this.#serve(request, response));
  }

  static async start(tls: KubeApiTls | null = null): Promise<KubeApi> {
    const server = tls === null ? createServer() : createTls(tls);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new KubeApi(server, tls === null ? 'http' : 'https');
  }

  get port(): number {
    const address = this.#server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  get url(): string {
    return `${this.#scheme}://127.0.0.1:${this.port}`;
  }

  get watches(): number {
    return this.watchesOf('endpointslices');
  }

  watchesOf(wanted: KubeResource): number {
    return [...this.#watchers.values()].filter((resource) => resource === wanted).length;
  }

  put(name: string, body: SliceBody): void {
    this.#put('endpointslices', name, this.#toObject(name, body));
  }

  putPod(name: string, labels: unknown): void {
    this.#put('pods', name, this.#toObject(name, {}, { labels }));
  }

  remove(name: string, resource: KubeResource = 'endpointslices'): void {
    const object = this.#toObject(name, {});
    this.#objects.delete(`${resource}/${name}`);
    this.#publish('DELETED', { resource, object });
  }

  bookmark(): void {
    this.write(`{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"${this.#version}"}}}\n`);
  }

  /** Writes octets into every watch of a kind as they are. */
  write(octets: string, wanted: KubeResource = 'endpointslices'): void {
    for (const [response, resource] of this.#watchers) {
      if (resource === wanted) {
        response.write(octets);
      }
    }
  }

  /** Ends every watch: in order, or by breaking its connection. */
  endWatches(how: 'ended' | 'cut'): void {
    const watchers = [...this.#watchers.keys()];
    this.#watchers.clear();
    for (const response of watchers) {
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

  #put(resource: KubeResource, name: string, object: object): void {
    const key = `${resource}/${name}`;
    const type = this.#objects.has(key) ? 'MODIFIED' : 'ADDED';
    this.#objects.set(key, { resource, object });
    this.#publish(type, { resource, object });
  }

  #toObject(name: string, body: SliceBody, more: object = {}): object {
    this.#version += 1;
    return { ...body, metadata: { ...more, name, namespace: 'shop', resourceVersion: String(this.#version) } };
  }

  #publish(type: string, { resource, object }: Stored): void {
    const line = `${JSON.stringify({ type, object })}\n`;
    this.#history.push({ version: this.#version, resource, line });
    this.write(line, resource);
  }

  #serve(request: IncomingMessage, response: ServerResponse): void {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://api');
    const token = (request.headers.authorization ?? '').replace('Bearer ', '');
    this.requests.push({
      path: pathname,
      query: searchParams,
      token,
      accept: request.headers.accept ?? '',
      client: clientOf(request),
    });
    const resource = pathname.endsWith('/pods') ? 'pods' : 'endpointslices';
    if (!this.answers) {
      return;
    }
    if (this.tokens !== null && !this.tokens.has(token)) {
      refuse(response, 401, 'Unauthorized');
    } else if (!this.allowed || resource === this.forbidden) {
      refuse(response, 403, `${resource === 'pods' ? 'pods' : 'endpointslices.discovery.k8s.io'} is forbidden`);
    } else if (searchParams.get('watch') === '1') {
      this.#watch(resource, Number(searchParams.get('resourceVersion')), response);
    } else if (this.listAs !== null) {
      this.listAs(response);
    } else {
      this.#list(resource, Number(searchParams.get('continue') ?? 0), response);
    }
  }

  #list(wanted: KubeResource, from: number, response: ServerResponse): void {
    const items = [...this.#objects.values()].flatMap(({ resource, object }) => (resource === wanted ? [object] : []));
    const to = from + this.pageSize;
    const next = to < items.length ? { continue: String(to) } : {};
    const metadata = { resourceVersion: String(this.#version), ...next };
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ kind: 'List', metadata, items: items.slice(from, to) }));
  }

  #watch(wanted: KubeResource, version: number, response: ServerResponse): void {
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
    if (this.breaksWatches) {
      response.destroy();
      return;
    }
    for (const { version: at, resource, line } of this.#history) {
      if (at > version && resource === wanted) {
        response.write(line);
      }
    }
    this.#watchers.set(response, wanted);
    response.once('close', () => this.#watchers.delete(response));
  }
}

function refuse(response: ServerResponse, status: number, message: string): void {
  response.statusCode = status;
  response.end(JSON.stringify({ kind: 'Status', status: 'Failure', code: status, message }));
}
