import { createServer, type IncomingMessage } from 'node:http';
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { toError } from '../errors.ts';
import type { AdminAccess } from './admin-access.ts';
import { type AdminAnswer, textAnswer } from './admin-answer.ts';
import type { AdminPage } from './admin-pages.ts';
import { MAX_URL_LENGTH } from './health-answer.ts';
import { isMetricsUrl } from './metrics-app.ts';
import type { ProbeHandler, ProbeServer } from './probe-server.ts';
import { ignoreBody } from './request-body.ts';

export interface AdminAppOptions {
  readonly access: AdminAccess;
  /** By path. They win over health URLs, so that `/` is the status page. */
  readonly pages: ReadonlyMap<string, AdminPage>;
  /** Answers `/metrics`. */
  readonly metrics: ProbeServer;
  /** Answers every other URL. */
  readonly health: ProbeServer;
  /** A defect of ours that was answered with 500. */
  readonly onError: (error: Error) => void;
}

/** Says nothing but that the process works, and containers ask it of themselves. */
const LIVENESS = '/livez';

/** The admin listener: what it shows and turns of the bridge, for those alone that may ask. */
export function createAdminApp(options: AdminAppOptions): ProbeServer {
  const { access, pages, metrics, health } = options;
  const server = createAnswerServer(options.onError);
  const handler: ProbeHandler = (request, response) => {
    const { pathname, query } = splitUrl(request.url ?? '');
    const page = pages.get(pathname);
    const dispatch = (refusal: AdminAnswer | null): void => {
      if (refusal !== null || page !== undefined) {
        server.answer(() => refusal ?? answerPage(page, request.method ?? '', query), request, response);
      } else {
        (isMetricsUrl(request.url ?? '') ? metrics : health).handler(request, response);
      }
    };
    const { host, origin, authorization } = request.headers;
    const isOpen = page?.isOpen === true || pathname === LIVENESS;
    const peer = { remoteAddress: request.socket.remoteAddress, host, origin, authorization, isOpen };
    access.refuse(peer).then(dispatch, (thrown: unknown) => {
      options.onError(toError(thrown));
      response.destroy();
    });
  };
  return {
    handler,
    ready: async () => {
      await Promise.all([server.app.ready(), metrics.ready(), health.ready()]);
    },
    close: async () => {
      await Promise.all([server.app.close(), metrics.close(), health.close()]);
    },
  };
}

function answerPage(page: AdminPage | undefined, method: string, query: string): AdminAnswer {
  if (page === undefined) {
    return textAnswer(404, 'not found');
  }
  const isMethod = method === page.method || (method === 'HEAD' && page.method === 'GET');
  const allow = page.method === 'GET' ? 'GET, HEAD' : 'POST';
  return isMethod
    ? page.answer(new URLSearchParams(query))
    : textAnswer(405, `${method} is not for this URL, but ${allow}`, { allow });
}

interface AnswerServer {
  readonly app: FastifyInstance;
  /** Sends what `make` makes. */
  answer(make: () => AdminAnswer, ...exchange: Parameters<ProbeHandler>): void;
}

/** Fastify as the way out alone, as in probe-server.ts: which URL and method are answered is decided before. */
function createAnswerServer(onError: (error: Error) => void): AnswerServer {
  const captured: { dispatch?: ProbeHandler } = {};
  const makers = new WeakMap<IncomingMessage, () => AdminAnswer>();
  const app = fastify({
    serverFactory: (handler) => {
      captured.dispatch = handler;
      return createServer();
    },
    return503OnClosing: false,
    routerOptions: { querystringParser: () => ({}) },
    frameworkErrors: (_error, request, reply) => respond(request, reply),
  });
  const respond = (request: FastifyRequest, reply: FastifyReply): void => {
    try {
      send(makers.get(request.raw)?.() ?? textAnswer(404, 'not found'), reply);
    } catch (thrown) {
      onError(toError(thrown));
      send(textAnswer(500, 'internal error'), reply);
    }
  };
  // Before Fastify looks at the body or the method: nothing here has a use for content.
  app.addHook('onRequest', (request, reply) => {
    ignoreBody(request.raw);
    respond(request, reply);
  });
  app.all('*', respond);
  app.setNotFoundHandler(respond);
  return {
    app,
    answer: (make, request, response) => {
      makers.set(request, make);
      captured.dispatch?.(request, response);
    },
  };
}

function send({ code, headers, body }: AdminAnswer, reply: FastifyReply): void {
  reply.code(code).headers(headers).send(Buffer.from(body));
}

/** A URL that is too long is left to the health URLs, which refuse it. */
function splitUrl(url: string): { readonly pathname: string; readonly query: string } {
  const mark = url.indexOf('?');
  const whole = url.length > MAX_URL_LENGTH || mark < 0;
  return whole ? { pathname: url, query: '' } : { pathname: url.slice(0, mark), query: url.slice(mark + 1) };
}
