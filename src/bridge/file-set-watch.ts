import { createHash } from 'node:crypto';
import { dirname } from 'node:path';
import type { FileWatch, WatchedFiles } from '../discovery/file-watch.ts';
import type { Clock } from '../util/clock.ts';

export interface FileSetWatchDeps {
  readonly clock: Clock;
  readonly files: WatchedFiles;
  /** What the files hold has changed, or whether they can be read. Awaited before anything else is looked at; must not reject. */
  readonly onChange: () => Promise<void>;
}

/** How often the files are read where no change was told: the watch of a folder may not work, as on some network drives. Milliseconds. */
export const FILES_POLL_MS = 10_000;
/** A writer may need several writes, and a pair of files two: so long nothing must have happened before they are read. Milliseconds. */
export const FILES_QUIET_MS = 100;
/** Files that never come to rest are read after this long all the same. Milliseconds. */
export const FILES_RESTLESS_MS = 2000;

/** Tells when files change, also when Kubernetes swaps the link `..data` beside them. */
export class FileSetWatch {
  readonly #deps: FileSetWatchDeps;
  #paths: readonly string[] = [];
  /** One for each folder. */
  #watches = new Map<string, FileWatch>();
  /** What the files held when they were read last; null before that. */
  #hash: string | null = null;
  #wake = new AbortController();
  readonly #stop = new AbortController();
  #isRunning = false;
  /** What `onChange` is about. */
  #dealing: Promise<void> | null = null;

  constructor(deps: FileSetWatchDeps) {
    this.#deps = deps;
  }

  /**
   * From now on these are watched. The first look counts as a change, as the files may have changed between being read for use and being
   * watched. Twice one after the other is fine.
   */
  watch(paths: readonly string[]): void {
    const next = [...new Set(paths)].toSorted();
    if (this.#stop.signal.aborted || next.join('\0') === this.#paths.join('\0')) {
      return;
    }
    this.#paths = next;
    this.#hash = null;
    const folders = new Map(next.map((path) => [dirname(path), path]));
    for (const [folder, watch] of this.#watches) {
      if (!folders.has(folder)) {
        watch.close();
        this.#watches.delete(folder);
      }
    }
    for (const [folder, path] of folders) {
      if (!this.#watches.has(folder)) {
        this.#watches.set(
          folder,
          this.#deps.files.watch(path, () => this.#wake.abort()),
        );
      }
    }
    this.#wake.abort();
    if (!this.#isRunning) {
      this.#isRunning = true;
      // It ends by `close` alone and rejects never: what it calls does not.
      void this.#run();
    }
  }

  /** Tells nothing more; resolves when what was told of has been dealt with. May be called again. */
  async close(): Promise<void> {
    this.#stop.abort();
    for (const watch of this.#watches.values()) {
      watch.close();
    }
    // A file on a network drive may never be read: that is not waited for.
    await this.#dealing;
  }

  async #run(): Promise<void> {
    const { clock } = this.#deps;
    const { signal } = this.#stop;
    while (!isOver(signal)) {
      await this.#untilQuiet();
      if (!isOver(signal)) {
        await this.#look();
      }
      await clock.sleep(FILES_POLL_MS, AbortSignal.any([signal, this.#wake.signal]));
      await Promise.all([...this.#watches.values()].map((watch) => watch.renew()));
    }
  }

  /** Resolves when nothing has been told for a while. */
  async #untilQuiet(): Promise<void> {
    const { clock } = this.#deps;
    const { signal } = this.#stop;
    const deadline = clock.now() + FILES_RESTLESS_MS;
    do {
      this.#wake = new AbortController();
      await clock.sleep(FILES_QUIET_MS, signal);
    } while (isOver(this.#wake.signal) && !isOver(signal) && clock.now() < deadline);
  }

  async #look(): Promise<void> {
    const paths = this.#paths;
    const hash = createHash('sha256');
    for (const path of paths) {
      const content = await this.#deps.files.read(path);
      hash.update(content.kind === 'content' ? content.octets : content.reason).update('\0');
    }
    const digest = hash.digest('hex');
    if (digest !== this.#hash && paths === this.#paths && !isOver(this.#stop.signal)) {
      this.#hash = digest;
      this.#dealing = this.#deps.onChange();
      await this.#dealing;
    }
  }
}

/** A function, as the compiler takes the word of a property for ever. */
function isOver(signal: AbortSignal): boolean {
  return signal.aborted;
}
