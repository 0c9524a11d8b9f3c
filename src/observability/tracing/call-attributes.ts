import { parseMethodPath } from '../../grpc/method-path.ts';
import { GrpcStatus } from '../../grpc/status.ts';
import { NameId } from '../../http2/index.ts';
import type { CallView } from '../../proxy/observer.ts';

/** What a span is to say beside ids and times. */
export interface SpanWords {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string | number>>;
  readonly isError: boolean;
}

/** Longer texts that clients have chosen are cut. Characters. */
export const MAX_TEXT_LENGTH = 256;

/** Others are shown as `HTTP`, as clients may invent any number of them. */
const METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE']);
const OTHER_METHOD = 'HTTP';

/** Statuses that a server is at fault for (OpenTelemetry, "Semantic conventions for gRPC", server spans). */
const ERRORS: ReadonlySet<number> = new Set([
  GrpcStatus.UNKNOWN,
  GrpcStatus.DEADLINE_EXCEEDED,
  GrpcStatus.UNIMPLEMENTED,
  GrpcStatus.INTERNAL,
  GrpcStatus.UNAVAILABLE,
  GrpcStatus.DATA_LOSS,
]);
const FIRST_HTTP_ERROR = 500;

/** Describes a call that has ended by OpenTelemetry's conventions for servers; what these do not know is under `bridge.`. */
export function describeCall(call: CallView): SpanWords {
  const attributes: Record<string, string | number> = {
    'bridge.route': call.route,
    'bridge.cluster': call.cluster,
    'bridge.retries': call.retries,
    'network.protocol.version': call.protocol.slice('HTTP/'.length),
    ...whenTold('bridge.endpoint', call.endpoint?.key ?? ''),
    ...whenTold('bridge.local_reason', call.localReason ?? ''),
    ...whenTold('client.address', call.remoteAddress),
    ...whenTold('server.address', textOf(call, NameId.AUTHORITY)),
  };
  const path = textOf(call, NameId.PATH).split('?', 1)[0] ?? '';
  return call.isGrpc ? describeGrpc(call, path, attributes) : describeHttp(call, path, attributes);
}

function describeGrpc(call: CallView, path: string, attributes: Record<string, string | number>): SpanWords {
  const method = parseMethodPath(path);
  attributes['rpc.system'] = 'grpc';
  if (method !== null) {
    attributes['rpc.service'] = method.service;
    attributes['rpc.method'] = method.method;
  }
  attributes['rpc.grpc.status_code'] = call.grpcStatus;
  return { name: method === null ? path : path.slice(1), attributes, isError: ERRORS.has(call.grpcStatus) };
}

function describeHttp(call: CallView, path: string, attributes: Record<string, string | number>): SpanWords {
  const method = textOf(call, NameId.METHOD);
  const name = METHODS.has(method) ? method : OTHER_METHOD;
  attributes['http.request.method'] = name === OTHER_METHOD ? '_OTHER' : name;
  attributes['url.path'] = path;
  if (call.httpStatus > 0) {
    attributes['http.response.status_code'] = call.httpStatus;
  }
  const isCutShort = call.isUpstreamReset || (call.localReason !== null && call.firstByteMs >= 0);
  return { name, attributes, isError: call.httpStatus >= FIRST_HTTP_ERROR || isCutShort };
}

function textOf({ requestFields }: CallView, name: NameId): string {
  return (requestFields.get(name)?.valueText() ?? '').slice(0, MAX_TEXT_LENGTH);
}

function whenTold(name: string, value: string): Record<string, string> {
  return value === '' ? {} : { [name]: value };
}
