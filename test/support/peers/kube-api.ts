import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { KeyPair } from '../tls.ts';

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
  /** The name in the client's certificate; empty without one. */
  readonly client: string;
}

/** How the stand-in speaks TLS. */
export interface KubeApiTls {
  readonly pair: KeyPair;
  /** Of client certificates, which are asked for then. */
  readonly clientCa?: Buffer;
}

interface Stored {
  readonly name: string;
  readonly object: object;
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
  readonly #slices = new Map<string, Stored>();
  readonly #history: { readonly version: number; readonly line: string }[] = [];
  readonly #watchers = new Set<ServerResponse>();
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
    for (const response of this.#watchers) {
      response.write(octets);
    }
  }

  /** Ends every watch: in order, or by breaking its connection. */
  endWatches(how: 'ended' | 'cut'): void {
    const watchers = [...this.#watchers];
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
    this.requests.push({ path: pathname, query: searchParams, token, client: clientOf(request) });
    if (!this.answers) {
      return;
    }
    if (this.tokens !== null && !this.tokens.has(token)) {
      refuse(response, 401, 'Unauthorized');
    } else if (!this.allowed) {
      refuse(response, 403, 'endpointslices.discovery.k8s.io is forbidden');
    } else if (searchParams.get('watch') === '1') {
      this.#watch(Number(searchParams.get('resourceVersion')), response);
    } else if (this.listAs !== null) {
      this.listAs(response);
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
    if (this.breaksWatches) {
      response.destroy();
      return;
    }
    for (const { version: at, line } of this.#history) {
      if (at > version) {
        response.write(line);
      }
    }
    this.#watchers.add(response);
    response.once('close', () => this.#watchers.delete(response));
  }
}

function createTls({ pair, clientCa }: KubeApiTls): Server {
  const clients = clientCa === undefined ? {} : { ca: clientCa, requestCert: true, rejectUnauthorized: true };
  return createTlsServer({ ...pair, ...clients });
}

function clientOf({ socket }: IncomingMessage): string {
  const subject = socket instanceof TLSSocket ? socket.getPeerCertificate().subject : undefined;
  return String(subject?.CN ?? '');
}

function refuse(response: ServerResponse, status: number, message: string): void {
  response.statusCode = status;
  response.end(JSON.stringify({ kind: 'Status', status: 'Failure', code: status, message }));
}
