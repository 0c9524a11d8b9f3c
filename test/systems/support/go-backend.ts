import { readFile } from 'node:fs/promises';
import { HealthPeer } from '../../peers/support/health-peer.ts';
import type { WorkFolder } from '../../peers/support/work-folder.ts';

/** A grpc-go server at an address of the test's choice, which echoes every method and has each call with an `x-call-id` on record. */
export class GoBackend implements AsyncDisposable {
  readonly peer: HealthPeer;
  readonly #record: string;

  private constructor(peer: HealthPeer, record: string) {
    this.peer = peer;
    this.#record = record;
  }

  static async start(folder: WorkFolder, address: string): Promise<GoBackend> {
    const record = await folder.write(`calls-${address}`, '');
    return new GoBackend(await HealthPeer.start('grpc-go', { listen: [address], record }), record);
  }

  /** How many calls it has begun. */
  async calls(): Promise<number> {
    return (await readFile(this.#record, 'utf8')).split('\n').filter((line) => line.startsWith('begin ')).length;
  }

  /** Ends it with whatever is under way. */
  async kill(): Promise<void> {
    await this.peer.child.kill();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
  }
}
