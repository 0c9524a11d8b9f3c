import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ListenerMetrics } from '../../../src/observability/listener-metrics.ts';
import { createRegistry } from '../../../src/observability/metrics.ts';

describe('ListenerMetrics', () => {
  it('shows connections, certificates, probes and draining', async () => {
    const registry = createRegistry({ version: '1.2.3', nodeVersion: 'v24.0.0' });
    let draining = false;
    const metrics = new ListenerMetrics(
      registry,
      () => [
        { name: 'public', connections: new Map([['http2', 3]]), certificateExpiryMs: 1_800_000_000_000 },
        { name: 'plain', connections: new Map([['http1', 1]]), certificateExpiryMs: null },
      ],
      () => draining,
    );
    metrics.onProbe('/healthz/{name}', 503);
    draining = true;

    const text = await registry.metrics();
    assert.match(text, /^grpc_health_bridge_downstream_connections\{listener="public",protocol="http2"\} 3$/m);
    assert.match(text, /^grpc_health_bridge_downstream_connections\{listener="plain",protocol="http1"\} 1$/m);
    assert.match(text, /^grpc_health_bridge_certificate_expiry_timestamp_seconds\{listener="public"\} 1800000000$/m);
    assert.doesNotMatch(text, /certificate_expiry_timestamp_seconds\{listener="plain"\}/);
    assert.match(text, /^grpc_health_bridge_probe_requests_total\{path="\/healthz\/\{name\}",code="503"\} 1$/m);
    assert.match(text, /^grpc_health_bridge_draining 1$/m);
  });
});
