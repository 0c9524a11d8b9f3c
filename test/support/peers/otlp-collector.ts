import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';

/** A span as OTLP has it in JSON, as far as tests look at it; attributes are an object here. */
export interface CollectedSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind: number;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly status: { readonly code: number };
  readonly attributes: Readonly<Record<string, unknown>>;
}

/** `SPAN_KIND_SERVER` and `SPAN_KIND_CLIENT` of OTLP. */
export const SPAN_KIND = { server: 2, client: 3 } as const;

interface Pair {
  readonly key: string;
  readonly value: Readonly<Record<string, unknown>>;
}

interface ExportRequest {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly Pair[] };
    readonly scopeSpans: readonly {
      readonly spans: readonly (Omit<CollectedSpan, 'attributes'> & { readonly attributes: readonly Pair[] })[];
    }[];
  }[];
}

const DEADLINE_MS = 5000;

/** A collector of OTLP over HTTP, in JSON; node:http alone. */
export class OtlpCollector implements AsyncDisposable {
  readonly spans: CollectedSpan[] = [];
  /** Paths that were asked for. */
  readonly paths = new Set<string>();
  /** Attributes of the last resource. */
  resource: Readonly<Record<string, unknown>> = {};
  /** Of the last request. */
  headers: IncomingHttpHeaders = {};
  /** Requests that have come. */
  requests = 0;
  readonly #events = new EventEmitter<{ change: [] }>();
  readonly #server = createServer((request, response) => {
    this.requests++;
    this.headers = request.headers;
    this.paths.add(`${request.method} ${request.url}`);
    this.#events.emit('change');
    void text(request).then(
      (body) => this.#answer(body, response),
      () => undefined,
    );
  });
  readonly #status: number | 'never';

  /** @param status what each request is answered; `never`: nothing. */
  static async start(status: number | 'never' = 200): Promise<OtlpCollector> {
    const collector = new OtlpCollector(status);
    collector.#server.listen(0, '127.0.0.1');
    await once(collector.#server, 'listening');
    return collector;
  }

  private constructor(status: number | 'never') {
    this.#status = status;
  }

  get url(): string {
    const address = this.#server.address();
    assert.ok(typeof address === 'object' && address !== null);
    return `http://127.0.0.1:${address.port}`;
  }

  /** Resolves once the condition holds; it is asked whenever something has come. */
  async until(what: string, holds: () => boolean): Promise<void> {
    const signal = AbortSignal.timeout(DEADLINE_MS);
    while (!holds()) {
      await once(this.#events, 'change', { signal }).catch(() => assert.fail(`not in time: ${what}`));
    }
  }

  /** The first span with that name, once it has come. */
  async span(name: string): Promise<CollectedSpan> {
    await this.until(`span ${name}`, () => this.spans.some((span) => span.name === name));
    const found = this.spans.find((span) => span.name === name);
    assert.ok(found);
    return found;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, 'close');
  }

  #answer(body: string, response: ServerResponse): void {
    if (this.#status === 'never') {
      return;
    }
    const { resourceSpans }: ExportRequest = JSON.parse(body);
    for (const { resource, scopeSpans } of resourceSpans) {
      this.resource = toObject(resource.attributes);
      for (const span of scopeSpans.flatMap(({ spans }) => spans)) {
        this.spans.push({ ...span, attributes: toObject(span.attributes) });
      }
    }
    response.writeHead(this.#status, { 'content-type': 'application/json' }).end('{}');
    this.#events.emit('change');
  }
}

function toObject(pairs: readonly Pair[]): Record<string, unknown> {
  return Object.fromEntries(pairs.map(({ key, value }) => [key, Object.values(value)[0]]));
}
