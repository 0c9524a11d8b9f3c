import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { createServer, type Server as NetServer, type Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import {
  type ConnectionInjector,
  type handleServerStreamingCall,
  type handleUnaryCall,
  type Metadata,
  Server,
  ServerCredentials,
  type ServerOptions,
  type ServerWritableStream,
  type ServiceDefinition,
  status,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { type Address, formatAddress } from '../../../src/model/address.ts';
import { createEndpoint, type Endpoint } from '../../../src/model/endpoint.ts';
import type { KeyPair } from '../tls.ts';

/** The words of grpc.health.v1. */
export type ServingWord = 'UNKNOWN' | 'SERVING' | 'NOT_SERVING' | 'SERVICE_UNKNOWN';

/** What happens to a call once it is in: the truth, nothing at all, the truth later, a gRPC error, or the connection goes. */
export type CallBehaviour =
  | { readonly kind: 'answer' }
  | { readonly kind: 'hang' }
  | { readonly kind: 'delay'; readonly delayMs: number }
  | { readonly kind: 'error'; readonly code: status; readonly details?: string }
  | { readonly kind: 'resetConnection' };

export interface GrpcBackendOptions {
  /** Default 127.0.0.1; a path that begins with / is a unix socket. */
  readonly host?: string;
  /** Default 0, a free port. */
  readonly port?: number;
  /** By service name; the empty one is the whole server. Default `{ '': 'SERVING' }`. Others are unknown. */
  readonly services?: Readonly<Record<string, ServingWord>>;
  /** Default true. Without it the server knows no grpc.health.v1 at all. */
  readonly health?: boolean;
  /** Default true. Without it Watch ends UNIMPLEMENTED. */
  readonly watch?: boolean;
  readonly tls?: KeyPair;
  /** With `tls`: a client certificate of this CA is required. */
  readonly clientCa?: Buffer;
  /** For grpc-js, such as `grpc.max_connection_age_ms`. */
  readonly serverOptions?: ServerOptions;
  /** Default false: disposal fails when a client has left a connection open. */
  readonly allowLeftovers?: boolean;
}

/** What `events` tells; wait for one with `once(backend.events, 'check')`. */
interface BackendEvents {
  connection: [];
  disconnection: [];
  check: [service: string];
  watch: [service: string];
  watchEnd: [service: string];
}

interface HealthRequest {
  readonly service: string;
}

interface HealthResponse {
  readonly status: ServingWord;
}

type Watcher = ServerWritableStream<HealthRequest, HealthResponse>;

const HEALTH_PROTO = fileURLToPath(new URL('../../../protos/health.proto', import.meta.url));
const LEFTOVER_DEADLINE_MS = 2_000;

/** A grpc-js health server that tests steer: what it answers, whether it answers, whether it lets anybody connect. */
export class GrpcBackend {
  readonly events = new EventEmitter<BackendEvents>();
  /** How Check is answered from now on. */
  check: CallBehaviour = { kind: 'answer' };
  /** How Watch is answered from now on; `delay` is before the first message. */
  watch: CallBehaviour = { kind: 'answer' };
  /** Checks that came in, by now and at once at most. */
  checks = 0;
  checksInFlight = 0;
  maxChecksInFlight = 0;
  watches = 0;
  /** Connections that were accepted, ever. */
  connections = 0;
  /** What came with the last Check or Watch. */
  lastMetadata: Metadata | null = null;
  lastAuthority: string | null = null;
  /** Milliseconds that the last Check's deadline left when it came in; Infinity without one. */
  lastDeadlineMs: number | null = null;

  readonly #options: GrpcBackendOptions;
  readonly #statuses: Map<string, ServingWord>;
  readonly #grpc: Server;
  readonly #injector: ConnectionInjector;
  readonly #sockets = new Set<Socket>();
  readonly #watchers = new Set<Watcher>();
  readonly #timers = new Set<NodeJS.Timeout>();
  #listener: NetServer | null = null;
  #address: Address | null = null;

  private constructor(options: GrpcBackendOptions) {
    this.#options = options;
    this.#statuses = new Map(Object.entries(options.services ?? { '': 'SERVING' }));
    this.#grpc = new Server(options.serverOptions);
    if (options.health ?? true) {
      this.#grpc.addService(healthService(), this.#implementation(options.watch ?? true));
    }
    this.#injector = this.#grpc.createConnectionInjector(createCredentials(options));
  }

  static async start(options: GrpcBackendOptions = {}): Promise<GrpcBackend> {
    const backend = new GrpcBackend(options);
    const host = options.host ?? '127.0.0.1';
    await backend.#listen(host.startsWith('/') ? { path: host } : { host, port: options.port ?? 0 });
    return backend;
  }

  get address(): Address {
    assert.ok(this.#address);
    return this.#address;
  }

  /** Such as `127.0.0.1:40001`. */
  get key(): string {
    return formatAddress(this.address);
  }

  get port(): number {
    assert.equal(this.address.kind, 'tcp');
    return this.address.kind === 'tcp' ? this.address.port : 0;
  }

  get endpoint(): Endpoint {
    return createEndpoint(this.address, null);
  }

  get openConnections(): number {
    return this.#sockets.size;
  }

  get openWatches(): number {
    return this.#watchers.size;
  }

  /** Changes a service and tells those that watch it. */
  setStatus(service: string, word: ServingWord): void {
    this.#statuses.set(service, word);
    for (const call of this.#watchers) {
      if (call.request.service === service) {
        call.write({ status: word });
      }
    }
  }

  /** Ends every Watch with a gRPC status, the connections stay. */
  endWatches(code: status, details = 'ended by the test'): void {
    for (const call of this.#watchers) {
      call.emit('error', { code, details });
    }
  }

  /** Cuts every connection without a word (RST where the system allows it). */
  resetConnections(): void {
    for (const socket of this.#sockets) {
      socket.resetAndDestroy();
    }
  }

  /** Sends GOAWAY on every connection and closes each once its streams are done, or after `graceMs`. */
  drainConnections(graceMs: number): void {
    this.#injector.drain(graceMs);
  }

  /** From now on new connections are refused; those that are open stay. */
  refuse(): void {
    // It closes for good only when its connections are gone, but accepts none from here on.
    this.#listener?.close();
    this.#listener = null;
  }

  /** Dies: no new connections, and the open ones are cut. */
  async die(): Promise<void> {
    const listener = this.#listener;
    this.refuse();
    this.resetConnections();
    if (listener !== null) {
      await once(listener, 'close');
    }
  }

  /** Listens again on the same address. */
  async revive(): Promise<void> {
    const { address } = this;
    await this.#listen(address.kind === 'unix' ? { path: address.path } : { host: address.host, port: address.port });
  }

  /** Waits until clients have left, for a while; a connection that stays open is somebody's leak, and fails the test. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#options.allowLeftovers !== true) {
      const deadline = AbortSignal.timeout(LEFTOVER_DEADLINE_MS);
      while (this.#sockets.size > 0 && !deadline.aborted) {
        await once(this.events, 'disconnection', { signal: deadline }).catch(() => undefined);
      }
    }
    const leftovers = this.#sockets.size;
    await this.die();
    for (const timer of this.#timers) {
      clearTimeout(timer);
    }
    this.#injector.destroy();
    this.#grpc.forceShutdown();
    assert.ok(this.#options.allowLeftovers === true || leftovers === 0, `${leftovers} connections were left open`);
  }

  async #listen(where: { readonly path: string } | { readonly host: string; readonly port: number }): Promise<void> {
    const listener = createServer((socket) => this.#accept(socket));
    listener.listen(where);
    await once(listener, 'listening');
    this.#listener = listener;
    const bound = listener.address();
    assert.ok(bound !== null);
    this.#address =
      typeof bound === 'string' ? { kind: 'unix', path: bound } : { kind: 'tcp', host: bound.address, port: bound.port };
  }

  #accept(socket: Socket): void {
    this.connections += 1;
    this.#sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('close', () => {
      this.#sockets.delete(socket);
      this.events.emit('disconnection');
    });
    this.#injector.injectConnection(socket);
    this.events.emit('connection');
  }

  #implementation(withWatch: boolean): UntypedServiceImplementation {
    const check: handleUnaryCall<HealthRequest, HealthResponse> = (call, callback) => {
      const end = this.#countCheck(call.request.service);
      call.once('cancelled', end);
      this.lastMetadata = call.metadata;
      this.lastAuthority = call.getHost();
      const deadline = call.getDeadline();
      this.lastDeadlineMs = (deadline instanceof Date ? deadline.getTime() : deadline) - Date.now();
      this.#behave(this.check, call.getPeer(), (error) => {
        end();
        const word = this.#statuses.get(call.request.service);
        if (error !== null) {
          callback(error);
        } else if (word === undefined) {
          callback({ code: status.NOT_FOUND, details: 'unknown service' });
        } else {
          callback(null, { status: word });
        }
      });
    };
    const watch: handleServerStreamingCall<HealthRequest, HealthResponse> = (call) => {
      this.watches += 1;
      this.lastMetadata = call.metadata;
      this.lastAuthority = call.getHost();
      this.#watchers.add(call);
      // grpc-js emits `cancelled` for every stream that ended, however it did.
      call.once('cancelled', () => {
        this.#watchers.delete(call);
        this.events.emit('watchEnd', call.request.service);
      });
      this.#behave(this.watch, call.getPeer(), (error) => {
        if (error === null) {
          call.write({ status: this.#statuses.get(call.request.service) ?? 'SERVICE_UNKNOWN' });
        } else {
          call.emit('error', error);
        }
      });
      this.events.emit('watch', call.request.service);
    };
    return withWatch ? { check, watch } : { check };
  }

  #countCheck(service: string): () => void {
    this.checks += 1;
    this.checksInFlight += 1;
    this.maxChecksInFlight = Math.max(this.maxChecksInFlight, this.checksInFlight);
    this.events.emit('check', service);
    let ended = false;
    return () => {
      this.checksInFlight -= ended ? 0 : 1;
      ended = true;
    };
  }

  #behave(
    behaviour: CallBehaviour,
    peer: string,
    answer: (error: { readonly code: status; readonly details: string } | null) => void,
  ): void {
    switch (behaviour.kind) {
      case 'answer':
        answer(null);
        return;
      case 'error':
        answer({ code: behaviour.code, details: behaviour.details ?? '' });
        return;
      case 'delay': {
        const timer = setTimeout(() => {
          this.#timers.delete(timer);
          answer(null);
        }, behaviour.delayMs);
        this.#timers.add(timer);
        return;
      }
      case 'resetConnection':
        for (const socket of this.#sockets) {
          if (peer.endsWith(`:${socket.remotePort}`)) {
            socket.resetAndDestroy();
          }
        }
        return;
      case 'hang':
    }
  }
}

function createCredentials(options: GrpcBackendOptions): ServerCredentials {
  if (options.tls === undefined) {
    return ServerCredentials.createInsecure();
  }
  const pair = { cert_chain: options.tls.cert, private_key: options.tls.key };
  return ServerCredentials.createSsl(options.clientCa ?? null, [pair], options.clientCa !== undefined);
}

function healthService(): ServiceDefinition {
  const definition = loadSync(HEALTH_PROTO, { enums: String, defaults: true })['grpc.health.v1.Health'];
  assert.ok(definition !== undefined && !('format' in definition));
  return definition;
}
