import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import fastify, { type FastifyError, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { toError } from '../errors.ts';
import { type Answer, type ProbeRequest, refusal } from './health-answer.ts';
import { ignoreBody } from './request-body.ts';

/** Takes requests as node:http hands them over; listeners dress those of HTTP/2 up in the same shape. */
export type ProbeHandler = (request: IncomingMessage, response: ServerResponse) => void;

/** Routes without a socket of their own: listeners feed them. */
export interface ProbeServer {
  /** Answers one request. May be called once `ready` has resolved. */
  readonly handler: ProbeHandler;
  ready(): Promise<void>;
  /** Idempotent. Requests that come later are answered all the same: whoever drains still has to tell. */
  close(): Promise<void>;
}

export interface ProbeServerOptions {
  /** Synchronous, so that no answer waits for anything. */
  readonly answer: (request: ProbeRequest) => Answer;
  /** Called with every answer: the template of the URL, never the URL itself, and the code. */
  readonly onProbe: (path: string, code: number) => void;
  /** A defect of ours that was answered with 500. */
  readonly onError: (error: Error) => void;
}

/**
 * One Fastify instance that is never bound. URLs are matched by `answer` rather than by Fastify's router, as paths of the
 * aggregate are exact text from the configuration, where a colon or an asterisk is no pattern, and as every method, also
 * one that Fastify does not know, must meet the same table.
 */
export function createProbeServer(options: ProbeServerOptions): ProbeServer {
  const captured: { dispatch?: ProbeHandler } = {};
  const app = fastify({
    // This server never listens: Fastify wants one to hang its own handlers on.
    serverFactory: (handler) => {
      captured.dispatch = handler;
      return createServer();
    },
    return503OnClosing: false,
    exposeHeadRoutes: false,
    // Fastify would parse queries without limit; they are parsed once, by `answer`.
    routerOptions: { querystringParser: () => ({}) },
    frameworkErrors: (_error, request, reply) => respond(options, request, reply),
  });
  addRoutes(app, options);
  return {
    handler: (request, response) => captured.dispatch?.(request, response),
    ready: async () => {
      await app.ready();
    },
    close: () => app.close(),
  };
}

function addRoutes(app: FastifyInstance, options: ProbeServerOptions): void {
  // Before Fastify looks at a body: no request here has a use for one, whatever its type.
  app.addHook('onRequest', (request, reply, done) => {
    ignoreBody(request.raw);
    if (request.method === 'GET' || request.method === 'HEAD') {
      done();
    } else {
      respond(options, request, reply);
    }
  });
  app.route({ method: ['GET', 'HEAD'], url: '*', handler: (request, reply) => respond(options, request, reply) });
  app.setNotFoundHandler((request, reply) => respond(options, request, reply));
  // Fastify's own complaint about a request, such as a method it does not know, is no defect.
  app.setErrorHandler<FastifyError>((error, request, reply) => {
    if (error.statusCode !== undefined && error.statusCode < 500) {
      respond(options, request, reply);
    } else {
      fail(options, error, reply);
    }
  });
}

function respond(options: ProbeServerOptions, request: FastifyRequest, reply: FastifyReply): void {
  const { method, headers, socket } = request.raw;
  // Not Fastify's own url: what was received decides, before anybody normalised it.
  const url = request.raw.url ?? '';
  try {
    send(
      options,
      reply,
      options.answer({ method: method ?? '', url, accept: headers.accept, remoteAddress: socket.remoteAddress }),
    );
  } catch (error) {
    fail(options, error, reply);
  }
}

function fail(options: ProbeServerOptions, error: unknown, reply: FastifyReply): void {
  options.onError(toError(error));
  send(options, reply, refusal(500, 'internal error'));
}

function send(options: ProbeServerOptions, reply: FastifyReply, { code, headers, body, path }: Answer): void {
  options.onProbe(path, code);
  // Octets, as Fastify appends a charset to the type of text that is JSON, which has none (RFC 8259, section 11).
  reply.code(code).headers(headers).send(Buffer.from(body));
}
