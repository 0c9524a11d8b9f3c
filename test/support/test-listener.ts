import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import type { Address } from '../../src/model/address.ts';
import { Listener } from '../../src/proxy/listener.ts';
import type { ListenerOptions, RefusalReason } from '../../src/proxy/listener-options.ts';
import type { RequestHandler } from '../../src/proxy/request-handler.ts';
import { parseCertificate } from '../../src/tls/certificate-store.ts';
import { FakeClock } from './fake-clock.ts';
import { testTls } from './tls.ts';

/** What one test says differently; `tls: true` serves the test authority's `server` certificate. */
export type TestListenerOptions = Partial<Omit<ListenerOptions, 'tls' | 'clock'>> & {
  readonly tls?: boolean;
  readonly minVersion?: 'TLSv1.2' | 'TLSv1.3';
};

/** Answers 200 with the version, the method, the URL and the body. */
export const echo: RequestHandler = (request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    response.setHeader('content-type', 'text/plain');
    response.end(`${request.httpVersion} ${request.method} ${request.url} ${Buffer.concat(chunks).toString()}`);
  });
};

/** A listener on a free port whose time stands still. Disposing it fails on leftover connections, timers and errors. */
export class TestListener implements AsyncDisposable {
  readonly listener: Listener;
  readonly clock: FakeClock;
  readonly address: Address;
  /** 0 for a socket file. */
  readonly port: number;
  readonly refusals: readonly (readonly [reason: RefusalReason, detail: string])[];
  readonly errors: Error[];
  readonly #events: EventEmitter;

  static async start(options: TestListenerOptions = {}): Promise<TestListener> {
    const clock = new FakeClock();
    const events = new EventEmitter();
    const refusals: [RefusalReason, string][] = [];
    const errors: Error[] = [];
    const { tls, minVersion, ...rest } = options;
    const listener = new Listener({
      name: 'test',
      address: { kind: 'tcp', host: '127.0.0.1', port: 0 },
      requestHandler: echo,
      observer: {
        onRefusal: (reason, detail) => {
          refusals.push([reason, detail]);
          events.emit('refusal');
        },
        onError: (error) => errors.push(error),
      },
      ...rest,
      tls: tls === true ? { certificate: await serverCertificate(), minVersion: minVersion ?? 'TLSv1.2' } : null,
      clock,
    });
    const address = await listener.listen();
    return new TestListener({ listener, clock, refusals, errors, events, address });
  }

  private constructor(parts: {
    readonly listener: Listener;
    readonly clock: FakeClock;
    readonly refusals: readonly (readonly [RefusalReason, string])[];
    readonly errors: Error[];
    readonly events: EventEmitter;
    readonly address: Address;
  }) {
    this.listener = parts.listener;
    this.clock = parts.clock;
    this.refusals = parts.refusals;
    this.errors = parts.errors;
    this.address = parts.address;
    this.port = parts.address.kind === 'tcp' ? parts.address.port : 0;
    this.#events = parts.events;
  }

  get reasons(): readonly RefusalReason[] {
    return this.refusals.map(([reason]) => reason);
  }

  /** Resolves once that many refusals have been seen. */
  async untilRefusals(count: number): Promise<void> {
    while (this.refusals.length < count) {
      await once(this.#events, 'refusal');
    }
  }

  /** Resolves once the counts of open connections are these. */
  untilConnections(counts: { readonly detecting?: number; readonly http1?: number; readonly http2?: number }): Promise<void> {
    const wanted = [counts.detecting ?? 0, counts.http1 ?? 0, counts.http2 ?? 0].join();
    const now = (): string => [...this.listener.connections.values()].join();
    return this.#until(
      () => now() === wanted,
      () => `connections ${now()}, not ${wanted}`,
    );
  }

  /** Resolves once that many requests are in flight. */
  untilRequests(count: number): Promise<void> {
    return this.#until(
      () => this.listener.requestsInFlight === count,
      () => `${this.listener.requestsInFlight} requests in flight`,
    );
  }

  /** Resolves once that many timers run. */
  untilTimers(count: number): Promise<void> {
    return this.#until(
      () => this.clock.pendingTimers === count,
      () => `${this.clock.pendingTimers} timers`,
    );
  }

  /** The listener has no event for these, so this looks again with each turn of the event loop. */
  async #until(holds: () => boolean, otherwise: () => string): Promise<void> {
    for (const started = performance.now(); !holds(); ) {
      assert.ok(performance.now() - started < 5000, otherwise());
      await new Promise((resolve) => {
        setImmediate(resolve);
      });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.listener.close();
    assert.deepEqual([...this.listener.connections.values()], [0, 0, 0]);
    assert.equal(this.listener.requestsInFlight, 0);
    assert.equal(this.clock.pendingTimers, 0);
    assert.deepEqual(this.errors, []);
  }
}

async function serverCertificate(): Promise<ReturnType<typeof parseCertificate>> {
  const { server } = await testTls();
  return parseCertificate(server.cert.toString(), server.key.toString());
}
