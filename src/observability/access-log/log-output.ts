import { close, constants, open, write } from 'node:fs';

/** How much was taken: no octets and no error from a pipe that is full. */
export interface WriteResult {
  readonly octets: number;
  readonly error: Error | null;
}

/** Where lines go. */
export interface LogOutput {
  /** Writes a part of that range, from its start. Never rejects. */
  write(octets: Buffer, start: number, end: number): Promise<WriteResult>;
  /** Lets go of it; it may be written to again. */
  close(): void;
}

/**
 * Non-blocking, so that a pipe which nobody reads holds up no thread, and a pipe without a reader is an error instead of a wait. A pipe does
 * not give its own flags away, as it is opened anew under its path. Envoy opens its logs the same way but for that.
 */
const FLAGS = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NONBLOCK | constants.O_NOCTTY;
/** As Envoy's: read by everybody, as far as the umask lets them. */
const MODE = 0o644;
/** What cannot be opened under its path, such as a socket or somebody else's pipe, is there already under its number. */
const STANDARD: ReadonlyMap<string, number> = new Map([
  ['/dev/stdout', 1],
  ['/dev/stderr', 2],
]);
/** A pipe without a reader, or whose reader is gone. */
const NO_READER: ReadonlySet<string> = new Set(['ENXIO', 'EPIPE']);
const FULL = 'EAGAIN';

/** A file, a pipe or a terminal under its path: made if there is none, appended to, opened again after a failure. */
export class FileOutput implements LogOutput {
  readonly #path: string;
  #descriptor: number | null = null;
  #isBusy = false;
  /** Whether to let go of the descriptor as soon as nothing is written to it. */
  #isLeaving = false;

  constructor(path: string) {
    this.#path = path;
  }

  /** Opens it, so that what is wrong shows early. A pipe may have no reader yet. @throws Error of the system. */
  async open(): Promise<void> {
    try {
      await this.#opened();
    } catch (error) {
      if (!NO_READER.has(codeOf(error))) {
        throw error;
      }
    }
  }

  async write(octets: Buffer, start: number, end: number): Promise<WriteResult> {
    this.#isBusy = true;
    try {
      const descriptor = await this.#opened();
      return { octets: await writeOnce(descriptor, octets, start, end), error: null };
    } catch (error) {
      if (codeOf(error) === FULL) {
        return { octets: 0, error: null };
      }
      this.#isLeaving = true;
      return { octets: 0, error: error instanceof Error ? error : new Error(String(error)) };
    } finally {
      this.#isBusy = false;
      this.#leave();
    }
  }

  close(): void {
    this.#isLeaving = true;
    this.#leave();
  }

  async #opened(): Promise<number> {
    this.#descriptor ??= await openPath(this.#path);
    return this.#descriptor;
  }

  #leave(): void {
    if (this.#isLeaving && !this.#isBusy) {
      this.#isLeaving = false;
      const descriptor = this.#descriptor;
      this.#descriptor = null;
      if (descriptor !== null && !isStandard(descriptor)) {
        // Nothing can be done about a failure, and nothing depends on it.
        close(descriptor, () => undefined);
      }
    }
  }
}

function isStandard(descriptor: number): boolean {
  return [...STANDARD.values()].includes(descriptor);
}

async function openPath(path: string): Promise<number> {
  try {
    return await openOnce(path);
  } catch (error) {
    const standard = STANDARD.get(path);
    if (standard === undefined) {
      throw error;
    }
    return standard;
  }
}

function openOnce(path: string): Promise<number> {
  return new Promise((resolve, reject) => {
    open(path, FLAGS, MODE, (error, descriptor) => (error === null ? resolve(descriptor) : reject(error)));
  });
}

function writeOnce(descriptor: number, octets: Buffer, start: number, end: number): Promise<number> {
  return new Promise((resolve, reject) => {
    write(descriptor, octets, start, end - start, null, (error, written) => (error === null ? resolve(written) : reject(error)));
  });
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}
