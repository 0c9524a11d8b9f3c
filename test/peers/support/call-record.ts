import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort } from './free-ports.ts';
import { HealthPeer, type PeerChange } from './health-peer.ts';
import type { WorkFolder } from './work-folder.ts';

/** A grpc-go server at a fixed address that is stopped, killed and started again, and of which every call is on record. */
export class RecordedBackend implements AsyncDisposable {
  readonly port: number;
  readonly #record: string;
  #peer: HealthPeer | null = null;

  private constructor(port: number, record: string) {
    this.port = port;
    this.#record = record;
  }

  /** Nothing runs yet. */
  static async create(folder: WorkFolder, name: string): Promise<RecordedBackend> {
    await folder.write(name, '');
    return new RecordedBackend(await freePort(), join(folder.path, name));
  }

  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  async start(): Promise<void> {
    this.#peer = await HealthPeer.start('grpc-go', { listen: [this.address], record: this.#record });
  }

  /** Changes what it answers to checks; it must run. */
  async set(change: PeerChange): Promise<void> {
    await this.#peer?.set(change);
  }

  /** Tells its clients to go, and returns when the last call has been answered. */
  async stop(): Promise<void> {
    this.#peer?.child.signal('SIGTERM');
    await this.#peer?.child.exit(20_000);
  }

  /** Ends it with whatever is under way. */
  async kill(): Promise<void> {
    await this.#peer?.child.kill();
  }

  /** Call ids in the order in which they came in; one that stands twice has been executed twice. */
  async begun(): Promise<readonly string[]> {
    const lines = (await readFile(this.#record, 'utf8')).split('\n');
    return lines.filter((line) => line.startsWith('begin ')).map((line) => line.slice('begin '.length));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
  }
}
