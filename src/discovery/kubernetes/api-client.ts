import type { Agent, Dispatcher } from 'undici';
import { toError } from '../../errors.ts';
import type { Clock } from '../../util/clock.ts';
import { undici } from '../../util/late-modules.ts';
import { describeSocketError, errorCode } from '../../util/socket-reasons.ts';
import type { ApiAccess, ReadAccess } from './access.ts';
import { serverWords } from './server-words.ts';

/** The API server could not be asked, or refused. The message is words for an operator. */
export class ApiFailure extends Error {
  /** The HTTP status; 0 without an answer. */
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** TCP and TLS together. Milliseconds. */
const CONNECT_TIMEOUT_MS = 5_000;
/** One page of a list, or the head of a watch. Milliseconds. */
const ANSWER_TIMEOUT_MS = 15_000;
/** A page has 500 slices at most; real ones have some ten. Octets. */
export const MAX_PAGE_BYTES = 33_554_432;
const JSON_TYPE = 'application/json';
/** What of a refusal is read. Octets. */
const MAX_REFUSAL_BYTES = 65_536;

/** What a client asks for. */
export interface ApiWanted {
  /** The name in RBAC, such as `endpointslices`. */
  readonly plural: string;
  /** Whether metadata is enough; a server that cannot leave out the rest sends all. */
  readonly asMetadata: boolean;
}

/** Asks one API server, one request at a time, with credentials that are read anew for each. */
export class ApiClient {
  readonly #readAccess: ReadAccess;
  readonly #clock: Clock;
  readonly #wanted: ApiWanted;
  #agent: Agent | null = null;
  /** What the agent was made of. */
  #agentKey = '';

  constructor(readAccess: ReadAccess, clock: Clock, wanted: ApiWanted) {
    this.#readAccess = readAccess;
    this.#clock = clock;
    this.#wanted = wanted;
  }

  /**
   * A list: a whole JSON answer.
   *
   * @throws ApiFailure
   */
  async get(toPath: (namespace: string) => string, signal: AbortSignal): Promise<unknown> {
    const text = await this.#limited(ANSWER_TIMEOUT_MS, signal, async (ended) => {
      const body = await this.#request(toPath, 'PartialObjectMetadataList', ended);
      return (await readBody(body, MAX_PAGE_BYTES)) ?? fail(0, `the API server sent more than ${MAX_PAGE_BYTES} octets`);
    });
    try {
      return JSON.parse(text);
    } catch {
      throw new ApiFailure(0, 'the API server sent no JSON');
    }
  }

  /**
   * Hands on the octets of a watch as they come, until it ends.
   *
   * @param limitMs the whole of it.
   * @throws ApiFailure when it does not begin, or breaks.
   */
  async stream(
    toPath: (namespace: string) => string,
    {
      limitMs,
      onStart,
      onOctets,
    }: { readonly limitMs: number; readonly onStart: () => void; readonly onOctets: (octets: Buffer) => boolean },
    signal: AbortSignal,
  ): Promise<void> {
    await this.#limited(limitMs, signal, async (ended) => {
      const body = await this.#limited(ANSWER_TIMEOUT_MS, ended, () => this.#request(toPath, 'PartialObjectMetadata', ended));
      onStart();
      for await (const chunk of body) {
        if (!onOctets(Buffer.from(chunk))) {
          return;
        }
      }
    });
  }

  async close(): Promise<void> {
    const agent = this.#agent;
    this.#agent = null;
    await agent?.destroy();
  }

  async #limited<Value>(limitMs: number, signal: AbortSignal, run: (ended: AbortSignal) => Promise<Value>): Promise<Value> {
    const limit = new AbortController();
    const timer = this.#clock.setTimer(limitMs, () => limit.abort());
    try {
      return await untilAborted(run(AbortSignal.any([signal, limit.signal])), AbortSignal.any([signal, limit.signal]));
    } catch (thrown) {
      if (limit.signal.aborted && !signal.aborted) {
        throw new ApiFailure(0, `no answer from the API server within ${limitMs / 1000} s`);
      }
      throw toFailure(thrown);
    } finally {
      timer.cancel();
    }
  }

  async #request(
    toPath: (namespace: string) => string,
    metadata: string,
    signal: AbortSignal,
  ): Promise<Dispatcher.ResponseData['body']> {
    const result = await this.#readAccess();
    const access = result.kind === 'access' ? result.access : fail(0, result.reason);
    const { statusCode, body } = await this.#agentFor(access).request({
      origin: access.server,
      path: toPath(access.namespace),
      method: 'GET',
      headers: {
        accept: this.#wanted.asMetadata ? `application/json;as=${metadata};g=meta.k8s.io;v=v1, ${JSON_TYPE}` : JSON_TYPE,
        'user-agent': 'grpc-health-bridge',
        ...(access.token === null ? {} : { authorization: `Bearer ${access.token}` }),
      },
      signal,
    });
    if (statusCode !== 200) {
      const words = readWords((await readBody(body, MAX_REFUSAL_BYTES)) ?? '');
      throw new ApiFailure(statusCode, describeRefusal(statusCode, words, this.#wanted.plural));
    }
    return body;
  }

  /** A new one when authorities or client certificate have changed. There is one request at a time, so that nothing runs on the old one. */
  #agentFor({ server, ca, cert, key, serverName, insecureSkipVerify }: ApiAccess): Agent {
    const agentKey = JSON.stringify([server, ca, cert, key, serverName, insecureSkipVerify]);
    if (this.#agent === null || agentKey !== this.#agentKey) {
      void this.#agent?.destroy();
      this.#agentKey = agentKey;
      this.#agent = new (undici().Agent)({
        connections: 1,
        allowH2: false,
        headersTimeout: 0,
        bodyTimeout: 0,
        connect: {
          timeout: CONNECT_TIMEOUT_MS,
          rejectUnauthorized: !insecureSkipVerify,
          ...(ca === null ? {} : { ca }),
          ...(cert === null ? {} : { cert }),
          ...(key === null ? {} : { key }),
          ...(serverName === null ? {} : { servername: serverName }),
        },
      });
    }
    return this.#agent;
  }
}

function fail(status: number, message: string): never {
  throw new ApiFailure(status, message);
}

async function readBody(body: AsyncIterable<Uint8Array>, limit: number): Promise<string | null> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of body) {
    length += part.byteLength;
    if (length > limit) {
      return null;
    }
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}

/** What the API server says of its refusal: a Status object, or a proxy's page, which is none. */
function readWords(text: string): string {
  try {
    return serverWords(JSON.parse(text));
  } catch {
    return '';
  }
}

function describeRefusal(status: number, words: string, plural: string): string {
  const detail = words === '' ? '' : `: ${words}`;
  switch (status) {
    case 401:
      return 'the API server does not accept the token or certificate (401)';
    case 403:
      return `the service account may not list and watch ${plural} (403)${detail}`;
    default:
      return `the API server answered ${status}${detail}`;
  }
}

/** Limits that the receiver of octets met are its own failures, and no fault of the connection. */
function toFailure(thrown: unknown): ApiFailure | RangeError {
  if (thrown instanceof ApiFailure || thrown instanceof RangeError) {
    return thrown;
  }
  const error = toError(thrown);
  return new ApiFailure(0, `the API server cannot be reached: ${describeSocketError(errorCode(error), error.message)}`);
}

/** Reading credentials from a dead drive ends in no other way. */
function untilAborted<Value>(promise: Promise<Value>, signal: AbortSignal): Promise<Value> {
  return new Promise((resolve, reject) => {
    const end = (): void => reject(new ApiFailure(0, 'ended'));
    signal.addEventListener('abort', end, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', end));
  });
}
