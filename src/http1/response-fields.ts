import { LocalReason } from '../proxy/local-reason.ts';
import { type RawFields, removeConnectionFields, valuesOf } from './fields.ts';
import { MAX_RESPONSE_FIELDS } from './options.ts';

/** The fields of a response as they are passed on, or why it is not. */
export type ResponseResult =
  | { readonly kind: 'fields'; readonly fields: string[] }
  | { readonly kind: 'refused'; readonly reason: LocalReason };

/** What a client gets of a final response's header section. `wallNowMs` is for a response without a date. */
export function toResponseFields(received: RawFields, wallNowMs: number): ResponseResult {
  if (received.length > 2 * MAX_RESPONSE_FIELDS) {
    return { kind: 'refused', reason: LocalReason.UPSTREAM_HEADERS_TOO_LARGE };
  }
  const codings = valuesOf(received, 'transfer-encoding');
  if (codings.length > 1 || codings.some((coding) => coding.trim().toLowerCase() !== 'chunked')) {
    // RFC 9112, section 6.1: no other coding was asked for by TE, and the content would be passed on coded without a word about it.
    return { kind: 'refused', reason: LocalReason.UPSTREAM_PROTOCOL };
  }
  // RFC 9112, section 6.3: next to Transfer-Encoding it says nothing.
  const fields = removeConnectionFields(received, codings.length > 0 ? ['content-length'] : []);
  if (valuesOf(fields, 'date').length === 0) {
    // RFC 9110, section 6.6.1: whoever passes a response on that has no date adds when it came.
    fields.push('date', new Date(wallNowMs).toUTCString());
  }
  return { kind: 'fields', fields };
}

/** Whether a response has no content whatever its fields say (RFC 9112, section 6.3), or says that it has none. */
export function hasNoContent(method: string, status: number, fields: RawFields): boolean {
  return method === 'HEAD' || status === 204 || status === 304 || valuesOf(fields, 'content-length')[0] === '0';
}
