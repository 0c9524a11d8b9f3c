import { createHash, timingSafeEqual } from 'node:crypto';
import { open } from 'node:fs/promises';
import { toError } from '../errors.ts';
import type { Clock } from '../util/clock.ts';

/** A token is far shorter. Octets; a larger file lets nobody in. */
export const MAX_TOKEN_FILE_BYTES = 16_384;
/** How long what was read counts as current, so that a flood of requests does not ask the disk for each. Milliseconds. */
export const TOKEN_FRESH_MS = 1_000;

const BEARER = /^Bearer +([A-Za-z0-9._~+/-]+=*) *$/i;

export interface BearerTokenDeps {
  readonly clock: Clock;
  /** The file cannot be used, so that nobody is let in: words that name it, never what it holds. Said once for each cause. */
  readonly onUnusable: (problem: string) => void;
}

/** A token in a file that may change at any time: a new one counts a second later at most. */
export class BearerToken {
  readonly #path: string;
  readonly #deps: BearerTokenDeps;
  #reading: Promise<Buffer | null> | null = null;
  #readAtMs = 0;
  #problem = '';

  constructor(path: string, deps: BearerTokenDeps) {
    this.#path = path;
    this.#deps = deps;
  }

  /**
   * Whether a request with this Authorization field has the token (RFC 6750, section 2.1). Digests are compared, in a time that
   * tells nothing of where they differ. Never rejects.
   */
  async admits(authorization: string | undefined): Promise<boolean> {
    const given = BEARER.exec(authorization ?? '')?.[1];
    const wanted = await this.#read();
    return given !== undefined && wanted !== null && timingSafeEqual(digest(given), wanted);
  }

  #read(): Promise<Buffer | null> {
    const now = this.#deps.clock.now();
    if (this.#reading === null || now - this.#readAtMs >= TOKEN_FRESH_MS) {
      this.#readAtMs = now;
      this.#reading = this.#readFile();
    }
    return this.#reading;
  }

  async #readFile(): Promise<Buffer | null> {
    const result = await readToken(this.#path);
    const problem = result.kind === 'unusable' ? result.problem : '';
    if (problem !== this.#problem && problem !== '') {
      this.#deps.onUnusable(`${this.#path} ${problem}`);
    }
    this.#problem = problem;
    return result.kind === 'token' ? digest(result.token) : null;
  }
}

type TokenResult = { readonly kind: 'token'; readonly token: string } | { readonly kind: 'unusable'; readonly problem: string };

async function readToken(path: string): Promise<TokenResult> {
  try {
    await using file = await open(path);
    const buffer = Buffer.alloc(MAX_TOKEN_FILE_BYTES + 1);
    const { bytesRead } = await file.read(buffer, 0, buffer.byteLength, 0);
    const token = buffer.toString('latin1', 0, bytesRead).trim();
    if (bytesRead > MAX_TOKEN_FILE_BYTES) {
      return { kind: 'unusable', problem: `is larger than ${MAX_TOKEN_FILE_BYTES} octets` };
    }
    return BEARER.test(`Bearer ${token}`)
      ? { kind: 'token', token }
      : { kind: 'unusable', problem: 'holds no token of letters, digits and -._~+/=' };
  } catch (thrown) {
    const error = toError(thrown);
    return { kind: 'unusable', problem: `cannot be read (${'code' in error ? String(error.code) : error.message})` };
  }
}

function digest(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
