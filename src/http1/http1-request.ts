import type { IncomingMessage } from 'node:http';
import { LocalReason } from '../proxy/local-reason.ts';
import { hasElement, type RawFields, removeConnectionFields, valuesOf } from './fields.ts';
import { OWN_FIELDS, type RequestResult } from './relayed-request.ts';
import { RequestBody } from './request-body.ts';

/** RFC 9112, section 3.2.2: the absolute form names the authority, which goes before Host. */
const ABSOLUTE_FORM = /^https?:\/\/([^/?#]+)(.*)$/i;

const BAD_REQUEST: RequestResult = Object.freeze({ kind: 'refused', reason: LocalReason.BAD_REQUEST });

/** What of a parsed HTTP/1.x request goes to an endpoint. Where its framing could be understood in two ways it is refused, not mended. */
export function toRelayedRequest(request: IncomingMessage): RequestResult {
  const { rawHeaders, method = '', url = '' } = request;
  const target = toTarget(url);
  const hosts = valuesOf(rawHeaders, 'host');
  if (target === null || hosts.length > 1 || request.httpVersionMajor !== 1) {
    // RFC 9112, section 3.2: more than one Host is answered with 400. The parser of node also takes 0.9 and 2.0 for versions.
    return BAD_REQUEST;
  }
  const codings = valuesOf(rawHeaders, 'transfer-encoding');
  const refusal = judgeUpgrade(rawHeaders) ?? judgeCodings(codings, request.httpVersionMinor);
  if (refusal !== null) {
    return refusal;
  }
  const lengths = valuesOf(rawHeaders, 'content-length').map(Number);
  if (lengths.length > 1 || !lengths.every(Number.isSafeInteger)) {
    return BAD_REQUEST;
  }
  const hasContent = codings.length > 0 || lengths.some((length) => length > 0);
  return {
    kind: 'request',
    request: {
      method,
      path: target.path,
      authority: target.authority ?? hosts[0] ?? null,
      fields: removeConnectionFields(rawHeaders, OWN_FIELDS),
      contentLength: lengths[0] ?? null,
      body: hasContent ? new RequestBody() : null,
    },
  };
}

/** RFC 9110, section 7.8: an upgrade may be ignored, as that to h2c is. But a client of WebSocket has no use for any other answer. */
function judgeUpgrade(fields: RawFields): RequestResult | null {
  return hasElement(fields, 'upgrade', 'websocket') && hasElement(fields, 'connection', 'upgrade')
    ? { kind: 'refused', reason: LocalReason.NOT_IMPLEMENTED, message: 'WebSocket is not implemented' }
    : null;
}

function judgeCodings(codings: readonly string[], minorVersion: number): RequestResult | null {
  if (codings.length > 0 && minorVersion === 0) {
    // RFC 9112, section 6.1: HTTP/1.0 has no transfer codings, so the framing is faulty.
    return BAD_REQUEST;
  }
  if (codings.length > 1 || codings.some((coding) => coding.trim().toLowerCase() !== 'chunked')) {
    // RFC 9112, section 6.1: 501 for a coding that is not understood. It would be lost on the way.
    return { kind: 'refused', reason: LocalReason.NOT_IMPLEMENTED, message: 'no transfer coding but chunked is implemented' };
  }
  return null;
}

function toTarget(url: string): { readonly path: string; readonly authority: string | null } | null {
  if (url.includes('#')) {
    // RFC 9112, section 3.2.1: no fragment. An endpoint may cut it off, and the rest be a path that another route is for.
    return null;
  }
  if (url.startsWith('/')) {
    return { path: url, authority: null };
  }
  const [, authority = '', rest = ''] = ABSOLUTE_FORM.exec(url) ?? [];
  if (authority === '' || authority.includes('@')) {
    // Also the asterisk form, which names no resource and so no route.
    return null;
  }
  return { path: rest.startsWith('/') ? rest : `/${rest}`, authority };
}
