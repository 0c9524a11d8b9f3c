import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A folder for the files that other programs read; it goes with the test. */
export class WorkFolder {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  static async create(): Promise<WorkFolder> {
    return new WorkFolder(await mkdtemp(join(tmpdir(), 'bridge-peers-')));
  }

  /** Writes a file and returns its path. */
  async write(name: string, content: string | Buffer): Promise<string> {
    const path = join(this.path, name);
    await writeFile(path, content);
    return path;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.path, { recursive: true });
  }
}
