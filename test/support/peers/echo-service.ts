import { once } from 'node:events';
import { createServer, type Server as NetServer, type Socket } from 'node:net';
import {
  type ConnectionInjector,
  type handleUnaryCall,
  Metadata,
  type MethodDefinition,
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type ServiceDefinition,
  type status,
} from '@grpc/grpc-js';
import { createEndpoint, type Endpoint } from '../../../src/model/endpoint.ts';
import type { KeyPair } from '../tls.ts';

const toBuffer = (octets: Buffer): Buffer => octets;

function method(name: string, requestStream: boolean, responseStream: boolean): MethodDefinition<Buffer, Buffer> {
  return {
    path: `/test.Echo/${name}`,
    requestStream,
    responseStream,
    requestSerialize: toBuffer,
    requestDeserialize: toBuffer,
    responseSerialize: toBuffer,
    responseDeserialize: toBuffer,
  };
}

/** The methods of EchoBackend; messages are octets. */
export const ECHO = {
  /** The message back. */
  once: method('Once', false, false),
  /** Each message back, as it comes. */
  each: method('Each', true, true),
  /** Nothing, until the call is cancelled. */
  hang: method('Hang', false, false),
} as const satisfies ServiceDefinition;

/** How a backend behaves. */
export interface EchoOptions {
  /** Answers each call so much later. Milliseconds, default 0. */
  readonly delayMs?: number;
  /** TLS with this certificate, for clients with one of that authority. Default cleartext. */
  readonly tls?: { readonly pair: KeyPair; readonly clientCa: Buffer };
}

/** A grpc-js server that remembers every call it has begun to execute, by the `x-call` of its metadata. */
export class EchoBackend implements AsyncDisposable {
  /** Values of `x-call`, in the order of execution. */
  readonly executed: string[] = [];
  /** Calls under way that have been cancelled, by the client or by their deadline. */
  cancelled = 0;
  /** Connections that were accepted, ever. */
  accepted = 0;
  /** The status that unary calls are answered with, without content; null is an echo. */
  failure: status | null = null;
  /** Metadata of the last call. */
  metadata = new Metadata();
  /** Subject alternative names of the certificate that the last call's client has shown, as Node writes them. */
  clientNames = '';
  /** Time that the deadline of the last call left. Milliseconds. */
  leftMs = Number.POSITIVE_INFINITY;
  readonly #options: EchoOptions;
  readonly #server = new Server();
  readonly #injector: ConnectionInjector;
  readonly #sockets = new Set<Socket>();
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #listener: NetServer;

  private constructor(options: EchoOptions) {
    this.#options = options;
    const echo: handleUnaryCall<Buffer, Buffer> = (call, callback) => {
      this.#execute(call);
      const code = this.failure;
      this.#later(() =>
        code === null
          ? callback(null, call.request, answered(call.metadata))
          : callback({ code, details: 'as the test wants it' }),
      );
    };
    const hang: handleUnaryCall<Buffer, Buffer> = (call) => {
      this.#execute(call);
      call.once('cancelled', () => {
        this.cancelled++;
      });
    };
    this.#server.addService(ECHO, {
      once: echo,
      hang,
      each: (call: EchoStream) => {
        this.#execute(call);
        call.on('data', (octets: Buffer) => call.write(octets));
        call.on('end', () => call.end());
      },
    });
    this.#injector = this.#server.createConnectionInjector(createCredentials(options));
    this.#listener = createServer((socket) => {
      this.accepted++;
      this.#sockets.add(socket);
      socket.on('error', () => undefined);
      socket.once('close', () => this.#sockets.delete(socket));
      this.#injector.injectConnection(socket);
    });
  }

  static async start(options: EchoOptions = {}): Promise<EchoBackend> {
    const backend = new EchoBackend(options);
    backend.#listener.listen(0, '127.0.0.1');
    await once(backend.#listener, 'listening');
    return backend;
  }

  get endpoint(): Endpoint {
    const bound = this.#listener.address();
    return createEndpoint({ kind: 'tcp', host: '127.0.0.1', port: typeof bound === 'object' ? (bound?.port ?? 0) : 0 }, null);
  }

  get connections(): number {
    return this.#sockets.size;
  }

  /** GOAWAY on every connection; each ends with its last call. */
  goaway(): void {
    this.#injector.drain(10_000);
  }

  /** Cuts every connection with a TCP reset. */
  cut(): void {
    for (const socket of this.#sockets) {
      socket.resetAndDestroy();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const timer of this.#timers) {
      clearTimeout(timer);
    }
    this.#listener.close();
    this.cut();
    await once(this.#listener, 'close');
    this.#injector.destroy();
    this.#server.forceShutdown();
  }

  #execute(call: Pick<ServerUnaryCall<Buffer, Buffer>, 'metadata' | 'getDeadline' | 'getAuthContext'>): void {
    this.metadata = call.metadata;
    this.clientNames = call.getAuthContext().sslPeerCertificate?.subjectaltname ?? '';
    this.leftMs = Number(call.getDeadline()) - Date.now();
    this.executed.push(String(call.metadata.get('x-call')[0] ?? ''));
  }

  #later(run: () => void): void {
    const { delayMs = 0 } = this.#options;
    if (delayMs === 0) {
      run();
      return;
    }
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      run();
    }, delayMs);
    this.#timers.add(timer);
  }
}

interface EchoStream extends Pick<ServerUnaryCall<Buffer, Buffer>, 'metadata' | 'getDeadline' | 'getAuthContext'> {
  on(name: 'data', run: (octets: Buffer) => void): void;
  on(name: 'end', run: () => void): void;
  write(octets: Buffer): void;
  end(): void;
}

/** Trailers that repeat what the test asks to be repeated. */
function answered(request: Metadata): Metadata {
  const trailers = new Metadata();
  for (const name of ['x-many', 'x-many-bin']) {
    for (const value of request.get(name)) {
      trailers.add(name, value);
    }
  }
  return trailers;
}

function createCredentials({ tls }: EchoOptions): ServerCredentials {
  return tls === undefined
    ? ServerCredentials.createInsecure()
    : ServerCredentials.createSsl(tls.clientCa, [{ cert_chain: tls.pair.cert, private_key: tls.pair.key }], true);
}
