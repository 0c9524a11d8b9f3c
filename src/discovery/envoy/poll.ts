import type { Clock } from '../../util/clock.ts';
import { type AdminAnswer, type AdminClient, describeAdminError } from './admin-client.ts';
import { ClustersJson } from './clusters-json.ts';
import { ClustersText } from './clusters-text.ts';
import { fieldsOf } from './host-address.ts';
import { type EnvoyCluster, ListingReader, type ListingResult } from './listing.ts';

export interface PollOptions {
  /** One poll, all requests of it. Milliseconds. */
  readonly timeoutMs: number;
  /** Of the list of clusters. Octets. */
  readonly maxBytes: number;
  /** `auto`: JSON, and text from an Envoy that has no JSON. */
  readonly format: 'auto' | 'json' | 'text';
  /** Whether the poll fails where Envoy does not tell its own state. */
  readonly requireLive: boolean;
}

/** What one poll found. */
export type PollResult =
  | {
      readonly kind: 'answer';
      readonly clusters: readonly EnvoyCluster[];
      /** Envoy's own state, such as LIVE; null if it did not tell. */
      readonly serverState: ServerState | null;
    }
  | { readonly kind: 'failed'; readonly reason: string };

/** `envoy.admin.v3.ServerInfo.State`. */
export type ServerState = 'LIVE' | 'DRAINING' | 'PRE_INITIALIZING' | 'INITIALIZING';

const SERVER_STATES: readonly ServerState[] = ['LIVE', 'DRAINING', 'PRE_INITIALIZING', 'INITIALIZING'];
const TEXT_PATH = '/clusters';
const JSON_PATH = '/clusters?format=json';
/** `/server_info` has all of the command line. Octets. */
export const MAX_STATE_BYTES = 1_048_576;
const OPEN_OBJECT = 0x7b;

/** Words for an operator about a poll that failed. */
class PollFailure extends Error {}

/** Asks an Envoy once for its state and its clusters; never rejects. */
export async function pollEnvoy(
  client: Pick<AdminClient, 'get'>,
  {
    options,
    wanted,
    clock,
  }: { readonly options: PollOptions; readonly wanted: (name: string) => boolean; readonly clock: Clock },
  signal: AbortSignal,
): Promise<PollResult> {
  const limit = new AbortController();
  const timer = clock.setTimer(options.timeoutMs, () => limit.abort());
  const ended = AbortSignal.any([signal, limit.signal]);
  try {
    if (options.requireLive) {
      const serverState = await readState(client, ended);
      return { kind: 'answer', clusters: await readClusters(client, options, wanted, ended), serverState };
    }
    const clusters = await readClusters(client, options, wanted, ended);
    // It is shown, and nothing more: what cannot be told is no failure here.
    return { kind: 'answer', clusters, serverState: await readState(client, ended).catch(() => null) };
  } catch (thrown) {
    if (limit.signal.aborted) {
      return { kind: 'failed', reason: `no whole answer within ${options.timeoutMs} ms` };
    }
    return { kind: 'failed', reason: thrown instanceof PollFailure ? thrown.message : describeAdminError(thrown) };
  } finally {
    timer.cancel();
  }
}

/** `/ready` has no more than the word; where there is no `/ready`, `/server_info` has it too. */
async function readState(client: Pick<AdminClient, 'get'>, signal: AbortSignal): Promise<ServerState> {
  const ready = await client.get('/ready', signal);
  const state = toState((await readText(ready, '/ready')).trim());
  if (state !== null && (ready.status === 200 || ready.status === 503)) {
    return state;
  }
  const info = await client.get('/server_info', signal);
  const text = await readText(info, '/server_info');
  const found = info.status === 200 ? toState(fieldsOf(parseOrNull(text))['state']) : null;
  if (found === null) {
    throw new PollFailure(
      `its state is not known: /ready answered ${ready.status}, /server_info ${info.status}, without a state`,
    );
  }
  return found;
}

async function readClusters(
  client: Pick<AdminClient, 'get'>,
  options: PollOptions,
  wanted: (name: string) => boolean,
  signal: AbortSignal,
): Promise<readonly EnvoyCluster[]> {
  if (options.format === 'text') {
    return readListing(await client.get(TEXT_PATH, signal), TEXT_PATH, { ...options, wanted });
  }
  const answer = await client.get(JSON_PATH, signal);
  if (options.format === 'auto' && (answer.status === 400 || answer.status === 404 || answer.status === 406)) {
    await discard(answer);
    return readListing(await client.get(TEXT_PATH, signal), TEXT_PATH, { ...options, wanted });
  }
  return readListing(answer, JSON_PATH, { ...options, wanted });
}

interface ReadOptions {
  readonly format: PollOptions['format'];
  readonly maxBytes: number;
  readonly wanted: (name: string) => boolean;
}

async function readListing(answer: AdminAnswer, path: string, options: ReadOptions): Promise<readonly EnvoyCluster[]> {
  if (answer.status !== 200) {
    await discard(answer);
    throw new PollFailure(`${path} answered ${answer.status}`);
  }
  if (answer.contentType === 'text/html') {
    await discard(answer);
    throw new PollFailure(`${path} answered a page of HTML: it is no Envoy's admin interface`);
  }
  let reader: ListingReader | null = null;
  let octets = 0;
  for await (const chunk of answer.body) {
    octets += chunk.byteLength;
    if (octets > options.maxBytes) {
      throw new PollFailure(`${path} answered more than ${options.maxBytes} octets`);
    }
    const buffer = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    reader ??= createReader(answer, firstSign(buffer), options);
    if (!reader.push(buffer)) {
      break;
    }
  }
  return toClusters((reader ?? createReader(answer, null, options)).end(), path);
}

function createReader(answer: AdminAnswer, first: number | null, { format, wanted }: ReadOptions): ListingReader {
  if (format === 'json' || (format === 'auto' && (answer.contentType === 'application/json' || first === OPEN_OBJECT))) {
    return new ListingReader(new ClustersJson(wanted));
  }
  if (!answer.isFramed) {
    throw new PollFailure('a text whose length nobody tells may be cut off');
  }
  return new ListingReader(new ClustersText(wanted));
}

function toClusters(result: ListingResult, path: string): readonly EnvoyCluster[] {
  if (result.kind === 'invalid') {
    throw new PollFailure(`${path} answered what is not understood: ${result.reason}`);
  }
  return result.clusters;
}

function firstSign(octets: Buffer): number | null {
  return octets.find((octet) => octet > 0x20) ?? null;
}

/** Reads to the end, so that the connection ends in peace. */
async function readText({ body }: AdminAnswer, path: string): Promise<string> {
  const parts: Uint8Array[] = [];
  let octets = 0;
  for await (const part of body) {
    octets += part.byteLength;
    if (octets > MAX_STATE_BYTES) {
      throw new PollFailure(`${path} answered more than ${MAX_STATE_BYTES} octets`);
    }
    parts.push(part);
  }
  return Buffer.concat(parts).toString();
}

/** Ends an answer of which nothing more is wanted, with its connection. */
async function discard({ body }: AdminAnswer): Promise<void> {
  for await (const part of body) {
    if (part.byteLength > 0) {
      return;
    }
  }
}

function toState(word: unknown): ServerState | null {
  return SERVER_STATES.find((state) => state === word) ?? null;
}

function parseOrNull(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
