import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2';

/** A request of either version, with the shape that node:http and the compatibility side of node:http2 share. */
export type DownstreamRequest = IncomingMessage | Http2ServerRequest;

/** The response to a `DownstreamRequest` of the same version. */
export type DownstreamResponse = ServerResponse | Http2ServerResponse;

/** Answers one request. What it throws is reported and answered with 500. */
export type RequestHandler = (request: DownstreamRequest, response: DownstreamResponse) => void;
