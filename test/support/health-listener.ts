import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type IncomingHttpHeaders, type SecureClientSessionOptions } from 'node:http2';
import { text } from 'node:stream/consumers';
import type { BridgeVerdict } from '../../src/aggregation/verdict.ts';
import type { HealthAnswerOptions } from '../../src/http/health-answer.ts';
import { createHealthApp } from '../../src/http/health-app.ts';
import { TestListener } from './test-listener.ts';

/** What one test says differently. */
export interface HealthListenerOptions {
  /** Serves the test authority's certificate. */
  readonly tls?: boolean;
  readonly answers?: Partial<HealthAnswerOptions>;
}

/** The health URLs over a verdict that a test can replace, on a listener with real sockets. */
export class HealthListener implements AsyncDisposable {
  readonly peer: TestListener;
  /** Path templates and codes, as metrics count them. */
  readonly probes: readonly (readonly [path: string, code: number])[];
  readonly #current: { verdict: BridgeVerdict };
  readonly #close: () => Promise<void>;

  static async start(verdict: BridgeVerdict, options: HealthListenerOptions = {}): Promise<HealthListener> {
    const probes: [string, number][] = [];
    const errors: Error[] = [];
    const current = { verdict };
    const app = createHealthApp({
      verdict: () => current.verdict,
      lifecycle: () => ({ started: true, draining: false, maintenance: false }),
      audience: 'public',
      paths: ['/', '/healthz'],
      details: 'counts',
      statusHeader: true,
      failDuringDrain: true,
      retryAfterSeconds: 5,
      onProbe: (path, code) => probes.push([path, code]),
      onError: (error) => errors.push(error),
      ...options.answers,
    });
    await app.ready();
    const peer = await TestListener.start({ tls: options.tls === true, requestHandler: app.handler });
    const close = async (): Promise<void> => {
      await peer[Symbol.asyncDispose]();
      await app.close();
      assert.deepEqual(errors, []);
    };
    return new HealthListener({ current, peer, probes, close });
  }

  private constructor(parts: {
    readonly current: { verdict: BridgeVerdict };
    readonly peer: TestListener;
    readonly probes: readonly (readonly [string, number])[];
    readonly close: () => Promise<void>;
  }) {
    this.#current = parts.current;
    this.peer = parts.peer;
    this.probes = parts.probes;
    this.#close = parts.close;
  }

  set verdict(verdict: BridgeVerdict) {
    this.#current.verdict = verdict;
  }

  get port(): number {
    return this.peer.port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#close();
  }
}

/** A whole request; far above what any answer takes. Milliseconds. */
const DEADLINE_MS = 5_000;

/** One request on an HTTP/2 connection of its own, by node's client. */
export async function http2Get(
  origin: string,
  headers: Readonly<Record<string, string>>,
  options: SecureClientSessionOptions = {},
): Promise<{ readonly headers: IncomingHttpHeaders; readonly status: number; readonly body: string }> {
  const session = connect(origin, { rejectUnauthorized: false, ...options });
  try {
    const stream = session.request(headers, { endStream: true });
    const received = Promise.withResolvers<IncomingHttpHeaders>();
    stream
      .once('response', received.resolve)
      .once('error', received.reject)
      .setTimeout(DEADLINE_MS, () => {
        stream.destroy(new Error(`no answer within ${DEADLINE_MS} ms`));
      });
    const answer = await received.promise;
    return { headers: answer, status: Number(answer[':status']), body: await text(stream) };
  } finally {
    session.close();
    await once(session, 'close');
  }
}
