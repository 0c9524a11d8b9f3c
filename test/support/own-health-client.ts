import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { fileURLToPath } from 'node:url';
import {
  type ChannelOptions,
  Client,
  type ClientReadableStream,
  credentials,
  Metadata,
  type ServiceDefinition,
  type ServiceError,
} from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';

const PROTO = fileURLToPath(new URL('../../protos/health.proto', import.meta.url));
const DEADLINE_MS = 5_000;

/** grpc-js as a client of the bridge's own grpc.health.v1, with a connection of its own. */
export class OwnHealthClient implements Disposable {
  readonly #client: Client;
  readonly #service = loadHealth();

  /** @param url of a cleartext listener, such as `http://127.0.0.1:8080`. */
  constructor(url: string, options: ChannelOptions = {}) {
    this.#client = new Client(new URL(url).host, credentials.createInsecure(), {
      'grpc.use_local_subchannel_pool': 1,
      ...options,
    });
  }

  /** The word, or the number and the text of the status that it fails with. */
  async check(service: string): Promise<string> {
    const reply = await this.#call('Check', { service });
    return typeof reply === 'string' ? reply : word(reply);
  }

  /** The words by name, or how it fails. */
  async list(): Promise<Readonly<Record<string, string>> | string> {
    const reply = await this.#call('List', {});
    if (typeof reply === 'string') {
      return reply;
    }
    assert.ok('statuses' in reply && typeof reply.statuses === 'object' && reply.statuses !== null);
    return Object.fromEntries(Object.entries(reply.statuses).map(([name, each]) => [name, word(each)]));
  }

  /** A unary call of any path with an empty message: OK, or how it fails. */
  async ask(path: string): Promise<string> {
    const reply = await this.#unary(path, {}, 'Check');
    return typeof reply === 'string' ? reply : 'OK';
  }

  /** @param deadlineMs how long it may last; any time unless given. */
  watch(service: string, deadlineMs?: number): Watched {
    const { path, requestSerialize, responseDeserialize } = this.#method('Watch');
    const options = deadlineMs === undefined ? {} : { deadline: Date.now() + deadlineMs };
    return new Watched(
      this.#client.makeServerStreamRequest<object, object>(
        path,
        requestSerialize,
        responseDeserialize,
        { service },
        new Metadata(),
        options,
      ),
    );
  }

  [Symbol.dispose](): void {
    this.#client.close();
  }

  #call(name: string, request: object): Promise<object | string> {
    return this.#unary(this.#method(name).path, request, name);
  }

  #unary(path: string, request: object, name: string): Promise<object | string> {
    const { requestSerialize, responseDeserialize } = this.#method(name);
    return new Promise((resolve) => {
      const done = (error: ServiceError | null, reply?: object): void => resolve(reply ?? `${error?.code} ${error?.details}`);
      this.#client.makeUnaryRequest(
        path,
        requestSerialize,
        responseDeserialize,
        request,
        { deadline: Date.now() + DEADLINE_MS },
        done,
      );
    });
  }

  #method(name: string): ServiceDefinition[string] {
    const method = this.#service[name];
    assert.ok(method !== undefined, name);
    return method;
  }
}

/** What a Watch has said. */
export class Watched {
  /** Words, and at last how it ended. */
  readonly said: string[] = [];
  readonly call: ClientReadableStream<object>;
  readonly #events = new EventEmitter<{ said: [] }>();

  constructor(call: ClientReadableStream<object>) {
    this.call = call;
    call.on('data', (reply: object) => this.#say(word(reply)));
    call.on('error', (error: ServiceError) => this.#say(`${error.code} ${error.details}`));
  }

  /** Resolves once it has said so much. */
  async until(count: number): Promise<readonly string[]> {
    const signal = AbortSignal.timeout(DEADLINE_MS);
    while (this.said.length < count) {
      await once(this.#events, 'said', { signal }).catch(() => assert.fail(`wanted ${count}, said ${this.said.join(' | ')}`));
    }
    return this.said;
  }

  #say(what: string): void {
    this.said.push(what);
    this.#events.emit('said');
  }
}

function word(reply: unknown): string {
  assert.ok(typeof reply === 'object' && reply !== null && 'status' in reply);
  return String(reply.status);
}

function loadHealth(): ServiceDefinition {
  const service = loadSync(PROTO, { enums: String, defaults: true })['grpc.health.v1.Health'];
  assert.ok(service !== undefined && !('format' in service) && !('type' in service));
  return Object.fromEntries(Object.entries(service));
}
