import { toError } from '../errors.ts';
import type { ListenerObserver } from './listener-options.ts';
import type { DownstreamRequest, DownstreamResponse, RequestHandler } from './request-handler.ts';

/** Calls the handler so that what it throws ends one request with 500 and never the process. */
export function callHandler(
  { requestHandler, observer }: { readonly requestHandler: RequestHandler; readonly observer: ListenerObserver },
  request: DownstreamRequest,
  response: DownstreamResponse,
): void {
  try {
    requestHandler(request, response);
  } catch (thrown) {
    observer.onError(toError(thrown));
    if (response.headersSent) {
      response.destroy();
    } else {
      response.statusCode = 500;
      response.end();
    }
  }
}
