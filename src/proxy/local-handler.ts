import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import type { DownstreamPeer } from './downstream-stream.ts';
import type { RequestHandler } from './request-handler.ts';

/** A request over HTTP/2 that is answered here. Its content is not read. */
export interface LocalRequest {
  readonly method: string;
  /** With its query, as it came. */
  readonly path: string;
  /** Empty for none. */
  readonly authority: string;
  /** Names in small letters, in their order, without pseudo-header fields. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly peer: DownstreamPeer;
}

/** The whole answer. */
export interface LocalResponse {
  readonly status: number;
  /** Names in small letters. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Buffer;
}

/** Answers a request over HTTP/2; a rejection is reported, and answered with 500. Must come to an end by itself. */
export type LocalHandler = (request: LocalRequest) => Promise<LocalResponse>;

/** Fields that describe content which the handler never sees, or a connection which it does not have (RFC 9113, section 8.2.2). */
const DROPPED_FIELDS: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'content-type',
  'expect',
  'host',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
]);

/** Fields of a response that HTTP/2 does not have (RFC 9113, section 8.2.2). */
const CONNECTION_FIELDS: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
]);

/** Lets the handler of HTTP/1.x requests answer those of HTTP/2 as well: both versions then give the same answers. */
export function createLocalHandler(handle: RequestHandler): LocalHandler {
  return (local) =>
    new Promise((resolve, reject) => {
      const request = toIncoming(local);
      handle(request, new CollectedResponse(request, { resolve, reject }));
    });
}

/** A request that has come already. */
function toIncoming({ method, path, authority, headers, peer }: LocalRequest): IncomingMessage {
  const request = new IncomingMessage(peerSocket(peer));
  request.method = method;
  request.url = path;
  request.httpVersion = '2.0';
  request.httpVersionMajor = 2;
  request.httpVersionMinor = 0;
  if (authority !== '') {
    request.rawHeaders.push('host', authority);
    request.headers.host = authority;
  }
  for (const [name, value] of headers) {
    if (!DROPPED_FIELDS.has(name)) {
      request.rawHeaders.push(name, value);
      const before = request.headers[name];
      // RFC 9110, section 5.3, and RFC 9113, section 8.2.3, for the crumbs of cookies.
      request.headers[name] = typeof before === 'string' ? before + (name === 'cookie' ? '; ' : ', ') + value : value;
    }
  }
  request.complete = true;
  request.push(null);
  return request;
}

/** Nothing is read from or written to it: handlers look at it to know who asks. */
function peerSocket({ remoteAddress, isTls }: DownstreamPeer): Socket {
  const socket = new Socket();
  Object.defineProperty(socket, 'remoteAddress', { value: remoteAddress === '' ? undefined : remoteAddress });
  if (isTls) {
    Object.defineProperty(socket, 'encrypted', { value: true });
  }
  return socket;
}

interface Settle {
  readonly resolve: (response: LocalResponse) => void;
  readonly reject: (error: Error) => void;
}

/** A response that is kept until it is complete, instead of being sent. */
class CollectedResponse extends ServerResponse {
  readonly #chunks: Buffer[] = [];
  readonly #settle: Settle;

  constructor(request: IncomingMessage, settle: Settle) {
    super(request);
    this.#settle = settle;
    // HTTP/2 needs no chunks, and the length is known at the end.
    this.useChunkedEncodingByDefault = false;
  }

  /** node:http does not keep fields that are given here, so they are set first. */
  override writeHead(status: number, ...rest: readonly unknown[]): this {
    const given = typeof rest[0] === 'string' ? rest[1] : rest[0];
    for (const [name, value] of toPairs(given)) {
      this.setHeader(name, value);
    }
    return super.writeHead(status);
  }

  override write(...args: readonly unknown[]): boolean {
    if (!this.headersSent) {
      this.writeHead(this.statusCode);
    }
    this.#keep(args[0], args[1]);
    callBack(args);
    return true;
  }

  override end(...args: readonly unknown[]): this {
    if (this.writableEnded) {
      return this;
    }
    this.#keep(args[0], args[1]);
    if (!this.headersSent) {
      this.writeHead(this.statusCode);
    }
    super.end();
    this.emit('finish');
    callBack(args);
    this.#settle.resolve({ status: this.statusCode, headers: this.#headers(), body: Buffer.concat(this.#chunks) });
    this.emit('close');
    return this;
  }

  override destroy(error?: Error): this {
    this.#settle.reject(error ?? new Error('the response was destroyed before its end'));
    return this;
  }

  #keep(chunk: unknown, encoding: unknown): void {
    if (typeof chunk === 'string') {
      this.#chunks.push(Buffer.from(chunk, typeof encoding === 'string' && Buffer.isEncoding(encoding) ? encoding : 'utf8'));
    } else if (chunk instanceof Uint8Array) {
      this.#chunks.push(Buffer.from(chunk));
    }
  }

  #headers(): [string, string][] {
    const headers: [string, string][] = [];
    for (const [name, value] of toPairs(this.getHeaders())) {
      if (!CONNECTION_FIELDS.has(name)) {
        headers.push(...(Array.isArray(value) ? value : [value]).map((one): [string, string] => [name, one]));
      }
    }
    return headers;
  }
}

/** The fields of an object or a flat array, as node:http takes them: values are strings, numbers or lists of them. */
function toPairs(given: unknown): [string, string | string[]][] {
  const entries: readonly (readonly unknown[])[] = Array.isArray(given)
    ? given.flatMap((name, index) => (index % 2 === 0 ? [[name, given[index + 1]]] : []))
    : Object.entries(given ?? {});
  return entries.flatMap(([name, value]): [string, string | string[]][] =>
    value === undefined ? [] : [[toText(name).toLowerCase(), Array.isArray(value) ? value.map(toText) : toText(value)]],
  );
}

function toText(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}

/** The last argument of `write` and `end` may be a callback. */
function callBack(args: readonly unknown[]): void {
  const last = args.findLast((argument) => typeof argument === 'function');
  if (typeof last === 'function') {
    process.nextTick(() => last());
  }
}
