import { constants, type FSWatcher, watch } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { toError } from '../errors.ts';

/** Ten thousand endpoints with room to spare; more is the wrong file. Octets. */
export const MAX_ENDPOINT_FILE_BYTES = 1_048_576;

/**
 * Events of one watch, until it is renewed. In a folder where others write all the time, such as one for logs, each write would cost an event:
 * from then on it is only polled for a while.
 */
export const MAX_WATCH_EVENTS = 64;

/** What a file holds now, or why it cannot be read. */
export type FileContent =
  | { readonly kind: 'content'; readonly octets: Buffer }
  | { readonly kind: 'failed'; readonly reason: string };

/** Something that tells of changes until it is closed. */
export interface FileWatch {
  /** Looks whether the folder is still the one that is watched, and watches it again if it was too busy. To be called now and then; never rejects. */
  renew(): Promise<void>;
  close(): void;
}

/** The files of this machine, so that tests can have their own. */
export interface WatchedFiles {
  /** Never rejects. */
  read(path: string): Promise<FileContent>;
  /** `onChange` may be called more often than there are changes, and not for every one: whoever watches also polls. */
  watch(path: string, onChange: () => void): FileWatch;
}

const PROBLEMS: Readonly<Record<string, string>> = {
  ENOENT: 'no such file',
  EACCES: 'permission denied',
  ENOTDIR: 'a folder in its path is none',
  EISDIR: 'is a directory',
  ELOOP: 'its symbolic links lead nowhere',
};

export const systemFiles: WatchedFiles = {
  read: readLimited,
  watch: (path, onChange) => new FolderWatch(dirname(path), onChange),
};

async function readLimited(path: string): Promise<FileContent> {
  try {
    // A pipe without a writer would block a thread for ever otherwise.
    await using file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    if (!(await file.stat()).isFile()) {
      return { kind: 'failed', reason: 'is no file' };
    }
    const buffer = Buffer.alloc(MAX_ENDPOINT_FILE_BYTES + 1);
    let length = 0;
    for (let read = -1; read !== 0 && length <= MAX_ENDPOINT_FILE_BYTES; length += read) {
      ({ bytesRead: read } = await file.read(buffer, length));
    }
    return length > MAX_ENDPOINT_FILE_BYTES
      ? { kind: 'failed', reason: `is larger than ${MAX_ENDPOINT_FILE_BYTES} octets` }
      : { kind: 'content', octets: buffer.subarray(0, length) };
  } catch (thrown) {
    const error = toError(thrown);
    return { kind: 'failed', reason: PROBLEMS[String(Reflect.get(error, 'code'))] ?? error.message };
  }
}

/**
 * Watches the folder rather than the file: Kubernetes swaps the link `..data` beside it, and editors replace files. A folder that
 * was itself replaced is found by `renew`.
 */
class FolderWatch implements FileWatch {
  readonly #folder: string;
  readonly #onChange: () => void;
  #watcher: FSWatcher | null = null;
  /** Device and number of the folder that is watched. */
  #identity = '';
  /** Since the watch began. */
  #events = 0;
  #closed = false;

  constructor(folder: string, onChange: () => void) {
    this.#folder = folder;
    this.#onChange = onChange;
    void this.renew();
  }

  async renew(): Promise<void> {
    const identity = await identify(this.#folder);
    if (this.#closed || (identity === this.#identity && this.#watcher !== null)) {
      return;
    }
    this.#stop();
    this.#identity = identity;
    if (identity !== '') {
      this.#start();
    }
  }

  close(): void {
    this.#closed = true;
    this.#stop();
  }

  #start(): void {
    try {
      const watcher = watch(this.#folder, () => this.#onEvent());
      this.#events = 0;
      // No more watches, or none here: polling has to do.
      watcher.on('error', () => this.#stop());
      this.#watcher = watcher;
      // What changed before the watch stood would go unseen.
      this.#onChange();
    } catch {
      this.#watcher = null;
    }
  }

  #onEvent(): void {
    this.#events++;
    if (this.#events > MAX_WATCH_EVENTS) {
      this.#stop();
    } else {
      this.#onChange();
    }
  }

  #stop(): void {
    this.#watcher?.close();
    this.#watcher = null;
  }
}

async function identify(folder: string): Promise<string> {
  try {
    const { dev, ino } = await stat(folder);
    return `${dev}:${ino}`;
  } catch {
    return '';
  }
}
