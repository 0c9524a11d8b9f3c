import { parseLogFormat } from '../../src/model/log-format.ts';
import { LineFormat, type LineStyle } from '../../src/observability/access-log/line-format.ts';
import { LineMemory, LineWriter } from '../../src/observability/access-log/line-writer.ts';
import { CallRecord } from '../../src/proxy/call-record.ts';
import { list } from './http2/fields.ts';

/** The style for `envoy`, `json` or a format that is sound. */
export function styleOf(format: string): LineStyle {
  if (format === 'envoy' || format === 'json') {
    return format;
  }
  const result = parseLogFormat(format);
  if (result.kind === 'invalid') {
    throw new Error(result.message);
  }
  return result.segments;
}

/** Writes one line, from a place in the middle of the memory. @param room octets that the line may take. */
export function lineOf(format: LineFormat | string, call: CallRecord, startMs = 0, room = 4096): string {
  const line = new LineWriter(format === 'json' || (format instanceof LineFormat && format.form === 'json') ? 'json' : 'text');
  line.begin(new LineMemory(10 + room), 10, 10 + room);
  const made = format instanceof LineFormat ? format : new LineFormat(styleOf(format));
  made.write(call, startMs, line);
  return line.octets.toString('utf8', 10, line.at);
}

/** A call with these request fields, as it begins. */
export function callWith(fields: readonly (readonly [string, string])[], keepsResponses = false): CallRecord {
  const call = new CallRecord(list(fields), keepsResponses);
  call.begin({ name: 'orders', cluster: { name: 'shop' } }, '192.0.2.7', 0);
  call.remotePort = 4711;
  return call;
}
