import { Client, credentials, Metadata, type status } from '@grpc/grpc-js';

/** A call that takes longer is lost. */
const DEADLINE_MS = 5_000;

const MESSAGE = Buffer.from('where to');

/** A grpc-js client of `router.Router` over TLS that takes any certificate, as a load balancer does. One connection. */
export class RouterClient implements Disposable {
  readonly #client: Client;

  /** @param port of 127.0.0.1. */
  constructor(port: number) {
    const anyCertificate = credentials.createSsl(null, null, null, { rejectUnauthorized: false });
    this.#client = new Client(`127.0.0.1:${port}`, anyCertificate, {
      'grpc.use_local_subchannel_pool': 1,
      'grpc.enable_retries': 0,
      // Any name will do, and an address is none.
      'grpc.ssl_target_name_override': 'router.test',
    });
  }

  /** Calls one after the other, each under its own id, and returns how often each status came. */
  async call(count: number, id: string): Promise<ReadonlyMap<status, number>> {
    const codes = new Map<status, number>();
    for (let index = 0; index < count; index += 1) {
      const code = await this.#once(`${id}-${index}`);
      codes.set(code, (codes.get(code) ?? 0) + 1);
    }
    return codes;
  }

  [Symbol.dispose](): void {
    this.#client.close();
  }

  #once(id: string): Promise<status> {
    const metadata = new Metadata();
    metadata.set('x-call-id', id);
    const options = { deadline: Date.now() + DEADLINE_MS };
    return new Promise((resolve) => {
      const call = this.#client.makeUnaryRequest(
        '/router.Router/Find',
        same,
        same,
        MESSAGE,
        metadata,
        options,
        // The status has it all.
        () => undefined,
      );
      call.once('status', ({ code }) => resolve(code));
    });
  }
}

function same(octets: Buffer): Buffer {
  return octets;
}
