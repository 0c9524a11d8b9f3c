import { type Field, FieldList, NameId } from '../http2/index.ts';
import type { ClusterSubset } from '../upstream/stream-handler.ts';
import type { UpstreamCluster } from '../upstream/upstream-cluster.ts';
import type { LocalStreamOpener, StreamOpener } from './downstream-stream.ts';
import type { RequestHandler } from './request-handler.ts';
import type { RetryPolicy } from './retry-policy.ts';
import {
  FieldListRequest,
  hasConditions,
  matchesConditions,
  matchesPath,
  type RoutedRequest,
  type RouteMatch,
  toPathname,
} from './route-match.ts';
import type { SplitRoute } from './split-route.ts';

interface RouteBase {
  /** Unique among the routes. */
  readonly name: string;
  readonly match: RouteMatch;
  /** How long a call may take, from its headers to the end of its answer. Milliseconds, 0 = no limit. Envoy: `max_stream_duration`. */
  readonly timeoutMs: number;
}

/** A route to HTTP/2 endpoints: calls are relayed frame by frame. HTTP/1.x requests are answered 502. */
export interface Http2Route extends RouteBase {
  readonly kind: 'http2';
  readonly cluster: UpstreamCluster;
  /** Which endpoints of the cluster calls may go to; absent or null is all. Envoy: `metadata_match`. */
  readonly subset?: ClusterSubset | null;
  /** Which calls are repeated that an endpoint may have executed; null for none. */
  readonly retry: RetryPolicy | null;
}

/** A route to HTTP/1.1 endpoints, which other code relays to. */
export interface Http1Route extends RouteBase {
  readonly kind: 'http1';
  readonly cluster: { readonly name: string };
  /** Takes a request of HTTP/1.x. */
  readonly onRequest: RequestHandler;
  /** Takes a request of HTTP/2. */
  readonly onStream: StreamOpener;
}

/** A gRPC method that this process answers itself. Requests of HTTP/1.x never are for it. */
export interface LocalRoute extends RouteBase {
  readonly kind: 'local';
  /** Takes a request of HTTP/2. */
  readonly onStream: LocalStreamOpener;
}

/** Where a request goes. */
export type Route = Http2Route | Http1Route | LocalRoute;

/** One route of a listener: one way for all requests, or several. */
export type ListedRoute = Route | SplitRoute;

/** Paths whose candidates are remembered; then they are forgotten and found again. */
const MAX_KNOWN_PATHS = 4096;

/**
 * The routes of one listener: the first in order that matches takes the request. What the path says is found once per path: later requests
 * with the same interned `:path` cost one look-up by identity.
 */
export class Router {
  #routes: readonly ListedRoute[];
  /** For a path, the routes that may match, up to the first that asks for nothing else. */
  readonly #candidates = new Map<Field, readonly ListedRoute[]>();
  readonly #request = new FieldListRequest(new FieldList());

  constructor(routes: readonly ListedRoute[]) {
    this.#routes = routes;
  }

  /** From now on these are the routes; requests that have been led go on where they are. */
  replace(routes: readonly ListedRoute[]): void {
    this.#routes = routes;
    this.#candidates.clear();
  }

  /** Whether nothing is routed. */
  get isEmpty(): boolean {
    return this.#routes.length === 0;
  }

  /** The route of an HTTP/2 request; null if none matches, as for CONNECT, which has no path. */
  find(fields: FieldList): Route | null {
    const path = fields.get(NameId.PATH);
    if (path === null) {
      return null;
    }
    const candidates = this.#candidates.get(path) ?? this.#learn(path);
    const first = candidates[0];
    if (first === undefined) {
      return null;
    }
    if (!hasConditions(first.match)) {
      return toWay(first);
    }
    this.#request.fields = fields;
    return choose(candidates, this.#request);
  }

  /** The route of a request whose path is known as text. */
  findByText(path: string, request: RoutedRequest): Route | null {
    return choose(this.#findCandidates(path), request);
  }

  #learn(path: Field): readonly ListedRoute[] {
    const candidates = this.#findCandidates(path.valueText());
    if (path.id > 0) {
      // Fields without an id are good for this request alone: their objects are filled again.
      if (this.#candidates.size >= MAX_KNOWN_PATHS) {
        this.#candidates.clear();
      }
      this.#candidates.set(path, candidates);
    }
    return candidates;
  }

  #findCandidates(path: string): readonly ListedRoute[] {
    const pathname = toPathname(path);
    const candidates: ListedRoute[] = [];
    for (const route of this.#routes) {
      if (matchesPath(route.match, pathname)) {
        candidates.push(route);
        if (!hasConditions(route.match)) {
          break;
        }
      }
    }
    return candidates;
  }
}

/** Each request of a route with several ways goes its own. */
function toWay(route: ListedRoute): Route {
  return route.kind === 'split' ? route.choose() : route;
}

function choose(candidates: readonly ListedRoute[], request: RoutedRequest): Route | null {
  for (const route of candidates) {
    if (matchesConditions(route.match, request)) {
      return toWay(route);
    }
  }
  return null;
}
