import { Client, credentials, type ServiceError } from '@grpc/grpc-js';
import { loadService } from '../../src/cli/demo/proto.ts';

/** `demo.EchoReply`. */
export interface EchoReply {
  readonly text: string;
  readonly backend: string;
}

const DEADLINE_MS = 5_000;
const ECHO = loadService('echo.proto', 'demo.Echo');

/** A grpc-js client of the quickstart's service, with a connection of its own. Certificates are not verified. */
export class DemoClient implements Disposable {
  readonly #client: Client;

  constructor(target: string, security: 'plain' | 'tls') {
    const chosen =
      security === 'plain'
        ? credentials.createInsecure()
        : credentials.createSsl(null, null, null, { rejectUnauthorized: false, checkServerIdentity: () => undefined });
    this.#client = new Client(target, chosen, {
      'grpc.use_local_subchannel_pool': 1,
      // Addresses are no server names (RFC 6066, section 3).
      'grpc.ssl_target_name_override': 'localhost',
    });
  }

  say(text: string): Promise<EchoReply> {
    return this.call('/demo.Echo/Say', text);
  }

  /** A unary call of any path, with the messages of Say. Rejects with a ServiceError. */
  call(path: string, text = ''): Promise<EchoReply> {
    const { promise, resolve, reject } = Promise.withResolvers<EchoReply>();
    const { requestSerialize, responseDeserialize } = methodOf('Say');
    const answered = (error: ServiceError | null, reply?: EchoReply): void =>
      reply === undefined ? reject(error) : resolve(reply);
    this.#client.makeUnaryRequest(path, requestSerialize, responseDeserialize, { text }, deadline(), answered);
    return promise;
  }

  /** One stream: all messages, and every reply. */
  async chat(texts: readonly string[]): Promise<readonly EchoReply[]> {
    const { path, requestSerialize, responseDeserialize } = methodOf('Chat');
    const call = this.#client.makeBidiStreamRequest<object, EchoReply>(path, requestSerialize, responseDeserialize, deadline());
    for (const text of texts) {
      call.write({ text });
    }
    call.end();
    return await call.toArray();
  }

  [Symbol.dispose](): void {
    this.#client.close();
  }
}

function methodOf(name: string): (typeof ECHO)[string] {
  const method = ECHO[name];
  if (method === undefined) {
    throw new Error(`demo.Echo has no method ${name}`);
  }
  return method;
}

function deadline(): { readonly deadline: number } {
  return { deadline: Date.now() + DEADLINE_MS };
}
