import { toError } from '../errors.ts';
import { ErrorCode, FieldList, type Http2Stream, NameId, ResetCause } from '../http2/index.ts';
import type { Clock } from '../util/clock.ts';
import type { DeadlineEntry, DeadlineWheel } from './deadline-wheel.ts';
import type { DownstreamPeer, DownstreamStreamHandler } from './downstream-stream.ts';
import type { LocalHandler, LocalRequest, LocalResponse } from './local-handler.ts';
import { LocalReason } from './local-reason.ts';
import type { LocalReplies } from './local-replies.ts';
import type { UnroutedCall } from './unrouted-call.ts';

/** Content of a request that is read away before it is answered; who sends more is answered at once. Octets. */
export const MAX_IGNORED_OCTETS = 65_536;

/** What of an answer is given to the connection at once: it keeps what waits, and no more than this. Octets. */
const SLICE_OCTETS = 65_536;

const NO_OCTETS: Buffer = Buffer.alloc(0);

/** What local calls need of their listener. */
export interface LocalCallHome {
  readonly clock: Clock;
  readonly wheel: DeadlineWheel;
  readonly replies: LocalReplies;
  readonly localHandler: LocalHandler;
  /** How long a request may take to come in. Milliseconds. */
  readonly requestTimeoutMs: number;
  /** The handler failed: a defect of this program. */
  onLocalError(error: Error): void;
}

/**
 * A request over HTTP/2 that is answered here and not relayed: probes, and what nothing is routed for. It is answered when it is complete;
 * its content, which nothing here wants, is read away up to a limit, beyond which it is answered and told to stop.
 */
export class LocalCall implements DownstreamStreamHandler, DeadlineEntry {
  deadlineAtMs = 0;
  nextDeadline: DeadlineEntry | null = null;
  previousDeadline: DeadlineEntry | null = null;
  hasDeadline = false;
  #stream: Http2Stream | null;
  #ignored = 0;
  #isHandled = false;
  #body: Buffer = NO_OCTETS;
  #sentTo = 0;
  readonly #request: LocalRequest;
  readonly #home: LocalCallHome;
  readonly #log: UnroutedCall | null;

  /** @param log null if nobody wants to know. */
  constructor(stream: Http2Stream, request: LocalRequest, home: LocalCallHome, log: UnroutedCall | null = null) {
    this.#stream = stream;
    this.#request = request;
    this.#home = home;
    this.#log = log;
  }

  /** Begins. Called once, where the request's header section is told. */
  start(): void {
    if (this.#stream?.isRecvEnded === true) {
      this.#handle();
    } else {
      this.#home.wheel.add(this, this.#home.clock.now() + this.#home.requestTimeoutMs);
    }
  }

  onDownstreamData(_octets: Buffer, start: number, end: number): void {
    this.#ignored += end - start;
    if (this.#log !== null) {
      this.#log.record.requestOctets = this.#ignored;
    }
    this.#stream?.consume(end - start);
    if (this.#stream?.isRecvEnded === true || this.#ignored > MAX_IGNORED_OCTETS) {
      this.#handle();
    }
  }

  onDownstreamTrailers(): void {
    this.#handle();
  }

  onDownstreamOverLimit(): void {
    this.#refuse(LocalReason.HEADERS_TOO_LARGE);
  }

  onDownstreamSent(): void {
    this.#sendBody();
  }

  onDownstreamReset(_code: number, cause: ResetCause): void {
    // What is being answered is thrown away in the end.
    this.#log?.record.onCancel(cause === ResetCause.CONNECTION);
  }

  onDownstreamClosed(): void {
    this.#stream = null;
    this.#body = NO_OCTETS;
    this.#home.wheel.remove(this);
    this.#log?.end(this.#home.clock.now());
  }

  onDeadline(): void {
    this.#refuse(LocalReason.REQUEST_TIMEOUT);
  }

  #refuse(reason: LocalReason): void {
    if (!this.#isHandled && this.#stream !== null) {
      this.#isHandled = true;
      this.#home.wheel.remove(this);
      this.#home.replies.send(this.#stream, reason, { isGrpc: false, isHead: this.#isHead, hasHeaders: false });
      this.#log?.record.onLocalAnswer(reason, false);
    }
  }

  get #isHead(): boolean {
    return this.#request.method === 'HEAD';
  }

  #handle(): void {
    if (!this.#isHandled) {
      this.#isHandled = true;
      this.#home.wheel.remove(this);
      void this.#answer();
    }
  }

  /** Never rejects. */
  async #answer(): Promise<void> {
    try {
      this.#send(await this.#home.localHandler(this.#request));
    } catch (thrown) {
      this.#home.onLocalError(toError(thrown));
      this.#fail();
    }
  }

  #send(response: LocalResponse): void {
    const stream = this.#stream;
    if (stream === null) {
      return;
    }
    const isEmpty = response.body.length === 0 || this.#isHead;
    if (this.#log !== null) {
      this.#log.record.httpStatus = response.status;
    }
    stream.sendHeaders(toFields(response, this.#home.clock), isEmpty);
    if (isEmpty) {
      stream.stopReceiving();
      return;
    }
    this.#body = response.body;
    this.#sendBody();
  }

  /** Gives slice after slice, as long as they leave at once; `onDownstreamSent` goes on. */
  #sendBody(): void {
    const stream = this.#stream;
    if (stream === null || stream.isClosed) {
      return;
    }
    const body = this.#body;
    while (this.#sentTo < body.length && stream.queuedOctets === 0) {
      const start = this.#sentTo;
      this.#sentTo = Math.min(body.length, start + SLICE_OCTETS);
      const isLast = this.#sentTo === body.length;
      stream.sendData(body, start, this.#sentTo, isLast);
      if (this.#log !== null) {
        this.#log.record.responseOctets = this.#sentTo;
      }
      if (isLast) {
        stream.stopReceiving();
      }
    }
  }

  /** The handler, or what it answered, is not usable. */
  #fail(): void {
    const stream = this.#stream;
    if (stream !== null && !stream.isSendEnded) {
      if (this.#sentTo > 0) {
        stream.reset(ErrorCode.INTERNAL_ERROR);
      } else {
        this.#home.replies.send(stream, LocalReason.INTERNAL, { isGrpc: false, isHead: this.#isHead, hasHeaders: false });
        this.#log?.record.onLocalAnswer(LocalReason.INTERNAL, false);
      }
    }
  }
}

/** The request in words, which outlive the call in which it came. */
export function toLocalRequest(fields: FieldList, peer: DownstreamPeer): LocalRequest {
  const headers: [string, string][] = [];
  for (let index = 0; index < fields.length; index++) {
    const { name } = fields.at(index);
    if (!name.text.startsWith(':')) {
      headers.push([name.text, fields.at(index).valueText()]);
    }
  }
  return {
    method: fields.get(NameId.METHOD)?.valueText() ?? '',
    path: fields.get(NameId.PATH)?.valueText() ?? '',
    authority: fields.get(NameId.AUTHORITY)?.valueText() ?? fields.get(NameId.HOST)?.valueText() ?? '',
    headers,
    peer,
  };
}

function toFields({ status, headers, body }: LocalResponse, clock: Clock): FieldList {
  const fields = new FieldList();
  fields.pushText(':status', String(status));
  for (const [name, value] of headers) {
    fields.pushText(name, value);
  }
  if (!headers.some(([name]) => name === 'content-length')) {
    fields.pushText('content-length', String(body.length));
  }
  if (!headers.some(([name]) => name === 'date')) {
    // RFC 9110, section 6.6.1: whoever has a clock says so.
    fields.pushText('date', new Date(clock.wallNow()).toUTCString());
  }
  return fields;
}
