import assert from 'node:assert/strict';
import type { EventEmitter } from 'node:events';
import {
  type ChannelCredentials,
  Client,
  type ClientDuplexStream,
  type ClientOptions,
  type ClientReadableStream,
  type ClientWritableStream,
  credentials,
  Metadata,
  type MethodDefinition,
} from '@grpc/grpc-js';
import {
  type SimpleRequest,
  type SimpleResponse,
  type StreamingInputCallRequest,
  type StreamingInputCallResponse,
  type StreamingOutputCallRequest,
  type StreamingOutputCallResponse,
  testService,
} from './service.ts';

/** No case takes longer. */
const DEADLINE_MS = 10_000;

/** How a call ended, with everything that came. */
export interface CallEnd<T> {
  readonly code: number;
  readonly details: string;
  readonly initial: Metadata;
  readonly trailing: Metadata;
  readonly message: T | null;
}

export interface UnaryOptions {
  readonly metadata?: Metadata;
  readonly timeoutMs?: number;
}

/** A grpc-js client of gRPC's interop service. */
export class InteropClient implements Disposable {
  readonly #client: Client;

  constructor(port: number, ca?: Buffer, options: ClientOptions = {}) {
    const channelCredentials: ChannelCredentials = ca === undefined ? credentials.createInsecure() : credentials.createSsl(ca);
    this.#client = new Client(`localhost:${port}`, channelCredentials, { 'grpc.use_local_subchannel_pool': 1, ...options });
  }

  empty(options: UnaryOptions = {}): Promise<CallEnd<object>> {
    return this.#unary(methodOf('EmptyCall'), {}, options);
  }

  unary(request: SimpleRequest, options: UnaryOptions = {}): Promise<CallEnd<SimpleResponse>> {
    return this.#unary(methodOf('UnaryCall'), request, options);
  }

  /** A unary call to any path, with an empty message. */
  unaryAt(path: string): Promise<CallEnd<object>> {
    return this.#unary({ ...methodOf<object, object>('EmptyCall'), path }, {}, {});
  }

  /** `done` settles with the end of the call. */
  upload(): { call: ClientWritableStream<StreamingInputCallRequest>; done: Promise<CallEnd<StreamingInputCallResponse>> } {
    const method = methodOf<StreamingInputCallRequest, StreamingInputCallResponse>('StreamingInputCall');
    const { promise: done, resolve } = Promise.withResolvers<CallEnd<StreamingInputCallResponse>>();
    let message: StreamingInputCallResponse | null = null;
    const call = this.#client.makeClientStreamRequest(
      method.path,
      method.requestSerialize,
      method.responseDeserialize,
      new Metadata(),
      { deadline: Date.now() + DEADLINE_MS },
      (_, value) => {
        message = value ?? null;
      },
    );
    void endOf(call).then((end) => resolve({ ...end, message }));
    return { call, done };
  }

  download(request: StreamingOutputCallRequest): ClientReadableStream<StreamingOutputCallResponse> {
    const method = methodOf<StreamingOutputCallRequest, StreamingOutputCallResponse>('StreamingOutputCall');
    return this.#client.makeServerStreamRequest(
      method.path,
      method.requestSerialize,
      method.responseDeserialize,
      request,
      new Metadata(),
      { deadline: Date.now() + DEADLINE_MS },
    );
  }

  duplex(options: UnaryOptions = {}): ClientDuplexStream<StreamingOutputCallRequest, StreamingOutputCallResponse> {
    const method = methodOf<StreamingOutputCallRequest, StreamingOutputCallResponse>('FullDuplexCall');
    return this.#client.makeBidiStreamRequest(
      method.path,
      method.requestSerialize,
      method.responseDeserialize,
      options.metadata ?? new Metadata(),
      { deadline: Date.now() + (options.timeoutMs ?? DEADLINE_MS) },
    );
  }

  [Symbol.dispose](): void {
    this.#client.close();
  }

  async #unary<Q, R>(method: MethodDefinition<Q, R>, request: Q, options: UnaryOptions): Promise<CallEnd<R>> {
    let message: R | null = null;
    const call = this.#client.makeUnaryRequest(
      method.path,
      method.requestSerialize,
      method.responseDeserialize,
      request,
      options.metadata ?? new Metadata(),
      { deadline: Date.now() + (options.timeoutMs ?? DEADLINE_MS) },
      (_, value) => {
        message = value ?? null;
      },
    );
    return { ...(await endOf(call)), message };
  }
}

/** Waits for the end of a call of any shape. Messages must be read by somebody else. */
export function endOf(call: EventEmitter): Promise<Omit<CallEnd<never>, 'message'>> {
  let initial = new Metadata();
  call.once('metadata', (metadata: Metadata) => {
    initial = metadata;
  });
  call.on('error', () => undefined);
  return new Promise((resolve) => {
    call.once('status', ({ code, details, metadata }: { code: number; details: string; metadata: Metadata }) =>
      // The callback of a call, which has its message, runs after this event.
      setImmediate(() => resolve({ code, details, initial, trailing: metadata })),
    );
  });
}

function methodOf<Q, R>(name: string): MethodDefinition<Q, R> {
  const method = testService()[name];
  assert.ok(method !== undefined);
  // The file test.proto says what its messages are; service.ts repeats it as types.
  return method;
}
