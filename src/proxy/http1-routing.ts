import type { IncomingMessage, ServerResponse } from 'node:http';
import { callHandler } from './guarded-handler.ts';
import { watchHttp1Answer } from './http1-unrouted.ts';
import type { ListenerContext } from './listener-context.ts';
import { LOCAL_ANSWERS, LocalReason } from './local-reason.ts';
import { ERROR_HEADER } from './local-replies.ts';
import { type HeaderMatch, matchesValue, type RoutedRequest, toPathname } from './route-match.ts';
import type { Route } from './router.ts';

/** RFC 9112, section 3.2.2: the absolute form names an authority before the path. */
const ABSOLUTE_FORM = /^https?:\/\/([^/?#]+)/i;

/**
 * Leads a request of HTTP/1.x to whoever serves it: the handler of this process, or a route, which is told by `true`.
 *
 * @param denial why nothing that is routed is for this client; null if it is.
 */
export function serveHttp1(
  context: ListenerContext,
  request: IncomingMessage,
  response: ServerResponse,
  denial: LocalReason | null,
): boolean {
  const isProbe = isProbeRequest(context, request);
  const route = isProbe ? null : findRoute(context, request);
  if (route === null || route.kind === 'local') {
    watchHttp1Answer(context, request, response, { isProbe, plan: null, reason: null });
    callHandler(context, request, response);
    return false;
  }
  // gRPC and all else that endpoints of HTTP/2 speak needs HTTP/2.
  if (denial !== null || route.kind === 'http2') {
    const reason = denial ?? LocalReason.WRONG_PROTOCOL;
    watchHttp1Answer(context, request, response, { isProbe: false, plan: route, reason });
    refuse(context, response, reason);
    return false;
  }
  callHandler({ requestHandler: route.onRequest, observer: context.observer }, request, response);
  return true;
}

function isProbeRequest({ isHealthPath }: ListenerContext, { method, url = '/' }: IncomingMessage): boolean {
  return (method === 'GET' || method === 'HEAD') && isHealthPath(toPathname(toOriginForm(url)));
}

function findRoute({ router }: ListenerContext, request: IncomingMessage): Route | null {
  return router.isEmpty ? null : router.findByText(toOriginForm(request.url ?? '/'), new Http1Request(request));
}

function refuse({ callObserver }: ListenerContext, response: ServerResponse, reason: LocalReason): void {
  const { httpStatus, message } = LOCAL_ANSWERS[reason];
  callObserver?.onLocalReply(reason);
  response.writeHead(httpStatus, { 'content-type': 'text/plain; charset=utf-8', [ERROR_HEADER]: reason });
  response.end(`${message}\n`);
}

function toOriginForm(url: string): string {
  const prefix = url.startsWith('/') ? undefined : ABSOLUTE_FORM.exec(url)?.[0];
  const path = prefix === undefined ? url : url.slice(prefix.length);
  return path.startsWith('/') || prefix === undefined ? path : `/${path}`;
}

class Http1Request implements RoutedRequest {
  readonly #request: IncomingMessage;

  constructor(request: IncomingMessage) {
    this.#request = request;
  }

  get authority(): string | null {
    const { url = '', headers } = this.#request;
    // RFC 9112, section 3.2.2: the authority of the absolute form goes before Host.
    return (url.startsWith('/') ? null : ABSOLUTE_FORM.exec(url)?.[1]) ?? headers.host ?? null;
  }

  hasHeader(match: HeaderMatch): boolean {
    const { rawHeaders } = this.#request;
    for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
      if (rawHeaders[index]?.toLowerCase() === match.name && matchesValue(match, rawHeaders[index + 1] ?? '')) {
        return true;
      }
    }
    return false;
  }
}
