import { type IncomingMessage, ServerResponse } from 'node:http';
import { FieldList } from '../http2/index.ts';
import type { Clock } from '../util/clock.ts';
import type { RecordedPlan } from './call-record.ts';
import type { LocalReason } from './local-reason.ts';
import type { CallObserver, CallProtocol } from './observer.ts';
import { toPlainAddress } from './plain-address.ts';
import { UnroutedCall } from './unrouted-call.ts';

/** What is known of an answer to a request of HTTP/1.x that no endpoint gives. */
export interface Http1Answer {
  readonly isProbe: boolean;
  /** The route that would have taken the request; null for none. */
  readonly plan: RecordedPlan | null;
  /** Null where the handler of this process decides. */
  readonly reason: LocalReason | null;
}

/** Tells the observer of a request that is being answered here, when that is over. Nothing happens if nobody wants to know. */
export function watchHttp1Answer(
  { callObserver, clock }: { readonly callObserver: CallObserver | null; readonly clock: Clock },
  request: IncomingMessage,
  response: ServerResponse,
  { isProbe, plan, reason }: Http1Answer,
): void {
  if (callObserver?.onUnroutedEnd === undefined) {
    return;
  }
  const { remoteAddress, remotePort } = request.socket;
  const call = new UnroutedCall(
    callObserver,
    {
      fields: toFieldList(request),
      protocol: protocolOf(request),
      remoteAddress: toPlainAddress(remoteAddress ?? ''),
      remotePort,
      isProbe,
      plan,
    },
    clock.now(),
  );
  const { record } = call;
  record.localReason = reason;
  request.on('data', (chunk: Buffer) => {
    record.requestOctets += chunk.length;
  });
  response.once('close', () => {
    record.httpStatus = response.headersSent ? response.statusCode : 0;
    record.responseOctets = response instanceof CountedResponse ? response.contentOctets : 0;
    if (!response.writableFinished) {
      record.onCancel(true);
    }
    call.end(clock.now());
  });
}

/** What a client of HTTP/1.x speaks. */
export function protocolOf({ httpVersionMinor }: IncomingMessage): CallProtocol {
  return httpVersionMinor === 0 ? 'HTTP/1.0' : 'HTTP/1.1';
}

/** A response that knows how much content it has sent. */
export class CountedResponse<Request extends IncomingMessage = IncomingMessage> extends ServerResponse<Request> {
  /** Octets, without those that mark chunks. */
  contentOctets = 0;

  override write(...args: readonly unknown[]): boolean {
    this.#count(args);
    // oxlint-disable-next-line typescript/unbound-method -- bound here: the overloads take no list of arguments
    return Reflect.apply(super.write, this, args);
  }

  override end(...args: readonly unknown[]): this {
    this.#count(args);
    // oxlint-disable-next-line typescript/unbound-method -- as above
    Reflect.apply(super.end, this, args);
    return this;
  }

  #count([chunk, encoding]: readonly unknown[]): void {
    if (this.req.method === 'HEAD') {
      return;
    }
    if (typeof chunk === 'string') {
      this.contentOctets += Buffer.byteLength(
        chunk,
        typeof encoding === 'string' && Buffer.isEncoding(encoding) ? encoding : 'utf8',
      );
    } else if (chunk instanceof Uint8Array) {
      this.contentOctets += chunk.length;
    }
  }
}

function toFieldList({ method = '', url = '', rawHeaders }: IncomingMessage): FieldList {
  const list = new FieldList();
  list.pushText(':method', method);
  list.pushText(':path', url);
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const name = (rawHeaders[index] ?? '').toLowerCase();
    list.pushText(name === 'host' ? ':authority' : name, rawHeaders[index + 1] ?? '');
  }
  return list;
}
