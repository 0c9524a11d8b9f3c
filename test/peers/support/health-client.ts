import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import {
  type ChannelCredentials,
  Client,
  credentials,
  Metadata,
  type MethodDefinition,
  type requestCallback,
} from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';

const HEALTH_PROTO = fileURLToPath(new URL('../../../protos/health.proto', import.meta.url));
const DEADLINE_MS = 3_000;

/** A plain grpc-js client, to ask a peer directly what the bridge will be told. Statuses are the words of grpc.health.v1. */
export class HealthClient {
  readonly #client: Client;

  constructor(address: string, channelCredentials: ChannelCredentials = credentials.createInsecure()) {
    this.#client = new Client(address, channelCredentials, { 'grpc.use_local_subchannel_pool': 1 });
  }

  /** The word, or rejects with grpc-js's ServiceError. */
  check(service: string, timeoutMs = DEADLINE_MS): Promise<string> {
    const { path, requestSerialize, responseDeserialize } = healthMethod('Check');
    const decode = (octets: Buffer): string => readWord(responseDeserialize(octets));
    return settle((callback) => {
      const deadline = Date.now() + timeoutMs;
      this.#client.makeUnaryRequest(path, requestSerialize, decode, { service }, new Metadata(), { deadline }, callback);
    });
  }

  /** The words in the order they come, until the stream ends or the caller stops. */
  async *watch(service: string): AsyncGenerator<string> {
    const { path, requestSerialize, responseDeserialize } = healthMethod('Watch');
    const decode = (octets: Buffer): string => readWord(responseDeserialize(octets));
    const deadline = Date.now() + DEADLINE_MS;
    const call = this.#client.makeServerStreamRequest(path, requestSerialize, decode, { service }, new Metadata(), { deadline });
    try {
      for await (const word of call) {
        yield String(word);
      }
    } finally {
      // The end that this makes is nobody's failure.
      call.on('error', () => undefined);
      call.cancel();
    }
  }

  /** One message of octets to a method that nobody declared, and the one that comes back. */
  echo(path: string, message: Buffer): Promise<Buffer> {
    return settle((callback) => {
      this.#client.makeUnaryRequest(path, same, same, message, new Metadata(), { deadline: Date.now() + DEADLINE_MS }, callback);
    });
  }

  [Symbol.dispose](): void {
    this.#client.close();
  }
}

function settle<T>(start: (callback: requestCallback<T>) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    start((error, value) => {
      if (error === null && value !== undefined) {
        resolve(value);
      } else {
        reject(error ?? new Error('neither a message nor an error'));
      }
    });
  });
}

function same(octets: Buffer): Buffer {
  return octets;
}

function readWord(message: object): string {
  assert.ok('status' in message && typeof message.status === 'string');
  return message.status;
}

function healthMethod(name: 'Check' | 'Watch'): MethodDefinition<object, object> {
  const service = loadSync(HEALTH_PROTO, { enums: String, defaults: true })['grpc.health.v1.Health'];
  assert.ok(service !== undefined && typeof service['format'] !== 'string');
  const method = service[name];
  assert.ok(method !== undefined && 'path' in method);
  return method;
}
