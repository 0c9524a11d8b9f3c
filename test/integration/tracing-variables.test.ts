import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { SpanExport } from '../../src/observability/tracing/span-export.ts';
import { OtlpCollector } from '../support/peers/otlp-collector.ts';

const SPAN = {
  name: 'a',
  kind: 'client',
  traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
  spanId: '00f067aa0ba902b7',
  parentSpanId: '',
  endMs: 2,
  durationMs: 1,
  attributes: {},
  isError: false,
} as const;

describe("OpenTelemetry's variables", () => {
  it('name the service, its resource and fields for the collector, and none of them goes before the configuration', async () => {
    await using collector = await OtlpCollector.start();
    const variables = {
      OTEL_SERVICE_NAME: 'edge',
      OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=test,k8s.pod.name=bridge-0',
      OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Bearer%20t0ken',
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1',
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://127.0.0.1:1',
    };
    Object.assign(process.env, variables);
    const lost: string[] = [];
    const spans = new SpanExport({ endpoint: collector.url, version: '1.2.3', onLost: (_, reason) => lost.push(reason) });
    for (const name of Object.keys(variables)) {
      Reflect.deleteProperty(process.env, name);
    }
    spans.add(SPAN);
    await spans.flush();
    spans.close();
    assert.deepEqual([lost, [...collector.paths]], [[], ['POST /v1/traces']]);
    assert.equal(collector.headers.authorization, 'Bearer t0ken');
    assert.partialDeepStrictEqual(collector.resource, {
      'service.name': 'edge',
      'service.version': '1.2.3',
      'deployment.environment.name': 'test',
      'k8s.pod.name': 'bridge-0',
    });
  });
});
