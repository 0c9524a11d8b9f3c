import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { ClientRequest } from 'node:http';
import { describe, it, mock } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Metadata, status } from '@grpc/grpc-js';
import { MAX_QUEUED_SPANS, SpanExport } from '../../src/observability/tracing/span-export.ts';
import { CLOSE_TIMEOUT_MS } from '../../src/observability/tracing/tracing.ts';
import { EchoClient } from '../support/echo-client.ts';
import { freePort } from '../support/free-port.ts';
import { EchoBackend } from '../support/peers/echo-service.ts';
import { Http1Endpoint } from '../support/peers/http1-endpoint.ts';
import { type CollectedSpan, OtlpCollector, SPAN_KIND } from '../support/peers/otlp-collector.ts';
import { ask, portOf, startRest } from '../support/rest-bridge.ts';
import { quickCluster, TestBridge } from '../support/test-bridge.ts';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const SPAN = '00f067aa0ba902b7';
const MESSAGE = Buffer.from('hi');

async function startBridge(backend: EchoBackend, otlpEndpoint: string): Promise<TestBridge> {
  const bridge = await TestBridge.start({
    clusters: [quickCluster('echo', [backend.endpoint.key], { type: 'tcp' })],
    routes: [{ name: 'all', cluster: 'echo' }],
    drain: { delay: '0s', timeout: '1s' },
    tracing: { otlpEndpoint },
  });
  await bridge.untilHealthy(true);
  return bridge;
}

async function callWith(bridge: TestBridge, fields: Readonly<Record<string, string>>): Promise<void> {
  using client = new EchoClient(portOf(bridge));
  const metadata = new Metadata();
  for (const [name, value] of Object.entries(fields)) {
    metadata.set(name, value);
  }
  assert.equal((await client.unary(MESSAGE, { metadata })).code, status.OK);
}

function lostSpans(bridge: TestBridge): number {
  return bridge.lines.filter(({ msg }) => msg === 'spans were lost').reduce((sum, { spans }) => sum + Number(spans), 0);
}

const seen = (backend: EchoBackend, name: string): string => String(backend.metadata.get(name)[0] ?? '');
/** Of a message of `http.client.request.created`. */
const hostOf = (message: unknown): unknown =>
  typeof message === 'object' && message !== null && 'request' in message && message.request instanceof ClientRequest
    ? message.request.getHeader('host')
    : undefined;
const msOf = ({ startTimeUnixNano, endTimeUnixNano }: CollectedSpan): number =>
  Number(BigInt(endTimeUnixNano) - BigInt(startTimeUnixNano)) / 1e6;

/** The metrics library has OpenTelemetry's interfaces for itself, which are no SDK. */
const LOADED = `
  import { registerHooks } from 'node:module';
  const loaded = [];
  const isSdk = (url) => url.includes('/@opentelemetry/') && !url.includes('/@opentelemetry/api/');
  registerHooks({ resolve: (name, context, next) => {
    const found = next(name, context);
    if (isSdk(found.url)) loaded.push(found.url);
    return found;
  } });
  const { TestBridge, quickCluster } = await import('./test/support/test-bridge.ts');
  const start = async (more) => {
    const { bridge } = await TestBridge.start({ clusters: [quickCluster('a', ['127.0.0.1:1'], { type: 'tcp' })], ...more });
    await bridge.close();
  };
  await start({});
  const without = loaded.length;
  await start({ tracing: { otlpEndpoint: 'http://127.0.0.1:1' } });
  process.stdout.write(JSON.stringify({ without, with: loaded.length > without }));
  process.exit();
`;

describe('spans for a collector', () => {
  it('lead from the client over the bridge to the endpoint', async () => {
    await using collector = await OtlpCollector.start();
    await using backend = await EchoBackend.start({ delayMs: 20 });
    await using bridge = await startBridge(backend, `${collector.url}/base/`);
    await callWith(bridge, { traceparent: `00-${TRACE}-${SPAN}-01`, tracestate: 'a=1' });
    const span = await collector.span('test.Echo/Once');
    assert.deepEqual([span.traceId, span.parentSpanId, span.kind, span.status.code], [TRACE, SPAN, SPAN_KIND.server, 0]);
    assert.equal(seen(backend, 'traceparent'), `00-${TRACE}-${span.spanId}-01`);
    assert.equal(seen(backend, 'tracestate'), 'a=1');
    assert.ok(msOf(span) >= 19 && Math.abs(Number(BigInt(span.endTimeUnixNano) / 1_000_000n) - Date.now()) < 10_000);
    const { attributes } = span;
    assert.deepEqual(
      [
        'rpc.system',
        'rpc.service',
        'rpc.method',
        'rpc.grpc.status_code',
        'bridge.route',
        'bridge.cluster',
        'bridge.endpoint',
      ].map((name) => attributes[name]),
      ['grpc', 'test.Echo', 'Once', 0, 'all', 'echo', backend.endpoint.key],
    );
    assert.deepEqual([...collector.paths], ['POST /base/v1/traces']);
    assert.deepEqual(
      [collector.resource['service.name'], collector.resource['service.version']],
      ['grpc-health-bridge', '0.0.0-test'],
    );
    const check = await collector.span('tcp connect');
    assert.deepEqual([check.kind, check.parentSpanId ?? ''], [SPAN_KIND.client, '']);
    assert.equal(check.attributes['bridge.check.outcome'], 'serving');
  });

  it('begin a trace where the client has none, and are none where it does not sample', async () => {
    await using collector = await OtlpCollector.start();
    await using backend = await EchoBackend.start();
    await using bridge = await startBridge(backend, collector.url);
    const unsampled = `00-${TRACE}-${SPAN}-00`;
    await callWith(bridge, { traceparent: unsampled });
    assert.equal(seen(backend, 'traceparent'), unsampled);
    await callWith(bridge, { traceparent: 'nonsense', tracestate: 'a=1' });
    assert.equal(seen(backend, 'tracestate'), '');
    await bridge.bridge.close();
    const span = await collector.span('test.Echo/Once');
    assert.equal(seen(backend, 'traceparent'), `00-${span.traceId}-${span.spanId}-01`);
    assert.equal(span.parentSpanId ?? '', '');
    assert.equal(collector.spans.filter(({ kind }) => kind === SPAN_KIND.server).length, 1);
  });

  it('are made of requests to http1 clusters, from clients of both versions', async () => {
    await using collector = await OtlpCollector.start();
    const came: unknown[] = [];
    await using endpoint = await Http1Endpoint.serve((request, response) => {
      came.push(request.headers['traceparent']);
      response.writeHead(503).end();
    });
    await using bridge = await startRest([endpoint], { tracing: { otlpEndpoint: collector.url } });
    for (const way of ['HTTP/1.1', 'h2c'] as const) {
      await ask(way, bridge, { path: '/a?b', headers: { traceparent: `00-${TRACE}-${SPAN}-01` } });
    }
    await bridge.bridge.close();
    const spans = collector.spans.filter(({ name }) => name === 'GET');
    assert.deepEqual(
      came,
      spans.map(({ spanId }) => `00-${TRACE}-${spanId}-01`),
    );
    assert.equal(spans.length, 2);
    for (const { traceId, parentSpanId, attributes, status: outcome } of spans) {
      assert.deepEqual([traceId, parentSpanId, outcome.code], [TRACE, SPAN, 2]);
      assert.deepEqual([attributes['url.path'], attributes['http.response.status_code']], ['/a', 503]);
    }
  });

  it('that end as the bridge drains still arrive', async () => {
    await using collector = await OtlpCollector.start();
    await using backend = await EchoBackend.start();
    await using bridge = await startBridge(backend, collector.url);
    await callWith(bridge, {});
    await bridge.bridge.drain('SIGTERM');
    assert.equal(collector.spans.filter(({ name }) => name === 'test.Echo/Once').length, 1);
    assert.equal(lostSpans(bridge), 0);
  });
});

describe('a collector that fails', { concurrency: true }, () => {
  const kinds: readonly (readonly [what: string, start: () => Promise<AsyncDisposable & { readonly url: string }>])[] = [
    ['is not there', async () => ({ url: `http://127.0.0.1:${await freePort()}`, [Symbol.asyncDispose]: async () => undefined })],
    ['never answers', () => OtlpCollector.start('never')],
    ['refuses', () => OtlpCollector.start(400)],
  ];
  for (const [what, start] of kinds) {
    it(`disturbs no call and holds up no drain: one that ${what}`, async () => {
      await using collector = await start();
      await using backend = await EchoBackend.start();
      await using bridge = await startBridge(backend, collector.url);
      for (let count = 0; count < 20; count++) {
        await callWith(bridge, {});
      }
      const before = performance.now();
      await bridge.bridge.drain('SIGTERM');
      assert.ok(performance.now() - before < CLOSE_TIMEOUT_MS + 1000);
      assert.ok(lostSpans(bridge) >= 20);
    });
  }

  it('makes spans wait up to a limit, and each of them counts', async () => {
    await using collector = await OtlpCollector.start('never');
    let lost = 0;
    const spans = new SpanExport({
      endpoint: collector.url,
      version: '1',
      onLost: (count) => {
        lost += count;
      },
    });
    const span = { kind: 'client', parentSpanId: '', endMs: 2, durationMs: 1, attributes: {}, isError: false } as const;
    const added = 2 * MAX_QUEUED_SPANS;
    for (let count = 0; count < added; count++) {
      spans.add({ ...span, name: 'a', traceId: TRACE, spanId: SPAN });
    }
    assert.ok(lost > 0 && lost < added - MAX_QUEUED_SPANS + 1, String(lost));
    await collector.until('a request', () => collector.requests > 0);
    spans.close();
    assert.equal(lost, added);
    spans.add({ ...span, name: 'a', traceId: TRACE, spanId: SPAN });
    assert.equal(lost, added + 1);
  });
});

describe("OpenTelemetry's SDK", () => {
  it('gets no connection for what it repeats after the end', async () => {
    await using collector = await OtlpCollector.start('never');
    const counts = { requests: 0, sockets: 0 };
    // Exporters of the tests before may repeat in this very moment, too.
    const { host } = new URL(collector.url);
    const onRequest = (message: unknown): void => void (hostOf(message) === host && counts.requests++);
    const onSocket = (): void => void counts.sockets++;
    subscribe('http.client.request.created', onRequest);
    subscribe('net.client.socket', onSocket);
    mock.timers.enable({ apis: ['setTimeout'] });
    try {
      const spans = new SpanExport({ endpoint: collector.url, version: '1', onLost: () => undefined });
      const times = { endMs: 2, durationMs: 1 };
      spans.add({
        ...times,
        name: 'a',
        kind: 'client',
        traceId: TRACE,
        spanId: SPAN,
        parentSpanId: '',
        attributes: {},
        isError: false,
      });
      mock.timers.tick(10_000);
      await collector.until('a request', () => collector.requests > 0);
      assert.deepEqual(counts, { requests: 1, sockets: 1 });
      spans.close();
      for (const limit = AbortSignal.timeout(5000); counts.requests < 2; mock.timers.tick(10_000)) {
        limit.throwIfAborted();
        await setImmediate();
      }
      await setImmediate();
      assert.deepEqual(counts, { requests: 2, sockets: 1 });
    } finally {
      mock.timers.reset();
      unsubscribe('http.client.request.created', onRequest);
      unsubscribe('net.client.socket', onSocket);
    }
  });

  it('is loaded only where a collector is configured', async () => {
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', LOADED], {
      cwd: new URL('../..', import.meta.url),
      timeout: 20_000,
    });
    assert.deepEqual(JSON.parse(stdout), { without: 0, with: true });
  });
});
