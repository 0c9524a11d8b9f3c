import { createServer } from 'node:http';
import fastify, { type FastifyReply } from 'fastify';
import { toError } from '../errors.ts';
import type { ProbeHandler, ProbeServer } from './probe-server.ts';

/** What `/metrics` answers. */
export interface MetricsPage {
  readonly contentType: string;
  readonly body: string;
}

export interface AdminAppOptions {
  /** Answers every other URL. */
  readonly health: ProbeServer;
  /** Renders the metrics of this moment. */
  readonly metrics: () => Promise<MetricsPage>;
  /** A defect of ours that was answered with 500. */
  readonly onError: (error: Error) => void;
}

const METRICS = '/metrics';
const NO_STORE = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' };

/** The admin listener: `/metrics`, and the health URLs with everything they know. */
export function createAdminApp(options: AdminAppOptions): ProbeServer {
  const captured: { dispatch?: ProbeHandler } = {};
  const app = fastify({
    // As in probe-server.ts: this server never listens.
    serverFactory: (handler) => {
      captured.dispatch = handler;
      return createServer();
    },
    return503OnClosing: false,
    frameworkErrors: (_error, _request, reply) => {
      refuseMethod(reply);
    },
  });
  app.all('*', async (request, reply) => {
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      return refuseMethod(reply);
    }
    const { contentType, body } = await options.metrics();
    return reply.headers({ ...NO_STORE, 'content-type': contentType }).send(body);
  });
  // Of the URLs that come here all exist: what is not found has a method that Fastify does not know.
  app.setNotFoundHandler((_request, reply) => refuseMethod(reply));
  app.setErrorHandler((error, _request, reply) => {
    options.onError(toError(error));
    reply.code(500).headers(NO_STORE).send('internal error');
  });
  return {
    handler: (request, response) => {
      if (isMetrics(request.url ?? '')) {
        captured.dispatch?.(request, response);
      } else {
        options.health.handler(request, response);
      }
    },
    ready: async () => {
      await Promise.all([app.ready(), options.health.ready()]);
    },
    close: async () => {
      await Promise.all([app.close(), options.health.close()]);
    },
  };
}

function refuseMethod(reply: FastifyReply): FastifyReply {
  return reply
    .code(405)
    .headers({ ...NO_STORE, allow: 'GET, HEAD' })
    .send('method not allowed');
}

function isMetrics(url: string): boolean {
  return url === METRICS || url.startsWith(`${METRICS}?`);
}
