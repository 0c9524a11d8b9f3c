import {
  type ChannelCredentials,
  Client,
  type ClientDuplexStream,
  credentials,
  Metadata,
  type ServiceError,
  status,
} from '@grpc/grpc-js';
import { ECHO } from './peers/echo-service.ts';

/** How a call ended. */
export interface EchoEnd {
  readonly code: status;
  readonly details: string;
  readonly message: Buffer | null;
  readonly trailers: Metadata;
}

/** What a call is made with. */
export interface EchoCallOptions {
  /** For `x-call`. */
  readonly call?: string;
  readonly metadata?: Metadata;
  /** Milliseconds, default 10 000. */
  readonly timeoutMs?: number;
  readonly method?: 'once' | 'hang';
  readonly signal?: AbortSignal;
}

/** A grpc-js client of EchoBackend, with a connection of its own. */
export class EchoClient implements Disposable {
  readonly #client: Client;

  /** `security`: default cleartext. */
  constructor(
    port: number,
    options: Readonly<Record<string, string | number>> = {},
    security: ChannelCredentials = credentials.createInsecure(),
  ) {
    this.#client = new Client(`127.0.0.1:${port}`, security, {
      'grpc.use_local_subchannel_pool': 1,
      'grpc.enable_retries': 0,
      'grpc.max_receive_message_length': -1,
      ...options,
    });
  }

  unary(message: Buffer, options: EchoCallOptions = {}): Promise<EchoEnd> {
    const { path, requestSerialize, responseDeserialize } = ECHO[options.method ?? 'once'];
    const metadata = options.metadata ?? new Metadata();
    if (options.call !== undefined) {
      metadata.set('x-call', options.call);
    }
    return new Promise((resolve) => {
      let answer: Buffer | null = null;
      const call = this.#client.makeUnaryRequest(
        path,
        requestSerialize,
        responseDeserialize,
        message,
        metadata,
        { deadline: Date.now() + (options.timeoutMs ?? 10_000) },
        (_error: ServiceError | null, value?: Buffer) => {
          answer = value ?? null;
        },
      );
      options.signal?.addEventListener('abort', () => call.cancel(), { once: true });
      call.once('status', ({ code, details, metadata: trailers }) =>
        // The callback, which has the message, runs after this event.
        setImmediate(() => resolve({ code, details, message: answer, trailers })),
      );
    });
  }

  duplex(): ClientDuplexStream<Buffer, Buffer> {
    const { path, requestSerialize, responseDeserialize } = ECHO.each;
    return this.#client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize, new Metadata(), {
      deadline: Date.now() + 20_000,
    });
  }

  [Symbol.dispose](): void {
    this.#client.close();
  }
}

/** Makes that many calls, so many at a time. */
export async function runCalls(count: number, atATime: number, call: (index: number) => Promise<void>): Promise<void> {
  let next = 0;
  const work = async (): Promise<void> => {
    while (next < count) {
      await call(next++);
    }
  };
  await Promise.all(Array.from({ length: atATime }, work));
}
