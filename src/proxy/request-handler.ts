import type { IncomingMessage, ServerResponse } from 'node:http';

/** A request of HTTP/1.x, or one of HTTP/2 in its shape (local-handler.ts). */
export type DownstreamRequest = IncomingMessage;

/** The response to a `DownstreamRequest`. */
export type DownstreamResponse = ServerResponse;

/** Answers one request. What it throws is reported and answered with 500. */
export type RequestHandler = (request: DownstreamRequest, response: DownstreamResponse) => void;
