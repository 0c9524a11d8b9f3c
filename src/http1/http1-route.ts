import type { IncomingMessage, ServerResponse } from 'node:http';
import { isGrpcContentType } from '../grpc/content-type.ts';
import { FieldList, type Http2Stream, NameId } from '../http2/index.ts';
import type { RecordedPlan } from '../proxy/call-record.ts';
import type { DownstreamPeer, DownstreamStreamHandler } from '../proxy/downstream-stream.ts';
import type { ForwardedHeadersOptions } from '../proxy/forwarded-headers.ts';
import { protocolOf, watchHttp1Answer } from '../proxy/http1-unrouted.ts';
import type { LocalReason } from '../proxy/local-reason.ts';
import type { CallObserver, CallProtocol } from '../proxy/observer.ts';
import { toPlainAddress } from '../proxy/plain-address.ts';
import type { RouteMatch } from '../proxy/route-match.ts';
import type { Http1Route } from '../proxy/router.ts';
import { UnroutedCall } from '../proxy/unrouted-call.ts';
import type { TextRequest } from '../upstream/request-hash.ts';
import { CallLog } from './call-log.ts';
import type { Http1Subset } from './exchange-home.ts';
import { valuesOf } from './fields.ts';
import { markForwarded } from './forwarded-fields.ts';
import type { Http1Cluster } from './http1-cluster.ts';
import { answerHttp1, Http1Downstream } from './http1-downstream.ts';
import { Http1Exchange } from './http1-exchange.ts';
import { toRelayedRequest } from './http1-request.ts';
import { Http2Downstream } from './http2-downstream.ts';
import { expectsContinue, fieldsToRelayedRequest } from './http2-request.ts';
import type { DownstreamSide, RelayedRequest } from './relayed-request.ts';

/** A route of one listener to a cluster of HTTP/1.1 endpoints. */
export interface Http1RouteOptions {
  /** Unique among the routes. */
  readonly name: string;
  readonly match: RouteMatch;
  /** How long a request may take, from its header section to the end of its answer. Milliseconds, 0 = no limit. Envoy: route `timeout`. */
  readonly timeoutMs: number;
  /** Which endpoints of the cluster requests may go to; null is all. */
  readonly subset?: Http1Subset | null;
  /** As the listener has it. */
  readonly forwardedHeaders: ForwardedHeadersOptions;
  /** As the listener has it; null for none. */
  readonly callObserver: CallObserver | null;
}

/** Makes the route. It needs nothing to be closed: what it has begun ends with the cluster or with the client. */
export function createHttp1Route(cluster: Http1Cluster, options: Http1RouteOptions): Http1Route {
  const { name, match, timeoutMs } = options;
  return {
    kind: 'http1',
    cluster: { name: cluster.name },
    name,
    match,
    timeoutMs,
    onRequest: (request, response) => relayRequest({ cluster, options }, request, response),
    onStream: (stream, fields, peer) => relayStream({ cluster, options }, stream, fields, peer),
  };
}

interface Plan {
  readonly cluster: Http1Cluster;
  readonly options: Http1RouteOptions;
}

function relayRequest(plan: Plan, request: IncomingMessage, response: ServerResponse): void {
  const { socket } = request;
  const { remotePort } = socket;
  const peer = { remoteAddress: toPlainAddress(socket.remoteAddress ?? ''), remotePort, isTls: 'encrypted' in socket };
  const result = toRelayedRequest(request);
  if (result.kind === 'refused') {
    const { callObserver } = plan.options;
    callObserver?.onLocalReply(result.reason);
    const answer = { isProbe: false, plan: toRecordedPlan(plan), reason: result.reason };
    watchHttp1Answer({ callObserver, clock: plan.cluster.clock }, request, response, answer);
    // Its framing is in doubt: nothing that follows may be taken for another request.
    response.setHeader('connection', 'close');
    answerHttp1(response, result.reason, result.message);
    return;
  }
  const down = new Http1Downstream({ request, response, body: result.request.body });
  down.start(toExchange(plan, result.request, down, { peer, protocol: protocolOf(request) }));
}

function relayStream(plan: Plan, stream: Http2Stream, fields: FieldList, peer: DownstreamPeer): DownstreamStreamHandler {
  const result = fieldsToRelayedRequest(fields, stream.isRecvEnded);
  const { replies } = plan.cluster;
  if (result.kind === 'refused') {
    plan.options.callObserver?.onLocalReply(result.reason);
    refuseStream(plan, stream, fields, result.reason);
    logRefusal(plan, fields, result.reason, peer);
    return new DroppedStream(stream);
  }
  if (expectsContinue(fields) && !stream.isRecvEnded) {
    // Answered here, as node:http does for HTTP/1.1: the endpoint is not asked.
    stream.sendInterim(CONTINUE);
  }
  const down = new Http2Downstream(stream, result.request, replies);
  down.start(toExchange(plan, result.request, down, { peer, protocol: 'HTTP/2' }));
  return down;
}

function refuseStream({ cluster }: Plan, stream: Http2Stream, fields: FieldList, reason: LocalReason): void {
  const isHead = fields.get(NameId.METHOD)?.valueText() === 'HEAD';
  const isGrpc = isGrpcContentType(fields.get(NameId.CONTENT_TYPE)?.valueText() ?? '');
  cluster.replies.send(stream, reason, { isGrpc, isHead, hasHeaders: false });
}

function logRefusal(plan: Plan, fields: FieldList, reason: LocalReason, { remoteAddress, remotePort }: DownstreamPeer): void {
  const { callObserver } = plan.options;
  if (callObserver?.onUnroutedEnd !== undefined) {
    const nowMs = plan.cluster.clock.now();
    const recorded = toRecordedPlan(plan);
    const request = {
      fields: fields.retain(),
      protocol: 'HTTP/2',
      remoteAddress,
      remotePort,
      isProbe: false,
      plan: recorded,
    } as const;
    const call = new UnroutedCall(callObserver, request, nowMs);
    call.record.onLocalAnswer(reason, false);
    call.end(nowMs);
  }
}

function toRecordedPlan({ cluster, options }: Plan): RecordedPlan {
  return { name: options.name, cluster };
}

/** Who asks, and in which version of HTTP. */
interface Client {
  readonly peer: DownstreamPeer;
  readonly protocol: CallProtocol;
}

function toExchange(plan: Plan, request: RelayedRequest, down: DownstreamSide, { peer, protocol }: Client): Http1Exchange {
  const { cluster, options } = plan;
  const { callObserver, forwardedHeaders, timeoutMs, subset = null } = options;
  const { requestHash } = cluster;
  const marked = { ...request, fields: markForwarded(request.fields, forwardedHeaders, peer) };
  const log =
    callObserver === null
      ? null
      : new CallLog({ observer: callObserver, clock: cluster.clock, plan: toRecordedPlan(plan), protocol, peer }, marked);
  const hash = requestHash === null ? 0 : requestHash.ofText(toTextRequest(marked), peer.remoteAddress);
  return new Http1Exchange({ home: cluster, request: marked, hash, subset, down, timeoutMs, log });
}

function toTextRequest({ path, authority, fields }: RelayedRequest): TextRequest {
  return { path, authority, valuesOf: (name) => valuesOf(fields, name) };
}

/** A stream that has been answered: what still comes is thrown away. */
class DroppedStream implements DownstreamStreamHandler {
  readonly #stream: Http2Stream;

  constructor(stream: Http2Stream) {
    this.#stream = stream;
  }

  onDownstreamData(_octets: Buffer, start: number, end: number): void {
    this.#stream.consume(end - start);
  }

  onDownstreamTrailers(): void {
    // Nobody wants them.
  }

  onDownstreamOverLimit(): void {
    // As above.
  }

  onDownstreamSent(): void {
    // The answer is small, and all of it has been given.
  }

  onDownstreamReset(): void {
    // There is nothing to end.
  }

  onDownstreamClosed(): void {
    // As above.
  }
}

const CONTINUE = new FieldList();
CONTINUE.pushText(':status', '100');
