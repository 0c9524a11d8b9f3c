import {
  type handleUnaryCall,
  Server,
  ServerCredentials,
  type ServiceDefinition,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';

/** Messages of HealthCheckResponse: field 1 is SERVING, or NOT_SERVING. */
const SERVING = Buffer.of(0x08, 1);
const NOT_SERVING = Buffer.of(0x08, 2);

const same = (octets: Buffer): Buffer => octets;

function unary(path: string): ServiceDefinition {
  return {
    [path]: {
      path,
      requestStream: false,
      responseStream: false,
      requestSerialize: same,
      requestDeserialize: same,
      responseSerialize: same,
      responseDeserialize: same,
    },
  };
}

/** A grpc-js server that echoes some methods, counts their calls, and answers `Check` for every service; it has no `Watch`. */
export class JsBackend implements AsyncDisposable {
  readonly address: string;
  /** Calls that it has executed, health checks aside. */
  calls = 0;
  isServing = true;
  readonly #server: Server;

  private constructor(address: string, paths: readonly string[]) {
    this.address = address;
    this.#server = new Server();
    const check: handleUnaryCall<Buffer, Buffer> = (_call, callback) => callback(null, this.isServing ? SERVING : NOT_SERVING);
    const echo: handleUnaryCall<Buffer, Buffer> = (call, callback) => {
      this.calls++;
      callback(null, call.request);
    };
    this.#serve('/grpc.health.v1.Health/Check', check);
    for (const path of paths) {
      this.#serve(path, echo);
    }
  }

  /** Listens on an address such as `127.0.0.1:50051` for calls of `paths`. */
  static async start(address: string, paths: readonly string[]): Promise<JsBackend> {
    const backend = new JsBackend(address, paths);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    backend.#server.bindAsync(address, ServerCredentials.createInsecure(), (error) =>
      error === null ? resolve() : reject(error),
    );
    await promise;
    return backend;
  }

  /** Ends it with whatever is under way. */
  die(): void {
    this.#server.forceShutdown();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.die();
  }

  #serve(path: string, run: handleUnaryCall<Buffer, Buffer>): void {
    const implementation: UntypedServiceImplementation = { [path]: run };
    this.#server.addService(unary(path), implementation);
  }
}
