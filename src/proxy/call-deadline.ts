import { parseGrpcTimeout } from '../grpc/timeout.ts';
import { type FieldList, NameId } from '../http2/index.ts';

/**
 * How far beyond its `grpc-timeout` a call is ended here, so that client and endpoint, who measure the same time, both come first.
 * Milliseconds.
 */
export const DEADLINE_SLACK_MS = 250;

/** Room for one: longer values are malformed. */
const timeoutOctets: Buffer = Buffer.alloc(16);

/** How long the client allows the call to take, with the slack; Infinity for any time. A malformed field is none: the endpoint judges it. */
export function clientTimeoutMs(fields: FieldList): number {
  const field = fields.get(NameId.GRPC_TIMEOUT);
  // Clients send another one with every call, so that none is worth keeping as text.
  const length = field?.copyValue(timeoutOctets) ?? -1;
  const timeoutMs = length < 0 ? null : parseGrpcTimeout(timeoutOctets, length);
  return timeoutMs === null ? Number.POSITIVE_INFINITY : timeoutMs + DEADLINE_SLACK_MS;
}
