import { FieldList } from '../../src/http2/index.ts';
import type { CallMetrics } from '../../src/observability/call-metrics.ts';
import type { MetricFamily } from '../../src/observability/exposition.ts';
import { CallRecord } from '../../src/proxy/call-record.ts';

/** How a call of a test ends; what is left out is that of a good answer by an endpoint. */
export type Ending = Partial<
  Pick<CallRecord, 'firstByteMs' | 'httpStatus' | 'grpcStatus' | 'durationMs' | 'localReason' | 'isCancelled'>
>;

/** A call under way. */
export interface StartedCall {
  readonly record: CallRecord;
  end(ending?: Ending): void;
}

export interface CallPlace {
  readonly path?: string;
  readonly route?: string;
  readonly cluster?: string;
  readonly isGrpc?: boolean;
}

/** Begins a call as an exchange does. */
export function startCall(metrics: CallMetrics, place: CallPlace = {}): StartedCall {
  const { path = '/pkg.Echo/Say', route = 'route', cluster = 'cluster', isGrpc = true } = place;
  const fields = new FieldList();
  fields.pushText(':method', 'POST');
  fields.pushText(':path', path);
  const record = new CallRecord(fields);
  record.begin({ name: route, cluster: { name: cluster } }, '192.0.2.1', 1000);
  record.isGrpc = isGrpc;
  metrics.onCallStart(record);
  return {
    record,
    end: (ending = {}) => {
      Object.assign(record, { firstByteMs: 1, httpStatus: 200, grpcStatus: isGrpc ? 0 : -1, durationMs: 2, ...ending });
      metrics.onCallEnd(record);
    },
  };
}

/** A call from its start to its end. */
export function meterCall(metrics: CallMetrics, place: CallPlace = {}, ending: Ending = {}): void {
  startCall(metrics, place).end(ending);
}

/** The lines of one metric, without prefix and without the names of the labels: `calls_started_total route,cluster,pkg.Echo,Say 1`. */
export function linesOf(families: readonly MetricFamily[], name: string): string[] {
  const lines = families.find((family) => family.name === `grpc_health_bridge_${name}`)?.lines ?? [];
  return lines.map((line) => line.replace(/^\w+\{(.*)\} (\S+)$/, (_, labels, value) => `${labelValues(labels)} ${value}`));
}

function labelValues(labels: string): string {
  return [...labels.matchAll(/\w+="([^"]*)"/g)].map(([, value]) => value).join(',');
}
