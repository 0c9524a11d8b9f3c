import { parseGrpcTimeout } from '../grpc/timeout.ts';
import { type FieldList, NameId } from '../http2/index.ts';

/** Room for a `grpc-timeout`: longer ones are malformed. */
const MAX_TIMEOUT_OCTETS = 16;

/** How long the client waits. Milliseconds; Infinity without a `grpc-timeout`, null for a malformed one. */
export function readTimeoutMs(fields: FieldList): number | null {
  const field = fields.get(NameId.GRPC_TIMEOUT);
  if (field === null) {
    return Number.POSITIVE_INFINITY;
  }
  const octets = Buffer.alloc(MAX_TIMEOUT_OCTETS);
  return parseGrpcTimeout(octets, field.copyValue(octets));
}
