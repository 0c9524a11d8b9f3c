import assert from 'node:assert/strict';
import { status } from '@grpc/grpc-js';
import { RecordedBackend } from './call-record.ts';
import { curl } from './curl.ts';
import { eventually } from './eventually.ts';
import type { RouterClient } from './router-client.ts';
import type { WorkFolder } from './work-folder.ts';

/** The service that the backends report on. */
export const SERVICE = 'route.Router';

const BACKENDS = 3;
const CALLS = 30;

/** One line of the table. */
export interface Phase {
  readonly name: string;
  /** Of `GET /` before the calls, with its body. */
  readonly health: string;
  /** Calls that each backend has executed. */
  readonly calls: readonly number[];
  /** How often each gRPC status came. */
  readonly codes: string;
}

/** What production has behind one address: three servers, a client of theirs, and a load balancer that asks `GET /`. */
export class SystemS2 implements AsyncDisposable {
  readonly backends: readonly RecordedBackend[];
  readonly phases: Phase[] = [];

  private constructor(backends: readonly RecordedBackend[]) {
    this.backends = backends;
  }

  static async start(folder: WorkFolder): Promise<SystemS2> {
    const names = Array.from({ length: BACKENDS }, (_, index) => `calls-${index}`);
    const backends = await Promise.all(names.map((name) => RecordedBackend.create(folder, name)));
    const system = new SystemS2(backends);
    for (const backend of backends) {
      await backend.start();
      await backend.set({ statuses: { [SERVICE]: 'SERVING' } });
    }
    return system;
  }

  get addresses(): readonly string[] {
    return this.backends.map(({ address }) => address);
  }

  /** What a backend says of the service from now on. */
  async say(index: number, word: 'SERVING' | 'NOT_SERVING'): Promise<void> {
    await this.#backend(index).set({ statuses: { [SERVICE]: word } });
  }

  /** A backend dies. */
  kill(index: number): Promise<void> {
    return this.#backend(index).kill();
  }

  /** It begins anew, and serves. */
  async revive(index: number): Promise<void> {
    await this.#backend(index).start();
    await this.say(index, 'SERVING');
  }

  /** Calls, and keeps what came of it. */
  async measure(name: string, healthUrl: string, client: RouterClient): Promise<Phase> {
    const { status: code, body, httpVersion } = await probe(healthUrl);
    assert.equal(httpVersion, '2');
    const before = await this.#executed();
    const codes = await client.call(CALLS, name);
    const after = await this.#executed();
    const phase = {
      name,
      health: `${code} ${body}`,
      calls: after.map((count, index) => count - (before[index] ?? 0)),
      codes: [...codes].map(([each, count]) => `${count} ${status[each]}`).join(', '),
    };
    this.phases.push(phase);
    return phase;
  }

  /** One line per phase. */
  get table(): readonly string[] {
    return this.phases.map(({ name, health, calls, codes }) => `${name}: GET / ${health} | calls ${calls.join(' ')} | ${codes}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.backends.map((backend) => backend.kill()));
  }

  #backend(index: number): RecordedBackend {
    const backend = this.backends[index];
    assert.ok(backend !== undefined);
    return backend;
  }

  #executed(): Promise<readonly number[]> {
    return Promise.all(this.backends.map(async (backend) => (await backend.begun()).length));
  }
}

/** `GET` as GKE's load balancer sends it: HTTP/2 over TLS, whatever the certificate. */
export function probe(url: string, ...headers: readonly string[]): ReturnType<typeof curl> {
  const fields = ['user-agent: GoogleHC/1.0', ...headers].flatMap((field) => ['-H', field]);
  return curl('--http2', '-k', ...fields, url);
}

/** Waits for a code and word of `GET`. */
export async function untilHealth(url: string, wanted: '200 ok' | '503 unavailable', deadlineMs = 15_000): Promise<void> {
  await eventually(
    `${url} answers ${wanted}`,
    async () => {
      const answer = await probe(url);
      return `${answer.status} ${answer.body}`;
    },
    (seen) => seen === wanted,
    { deadlineMs },
  );
}
