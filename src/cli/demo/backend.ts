import { fileURLToPath } from 'node:url';
import {
  type handleServerStreamingCall,
  type handleUnaryCall,
  Server,
  ServerCredentials,
  type ServerWritableStream,
  type ServiceDefinition,
  status,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';

const HEALTH_PROTO = fileURLToPath(new URL('../../../protos/health.proto', import.meta.url));

interface HealthRequest {
  readonly service: string;
}

interface HealthResponse {
  readonly status: 'SERVING' | 'NOT_SERVING';
}

/** A small gRPC server on loopback whose health can be turned off and on: what the quickstart puts behind the bridge. */
export class DemoBackend {
  readonly #server = new Server();
  readonly #watchers = new Set<ServerWritableStream<HealthRequest, HealthResponse>>();
  readonly #services: ReadonlySet<string>;
  #serving = true;

  /** @param services the service names it knows besides the empty one. */
  constructor(services: readonly string[]) {
    this.#services = new Set(['', ...services]);
    this.#server.addService(healthService(), this.#implementation());
  }

  get serving(): boolean {
    return this.#serving;
  }

  /** Binds a free port of 127.0.0.1 and returns it. */
  listen(): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) => {
        if (error === null) {
          resolve(port);
        } else {
          reject(error);
        }
      });
    });
  }

  /** Tells every checker, those that watch at once. */
  setServing(serving: boolean): void {
    this.#serving = serving;
    for (const call of this.#watchers) {
      call.write(this.#response());
    }
  }

  close(): void {
    this.#server.forceShutdown();
  }

  #response(): HealthResponse {
    return { status: this.#serving ? 'SERVING' : 'NOT_SERVING' };
  }

  #implementation(): UntypedServiceImplementation {
    const check: handleUnaryCall<HealthRequest, HealthResponse> = (call, callback) => {
      if (this.#services.has(call.request.service)) {
        callback(null, this.#response());
      } else {
        callback({ code: status.NOT_FOUND, details: 'unknown service' });
      }
    };
    const watch: handleServerStreamingCall<HealthRequest, HealthResponse | { readonly status: 'SERVICE_UNKNOWN' }> = (call) => {
      if (!this.#services.has(call.request.service)) {
        call.write({ status: 'SERVICE_UNKNOWN' });
        return;
      }
      call.write(this.#response());
      this.#watchers.add(call);
      call.once('cancelled', () => {
        this.#watchers.delete(call);
        call.end();
      });
    };
    const list: handleUnaryCall<Record<string, never>, { readonly statuses: Readonly<Record<string, HealthResponse>> }> = (
      _call,
      callback,
    ) => {
      callback(null, { statuses: Object.fromEntries([...this.#services].map((name) => [name, this.#response()])) });
    };
    return { check, watch, list };
  }
}

function healthService(): ServiceDefinition {
  const definition = loadSync(HEALTH_PROTO, { enums: String, defaults: true })['grpc.health.v1.Health'];
  if (definition === undefined || typeof definition['format'] === 'string') {
    throw new Error('protos/health.proto does not declare grpc.health.v1.Health');
  }
  return definition;
}
