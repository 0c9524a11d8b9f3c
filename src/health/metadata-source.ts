import { open } from 'node:fs/promises';
import { Metadata } from '@grpc/grpc-js';
import type { Clock } from '../util/clock.ts';
import type { MetadataEntry } from './options.ts';

/** A token is far shorter; a server refuses longer headers anyway. Octets. */
export const MAX_METADATA_FILE_BYTES = 16_384;

/** How long what was read counts as current, so that a thousand endpoints do not ask the disk a thousand times. Milliseconds. */
const FRESH_MS = 1_000;

/** The headers of a check, or why there are none: names the file, never its content. */
export type MetadataResult =
  | { readonly kind: 'metadata'; readonly metadata: Metadata }
  | { readonly kind: 'failed'; readonly reason: string };

/** The request headers of all checks of one cluster. A file that changes counts a second later at most. */
export class MetadataSource {
  readonly #entries: readonly MetadataEntry[];
  readonly #clock: Clock;
  readonly #hasFiles: boolean;
  #reading: Promise<MetadataResult> | null = null;
  #readAt = 0;

  constructor(entries: readonly MetadataEntry[], clock: Clock) {
    this.#entries = entries;
    this.#clock = clock;
    this.#hasFiles = entries.some(({ value }) => value.kind === 'file');
  }

  /** Never rejects. The same object while nothing is read again. */
  read(): Promise<MetadataResult> {
    const now = this.#clock.now();
    if (this.#reading === null || (this.#hasFiles && now - this.#readAt >= FRESH_MS)) {
      this.#readAt = now;
      this.#reading = readEntries(this.#entries);
    }
    return this.#reading;
  }
}

async function readEntries(entries: readonly MetadataEntry[]): Promise<MetadataResult> {
  const metadata = new Metadata();
  for (const { name, value } of entries) {
    const from = value.kind === 'file' ? value.path : 'the text';
    const content = await readContent(value);
    if (content.kind === 'failed') {
      return { kind: 'failed', reason: `metadata ${name}: ${from} ${content.reason}` };
    }
    try {
      metadata.add(name, name.endsWith('-bin') ? toOctets(content.octets, value.kind) : toText(content.octets));
    } catch {
      return { kind: 'failed', reason: `metadata ${name}: ${from} is no value that gRPC can carry` };
    }
  }
  return { kind: 'metadata', metadata };
}

function readContent(value: MetadataEntry['value']): Promise<ContentResult> {
  return value.kind === 'file'
    ? readSmallFile(value.path)
    : Promise.resolve({ kind: 'content', octets: Buffer.from(value.text, 'latin1') });
}

type ContentResult = { readonly kind: 'content'; readonly octets: Buffer } | { readonly kind: 'failed'; readonly reason: string };

async function readSmallFile(path: string): Promise<ContentResult> {
  try {
    await using file = await open(path);
    const buffer = Buffer.alloc(MAX_METADATA_FILE_BYTES + 1);
    const { bytesRead } = await file.read(buffer, 0, buffer.byteLength, 0);
    return bytesRead > MAX_METADATA_FILE_BYTES
      ? { kind: 'failed', reason: `is larger than ${MAX_METADATA_FILE_BYTES} octets` }
      : { kind: 'content', octets: buffer.subarray(0, bytesRead) };
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'an error';
    return { kind: 'failed', reason: `cannot be read (${code})` };
  }
}

/** Text of the configuration is base64 there, as only text fits; a file holds the octets themselves. */
function toOctets(content: Buffer, kind: MetadataEntry['value']['kind']): Buffer {
  return kind === 'text' ? Buffer.from(content.toString('latin1'), 'base64') : content;
}

/** The value without its last line break. */
function toText(content: Buffer): string {
  return content.toString('latin1').replace(/\r?\n$/, '');
}
