import assert from 'node:assert/strict';
import { Client, credentials, Metadata, status } from '@grpc/grpc-js';
import { Child } from '../../peers/support/child.ts';
import { builtTool } from '../../peers/support/tools.ts';
import type { WorkFolder } from '../../peers/support/work-folder.ts';

/** A call that takes longer is lost. */
const DEADLINE_MS = 5_000;

const MESSAGE = Buffer.from([0x0a, 4, 0x68, 0x65, 0x72, 0x65]);

const same = (octets: Buffer): Buffer => octets;

/** What calls came to: how often each status, and how long the slowest took. */
export interface Outcome {
  readonly codes: string;
  readonly slowestMs: number;
}

/** A grpc-js client in cleartext: one connection. */
export class JsClient implements Disposable {
  readonly #client: Client;

  /** @param port of 127.0.0.1. */
  constructor(port: number) {
    this.#client = new Client(`127.0.0.1:${port}`, credentials.createInsecure(), {
      'grpc.use_local_subchannel_pool': 1,
      'grpc.enable_retries': 0,
    });
  }

  /** Calls a method one after the other. */
  async call(path: string, count: number): Promise<Outcome> {
    const codes = new Map<status, number>();
    let slowestMs = 0;
    for (let index = 0; index < count; index += 1) {
      const begun = performance.now();
      const code = await this.#once(path, `js-${index}`);
      slowestMs = Math.max(slowestMs, performance.now() - begun);
      codes.set(code, (codes.get(code) ?? 0) + 1);
    }
    return { codes: [...codes].map(([code, times]) => `${times} ${status[code]}`).join(', '), slowestMs };
  }

  [Symbol.dispose](): void {
    this.#client.close();
  }

  #once(path: string, id: string): Promise<status> {
    const metadata = new Metadata();
    metadata.set('x-call-id', id);
    const options = { deadline: Date.now() + DEADLINE_MS };
    return new Promise((resolve) => {
      const call = this.#client.makeUnaryRequest(path, same, same, MESSAGE, metadata, options, () => undefined);
      call.once('status', ({ code }) => resolve(code));
    });
  }
}

/** Calls a method such as `/router.Router/Find` with ghz, a grpc-go client, over one connection, four at a time. */
export async function callWithGo(folder: WorkFolder, port: number, path: string, count: number): Promise<string> {
  const [, service = '', method = ''] = /^\/(.*)\/(.*)$/.exec(path) ?? [];
  const [, name = '', short = ''] = /^(.*)\.(.*)$/.exec(service) ?? [];
  const proto = await folder.write(
    `${service}.proto`,
    `syntax = "proto3"; package ${name}; message Place { string name = 1; } service ${short} { rpc ${method}(Place) returns (Place); }`,
  );
  const call = ['--proto', proto, '--call', `${service}.${method}`, '-d', '{"name":"here"}'];
  const id = ['-m', '{"x-call-id":"go-{{.RequestNumber}}"}'];
  const load = ['-n', String(count), '-c', '4', '--connections', '1', '--insecure', '--format', 'json'];
  await using ghz = await Child.start(builtTool('ghz'), [...call, ...id, ...load, `127.0.0.1:${port}`]);
  const { code } = await ghz.exit(20_000);
  assert.equal(code, 0, ghz.stderr);
  const { statusCodeDistribution }: { statusCodeDistribution: Readonly<Record<string, number>> } = JSON.parse(ghz.stdout);
  return Object.entries(statusCodeDistribution)
    .map(([word, times]) => `${times} ${word}`)
    .join(', ');
}
