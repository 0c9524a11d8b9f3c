import { createServer } from 'node:http';
import fastify, { type FastifyReply } from 'fastify';
import { toError } from '../errors.ts';
import { chooseMetricsFormat, type MetricsFormat } from './metrics-format.ts';
import type { ProbeHandler, ProbeServer } from './probe-server.ts';
import { ignoreBody } from './request-body.ts';

/** What `/metrics` answers. */
export interface MetricsPage {
  readonly contentType: string;
  readonly body: string;
}

export interface MetricsAppOptions {
  /** Renders the metrics of this moment. */
  readonly render: (format: MetricsFormat) => Promise<MetricsPage>;
  /** A defect of ours that was answered with 500. */
  readonly onError: (error: Error) => void;
}

const METRICS = '/metrics';
const NO_STORE = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' };

/** Whether the URL is that of the metrics, with any query. */
export function isMetricsUrl(url: string): boolean {
  return url === METRICS || url.startsWith(`${METRICS}?`);
}

/** `/metrics` alone; every other URL is unknown. Requests that come while one is being answered get the same answer, so that many cost as much as one. */
export function createMetricsApp(options: MetricsAppOptions): ProbeServer {
  const captured: { dispatch?: ProbeHandler } = {};
  const render = shareRuns(options.render);
  const app = fastify({
    // As in probe-server.ts: this server never listens.
    serverFactory: (handler) => {
      captured.dispatch = handler;
      return createServer();
    },
    return503OnClosing: false,
    frameworkErrors: (_error, request, reply) => {
      refuse(request.raw.url ?? '', reply);
    },
  });
  // Before Fastify looks at a body: no request here has a use for one, whatever its type.
  app.addHook('onRequest', (request, reply, done) => {
    const url = request.raw.url ?? '';
    ignoreBody(request.raw);
    if (isMetricsUrl(url) && (request.method === 'GET' || request.method === 'HEAD')) {
      done();
    } else {
      refuse(url, reply);
    }
  });
  app.get('*', async (request, reply) => {
    const { contentType, body } = await render(chooseMetricsFormat(request.headers.accept));
    return reply.headers({ ...NO_STORE, vary: 'accept', 'content-type': contentType }).send(body);
  });
  // A method that Fastify does not know.
  app.setNotFoundHandler((request, reply) => refuse(request.raw.url ?? '', reply));
  app.setErrorHandler((error, _request, reply) => {
    options.onError(toError(error));
    reply.code(500).headers(NO_STORE).send('internal error');
  });
  return {
    handler: (request, response) => captured.dispatch?.(request, response),
    ready: async () => {
      await app.ready();
    },
    close: () => app.close(),
  };
}

/** One run at a time for each format. */
function shareRuns(render: MetricsAppOptions['render']): MetricsAppOptions['render'] {
  const running = new Map<MetricsFormat, Promise<MetricsPage>>();
  return (format) => {
    const run = running.get(format) ?? render(format).finally(() => running.delete(format));
    running.set(format, run);
    return run;
  };
}

function refuse(url: string, reply: FastifyReply): FastifyReply {
  return isMetricsUrl(url)
    ? reply
        .code(405)
        .headers({ ...NO_STORE, allow: 'GET, HEAD' })
        .send('method not allowed')
    : reply.code(404).headers(NO_STORE).send('not found');
}
