import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import { LOCAL_ANSWERS, LocalReason } from '../proxy/local-reason.ts';
import { ERROR_HEADER } from '../proxy/local-replies.ts';
import { hasElement, keepFields, type RawFields } from './fields.ts';
import type { Http1Exchange } from './http1-exchange.ts';
import { MAX_DISCARDED_OCTETS, MAX_WAITING_OCTETS } from './options.ts';
import type { DownstreamSide } from './relayed-request.ts';
import type { RequestBody } from './request-body.ts';

/** What a client of HTTP/1.x and its request look like to node:http. */
export interface Http1Client {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Null for a request without content. */
  readonly body: RequestBody | null;
}

/** The client's side of an exchange on a connection of HTTP/1.x. The client is read from, and the endpoint, as the other side takes it. */
export class Http1Downstream implements DownstreamSide {
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #body: RequestBody | null;
  #exchange: Http1Exchange | null = null;
  #discarded = 0;
  #isDropping = false;
  /** Whether something has been written behind the header section, with which it leaves. */
  #hasWritten = false;

  constructor({ request, response, body }: Http1Client) {
    this.#request = request;
    this.#response = response;
    this.#body = body;
  }

  /** Begins. Called once. */
  start(exchange: Http1Exchange): void {
    const request = this.#request;
    const response = this.#response;
    this.#exchange = exchange;
    // Also of a response that still waits behind others in its pipeline.
    response.once('close', () => this.#onClosed());
    response.on('drain', () => this.#exchange?.onDownstreamReady());
    // What breaks the connection shows as its end.
    response.on('error', () => undefined);
    request.on('error', () => undefined);
    request.on('data', (chunk: Buffer) => this.#onData(chunk));
    request.once('end', () => this.#body?.finish());
    exchange.start();
  }

  sendInterim(status: number, fields: RawFields): void {
    const { socket } = this.#response;
    // RFC 9110, section 15.2: clients of HTTP/1.0 know none. And earlier responses of the pipeline go first.
    if (socket !== null && this.#request.httpVersionMinor > 0) {
      socket.write(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n${toLines(fields)}\r\n`, 'latin1');
    }
  }

  sendHeaders(status: number, fields: RawFields, isEnd: boolean): void {
    const response = this.#response;
    response.sendDate = false;
    // node:http refuses to announce trailers where it sends no chunks, and nobody depends on their being announced.
    response.writeHead(
      status,
      keepFields(fields, (name) => name !== 'trailer'),
    );
    if (isEnd) {
      response.end();
    } else {
      // Once what has come with the header section has been written, so that both leave together.
      queueMicrotask(() => this.#flushHeaders());
    }
  }

  sendData(octets: Buffer): boolean {
    this.#hasWritten = true;
    return this.#response.write(octets);
  }

  sendEnd(trailers: RawFields): void {
    // RFC 9110, section 6.5.1: to those who say that they keep them.
    if (trailers.length > 0 && hasElement(this.#request.rawHeaders, 'te', 'trailers')) {
      this.#response.addTrailers(toPairs(trailers));
    }
    this.#response.end();
  }

  fail(reason: LocalReason): void {
    if (this.#response.headersSent) {
      this.#response.destroy();
    } else {
      if (reason === LocalReason.REQUEST_TIMEOUT) {
        // RFC 9110, section 15.5.9: nobody waits for the rest.
        this.#response.setHeader('connection', 'close');
      }
      answerHttp1(this.#response, reason);
    }
  }

  onBodyTaken(): void {
    if ((this.#body?.waitingOctets ?? 0) < MAX_WAITING_OCTETS) {
      this.#request.resume();
    }
  }

  dropRequest(): void {
    if (!this.#isDropping) {
      this.#isDropping = true;
      this.#body?.destroy();
      this.#request.resume();
    }
  }

  #onData(chunk: Buffer): void {
    this.#exchange?.onDownstreamData(chunk.length);
    if (this.#isDropping) {
      this.#discard(chunk.length);
      return;
    }
    this.#body?.give(chunk);
    if ((this.#body?.waitingOctets ?? 0) >= MAX_WAITING_OCTETS) {
      this.#request.pause();
    }
  }

  #discard(octets: number): void {
    this.#discarded += octets;
    if (this.#discarded > MAX_DISCARDED_OCTETS) {
      this.#request.socket.destroy();
    }
  }

  #flushHeaders(): void {
    if (!this.#hasWritten && !this.#response.writableEnded) {
      this.#response.flushHeaders();
    }
  }

  #onClosed(): void {
    const exchange = this.#exchange;
    this.#exchange = null;
    exchange?.onDownstreamClosed();
  }
}

/** The answer of LocalReplies in HTTP/1.x; `message` instead of that of the reason. */
export function answerHttp1(response: ServerResponse, reason: LocalReason, message = LOCAL_ANSWERS[reason].message): void {
  const body = `${message}\n`;
  response.writeHead(LOCAL_ANSWERS[reason].httpStatus, {
    'content-type': 'text/plain; charset=utf-8',
    'content-length': Buffer.byteLength(body),
    [ERROR_HEADER]: reason,
  });
  response.end(body);
}

function toLines(fields: RawFields): string {
  let lines = '';
  for (let index = 0; index + 1 < fields.length; index += 2) {
    lines += `${fields[index]}: ${fields[index + 1]}\r\n`;
  }
  return lines;
}

function toPairs(fields: RawFields): [string, string][] {
  const pairs: [string, string][] = [];
  for (let index = 0; index + 1 < fields.length; index += 2) {
    pairs.push([fields[index] ?? '', fields[index + 1] ?? '']);
  }
  return pairs;
}
