import type { FieldList } from '../hpack/field-list.ts';
import { NameId } from '../hpack/name-id.ts';

/**
 * Leaves a valid request one name for its host, so that whoever routes it and whoever it is sent to read the same one: `host` beside
 * `:authority` is dropped (gRPC A41), and alone becomes `:authority` (RFC 9113, section 8.3.1).
 */
export function unifyAuthority(fields: FieldList): void {
  const host = fields.get(NameId.HOST);
  if (host === null) {
    return;
  }
  if (fields.get(NameId.AUTHORITY) === null && host.length > 0) {
    fields.pushText(':authority', host.valueText());
    fields.moveLastToFront();
  }
  fields.remove(NameId.HOST);
}
