import { type FieldList, NameId } from '../http2/index.ts';
import { LocalReason } from '../proxy/local-reason.ts';
import { type RawFields, removeConnectionFields, valuesOf } from './fields.ts';
import { OWN_FIELDS, type RequestResult } from './relayed-request.ts';
import { RequestBody } from './request-body.ts';

/**
 * What of an HTTP/2 request, which the engine has found valid, goes to an endpoint. `isEnded`: it has no content. The engine holds the content
 * to its announced length, so that the length may be announced anew.
 */
export function fieldsToRelayedRequest(fields: FieldList, isEnded: boolean): RequestResult {
  const received = toRawRequestFields(fields);
  const method = textOf(fields, NameId.METHOD) ?? '';
  const path = textOf(fields, NameId.PATH) ?? '';
  const contentLength = fields.get(NameId.CONTENT_LENGTH)?.valueNumber() ?? null;
  if (method === 'CONNECT') {
    return { kind: 'refused', reason: LocalReason.NOT_IMPLEMENTED };
  }
  const hosts = valuesOf(received, 'host');
  const isUnexpected = valuesOf(received, 'expect').some((value) => value.toLowerCase() !== '100-continue');
  if (isUnexpected || hosts.length > 1 || !isPath(path) || !Number.isSafeInteger(contentLength ?? 0)) {
    return { kind: 'refused', reason: LocalReason.BAD_REQUEST };
  }
  return {
    kind: 'request',
    request: {
      method,
      path,
      // RFC 9113, section 8.3.1: Host says it where there is no :authority.
      authority: textOf(fields, NameId.AUTHORITY) ?? hosts[0] ?? null,
      fields: removeConnectionFields(received, OWN_FIELDS),
      contentLength,
      body: isEnded || contentLength === 0 ? null : new RequestBody(),
    },
  };
}

/** Without fragment, as with HTTP/1.1. */
function isPath(path: string): boolean {
  return path.startsWith('/') && !path.includes('#');
}

/** Whether the client waits for word before it sends the content (RFC 9110, section 10.1.1). */
export function expectsContinue(fields: FieldList): boolean {
  return fields.get(NameId.EXPECT)?.valueText().toLowerCase() === '100-continue';
}

function textOf(fields: FieldList, id: NameId): string | null {
  return fields.get(id)?.valueText() ?? null;
}

/** The fields, with the crumbs of cookies as one field again (RFC 9113, section 8.2.3), and without pseudo-header fields. */
function toRawRequestFields(fields: FieldList): RawFields {
  const raw: string[] = [];
  let cookieAt = -1;
  for (let index = 0; index < fields.length; index++) {
    const field = fields.at(index);
    const { text } = field.name;
    if (field.name.id === NameId.COOKIE && cookieAt >= 0) {
      raw[cookieAt] = `${raw[cookieAt]}; ${field.valueText()}`;
    } else if (!text.startsWith(':')) {
      cookieAt = field.name.id === NameId.COOKIE ? raw.length + 1 : cookieAt;
      raw.push(text, field.valueText());
    }
  }
  return raw;
}
