import type { BridgeVerdict } from '../aggregation/verdict.ts';
import { isLoopback } from '../model/address.ts';
import { prefersHealthJson } from './accept.ts';
import type { Details } from './body-entries.ts';
import { renderHealthJson } from './health-json-body.ts';
import { createPage, type HealthPage, type Lifecycle } from './health-page.ts';
import { type HealthTarget, HealthUrls } from './health-url.ts';
import { type ProbeQuery, parseProbeQuery } from './probe-query.ts';
import { renderVerboseText, renderWord } from './text-body.ts';

/** What of a request an answer depends on. */
export interface ProbeRequest {
  readonly method: string;
  /** The request target as it was received. */
  readonly url: string;
  readonly accept: string | undefined;
  /** The peer's IP address, or undefined where there is none, as on a unix socket. */
  readonly remoteAddress: string | undefined;
}

/** A whole response. */
export interface Answer {
  readonly code: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** The template of the URL for metrics, such as `/healthz/:part`; `other` for what is no health URL. */
  readonly path: string;
}

/** What health URLs answer from. */
export interface HealthAnswerOptions {
  /** The verdict of the current view. Read once per request; it must not compute anything. */
  readonly verdict: () => BridgeVerdict;
  readonly lifecycle: () => Lifecycle;
  /** `public`: bodies are cut. `admin`: every peer sees everything, uncut. */
  readonly audience: 'public' | 'admin';
  /** The URLs of the aggregate, each beginning with a slash. */
  readonly paths: readonly string[];
  /** What public peers see beyond the code; loopback peers see all. A listener on a unix socket: `full`. */
  readonly details: Details;
  /** Whether `x-health-status` is sent. */
  readonly statusHeader: boolean;
  /** Whether the aggregate is 503 while draining. */
  readonly failDuringDrain: boolean;
  /** `Retry-After` of a 503: seconds to the next check, 1 or more, whole. */
  readonly retryAfterSeconds: number;
}

/** Longer request targets are refused with 414; the longest sensible one excludes some fifty clusters by name. */
export const MAX_URL_LENGTH = 4096;
/** The kubelet stops reading here and drops the connection, which looks like an error in logs. */
export const MAX_PUBLIC_BODY_BYTES = 10_240;

const STATUS_HEADER = 'x-health-status';
const TEXT = 'text/plain; charset=utf-8';
const HEALTH_JSON = 'application/health+json';
const OTHER = 'other';

/** An answer that says no more than its code: for what is no health URL, or not asked for in a way that has an answer. */
export function refusal(code: 400 | 404 | 405 | 414 | 500, message: string, path = OTHER): Answer {
  const headers = code === 405 ? { ...baseHeaders(TEXT), allow: 'GET, HEAD' } : baseHeaders(TEXT);
  return { code, headers, body: message, path };
}

/** Answers health URLs from memory: it reads the verdict and waits for nothing. */
export class HealthAnswers {
  readonly #options: HealthAnswerOptions;
  readonly #urls: HealthUrls;

  constructor(options: HealthAnswerOptions) {
    this.#options = options;
    this.#urls = new HealthUrls(options.paths);
  }

  answer(request: ProbeRequest): Answer {
    if (request.url.length > MAX_URL_LENGTH) {
      return refusal(414, 'URL too long');
    }
    const { target, query: queryText } = this.#urls.parse(request.url);
    if (target.kind === 'malformed') {
      return refusal(400, 'malformed URL');
    }
    const path = templateOf(target);
    if (target.kind === 'unknown') {
      return refusal(404, 'not found');
    }
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      return refusal(405, 'method not allowed', path);
    }
    const parsed = parseProbeQuery(queryText);
    if (parsed.kind === 'invalid') {
      return refusal(400, parsed.message, path);
    }
    return this.#answerTarget(target, parsed.query, request);
  }

  #answerTarget(target: HealthTarget, query: ProbeQuery, request: ProbeRequest): Answer {
    const { verdict, lifecycle, failDuringDrain } = this.#options;
    const details = this.#detailsFor(request);
    const page = createPage(target, {
      verdict: verdict(),
      lifecycle: lifecycle(),
      failDuringDrain,
      excludes: query.excludes,
      service: query.service,
      endpoints: details === 'full',
    });
    const path = templateOf(target);
    return page === null ? refusal(404, 'not found', path) : this.#render(page, { details, query, request, path });
  }

  #render(
    page: HealthPage,
    { details, query, request, path }: { details: Details; query: ProbeQuery; request: ProbeRequest; path: string },
  ): Answer {
    const json = query.json || prefersHealthJson(request.accept);
    const maxBytes = this.#options.audience === 'admin' ? Number.POSITIVE_INFINITY : MAX_PUBLIC_BODY_BYTES;
    const headers = baseHeaders(json ? HEALTH_JSON : TEXT);
    if (!query.json) {
      headers['vary'] = 'Accept';
    }
    if (this.#options.statusHeader) {
      headers[STATUS_HEADER] = page.status;
    }
    if (!page.healthy) {
      headers['retry-after'] = String(this.#options.retryAfterSeconds);
    }
    const body = json
      ? renderHealthJson(page, details, maxBytes)
      : query.verbose
        ? renderVerboseText(page, details, maxBytes)
        : renderWord(page);
    return { code: page.healthy ? 200 : 503, headers, body, path };
  }

  #detailsFor({ remoteAddress }: ProbeRequest): Details {
    const { audience, details } = this.#options;
    // A peer without an address is no loopback peer: not knowing who asks must not open anything.
    const seesAll = audience === 'admin' || (remoteAddress !== undefined && isLoopback(remoteAddress));
    return seesAll ? 'full' : details;
  }
}

function baseHeaders(contentType: string): Record<string, string> {
  return { 'content-type': contentType, 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' };
}

function templateOf(target: HealthTarget): string {
  switch (target.kind) {
    case 'aggregate':
      return target.path;
    case 'healthzOnly':
      return '/healthz';
    case 'part':
      return '/healthz/:part';
    case 'endpoint':
      return '/healthz/:cluster/:address';
    case 'live':
      return '/livez';
    case 'ready':
      return '/readyz';
    case 'startup':
      return '/startupz';
    case 'unknown':
    case 'malformed':
      return OTHER;
  }
}
