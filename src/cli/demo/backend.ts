import {
  type handleServerStreamingCall,
  type handleUnaryCall,
  Server,
  ServerCredentials,
  type ServerWritableStream,
  status,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { createEcho } from './echo.ts';
import { loadService } from './proto.ts';

interface HealthRequest {
  readonly service: string;
}

interface HealthResponse {
  readonly status: 'SERVING' | 'NOT_SERVING';
}

/** The service that the quickstart calls and checks. */
export const DEMO_SERVICE = 'demo.Echo';

/**
 * A small gRPC server on loopback that says who it is, and whose health can be turned off and on: what the quickstart puts behind the bridge.
 * It serves calls whatever its health is, as many servers do: keeping calls away is the bridge's work.
 */
export class DemoBackend {
  readonly #server = new Server();
  readonly #watchers = new Set<ServerWritableStream<HealthRequest, HealthResponse>>();
  readonly #services: ReadonlySet<string> = new Set(['', DEMO_SERVICE]);
  #serving = true;

  /** @param name what it answers that it is called. */
  constructor(name: string) {
    this.#server.addService(loadService('health.proto', 'grpc.health.v1.Health'), this.#implementation());
    this.#server.addService(loadService('echo.proto', DEMO_SERVICE), createEcho(name));
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
