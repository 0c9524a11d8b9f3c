import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { classifyFlags } from '../../../src/discovery/envoy/health-flags.ts';
import { renderClustersJson } from '../../../src/http/admin-clusters-json.ts';
import { renderClustersText } from '../../../src/http/admin-clusters-text.ts';
import type { AdminCluster } from '../../../src/http/admin-host.ts';
import type { OutlierView } from '../../../src/model/ejection.ts';
import type { EndpointTraffic } from '../../../src/model/endpoint-traffic.ts';
import type { EndpointHealth } from '../../../src/model/health-view.ts';
import { clustersOf } from '../../support/envoy-read.ts';
import { ALL_STATES, endpointHealth, endpointsIn } from '../../support/health-views.ts';

const IDLE = () => null;
const LIMITS = { maxConnections: 5, maxPendingRequests: 6, maxRequests: 7, maxRetries: 8 };

function clusterOf(name: string, endpoints: readonly EndpointHealth[]): AdminCluster {
  return { name, endpoints, limits: LIMITS, trafficOf: IDLE };
}

function busy(): EndpointTraffic {
  return { connections: 2, activeRequests: 3 };
}

/** One that its source knows by names which would break a line. */
function oddOne(): EndpointHealth {
  const whole = endpointHealth('unix:/run/app.sock', 'healthy');
  const locality = { region: 'r\n', zone: 'z::z', subZone: 's' };
  const origin = { cluster: 'c', priority: 2, weight: 7, locality, canary: true, panic: false, sourceState: null };
  return { ...whole, endpoint: { ...whole.endpoint, hostname: 'a\nb::health_flags::healthy', origin } };
}

describe('/clusters', () => {
  const endpoints = [...endpointsIn(...ALL_STATES), endpointHealth('[2001:db8::1]:50051', 'unhealthy')];
  const clusters = [clusterOf('router', endpoints), clusterOf('empty', []), clusterOf('odd', [oddOne()])];

  for (const [format, body] of [
    ['text', renderClustersText(clusters)],
    ['json', renderClustersJson(clusters)],
  ] as const) {
    it(`is read by our own Envoy source as ${format}, with every state but stale as it is`, () => {
      const [router] = clustersOf(format, body, { wanted: (name) => name === 'router' });
      assert.deepEqual(
        router?.hosts.map(({ key, flags }) => [key, classifyFlags(flags, 'byPrefix')]),
        endpoints.map(({ endpoint, state }) => [endpoint.key, state === 'stale' ? 'unhealthy' : state]),
      );
    });

    it(`keeps weight, priority and locality as ${format}, and lines whole`, () => {
      const [odd] = clustersOf(format, body, { wanted: (name) => name === 'odd' });
      assert.deepEqual(odd?.hosts, [
        {
          address: { kind: 'unix', path: '/run/app.sock' },
          key: 'unix:/run/app.sock',
          hostname: 'a?b::health_flags::healthy',
          flags: [],
          weight: 7,
          priority: 2,
          locality: { region: 'r?', zone: 'z::z', subZone: 's' },
          canary: format === 'text' ? true : null,
        },
      ]);
    });
  }

  it('has for every endpoint that gets no calls a word that readers of Envoys know', () => {
    const bad = endpoints.filter(({ state }) => state !== 'healthy' && state !== 'degraded');
    const words = renderClustersText([clusterOf('bad', bad)]).match(/health_flags::.*/g) ?? [];
    assert.equal(words.length, bad.length);
    assert.deepEqual(
      words.filter((word) => !/::\/(?:failed_active_hc|failed_outlier_check|eds_status_draining)/.test(word)),
      [],
    );
  });

  it('keeps lines whole where the path of a socket would break them', () => {
    const whole = endpointHealth('unix:/run/app.sock', 'healthy');
    const endpoint = { ...whole.endpoint, address: { kind: 'unix', path: '/run/a\nb' } } as const;
    const lines = renderClustersText([clusterOf('a', [{ ...whole, endpoint }])]).split('\n');
    assert.ok(lines.every((line) => line === '' || line.startsWith('a::')));
  });

  it('is in the text form what Envoy prints, in its order', () => {
    const [, unhealthy] = endpointsIn('healthy', 'unhealthy');
    assert.ok(unhealthy !== undefined);
    assert.equal(
      renderClustersText([{ name: 'a', endpoints: [unhealthy], limits: LIMITS, trafficOf: busy }]),
      [
        'a::observability_name::a',
        'a::default_priority::max_connections::5',
        'a::default_priority::max_pending_requests::6',
        'a::default_priority::max_requests::7',
        'a::default_priority::max_retries::8',
        'a::high_priority::max_connections::5',
        'a::high_priority::max_pending_requests::6',
        'a::high_priority::max_requests::7',
        'a::high_priority::max_retries::8',
        'a::added_via_api::false',
        'a::10.0.0.2:1::cx_active::2',
        'a::10.0.0.2:1::rq_active::3',
        'a::10.0.0.2:1::hostname::',
        'a::10.0.0.2:1::health_flags::/failed_active_hc',
        'a::10.0.0.2:1::weight::1',
        'a::10.0.0.2:1::region::',
        'a::10.0.0.2:1::zone::',
        'a::10.0.0.2:1::sub_zone::',
        'a::10.0.0.2:1::canary::false',
        'a::10.0.0.2:1::priority::0',
        'a::10.0.0.2:1::success_rate::-1',
        'a::10.0.0.2:1::local_origin_success_rate::-1',
        '',
      ].join('\n'),
    );
  });

  it('leaves out defaults in the JSON form, as protocol buffers do', () => {
    const thresholds = { max_connections: 5, max_pending_requests: 6, max_requests: 7, max_retries: 8 };
    assert.deepEqual(JSON.parse(renderClustersJson([])), {});
    assert.deepEqual(JSON.parse(renderClustersJson([clusterOf('a', [endpointHealth('[::1]:1', 'healthy')])])), {
      cluster_statuses: [
        {
          name: 'a',
          host_statuses: [
            {
              address: { socket_address: { address: '::1', port_value: 1 } },
              stats: [
                { type: 'GAUGE', name: 'cx_active' },
                { type: 'GAUGE', name: 'rq_active' },
              ],
              health_status: { eds_health_status: 'HEALTHY' },
              weight: 1,
              locality: {},
            },
          ],
          circuit_breakers: { thresholds: [thresholds, { priority: 'HIGH', ...thresholds }] },
          observability_name: 'a',
        },
      ],
    });
  });
});

describe('/clusters of a cluster with outlier detection', () => {
  const rates = new Map([
    ['10.0.0.1:1', 0],
    ['10.0.0.2:1', 97.5],
  ]);
  const outliers: OutlierView = {
    ejections: new Map(),
    successRateAverage: 90,
    successRateThreshold: 52.25,
    successRateOf: (key) => rates.get(key) ?? -1,
  };
  const [ejected, ill, healthy] = endpointsIn('ejected', 'unhealthy', 'healthy');
  assert.ok(ejected !== undefined && ill !== undefined && healthy !== undefined);
  const endpoints = [
    { ...ejected, ejection: { countsAs: 'healthy' as const } },
    { ...ill, ejection: { countsAs: 'unhealthy' as const } },
    healthy,
  ];
  const cluster = { ...clusterOf('a', endpoints), outliers };

  it('has the rates that Envoy prints there, and both flags of an endpoint that is ill besides, as text', () => {
    const lines = renderClustersText([cluster]).split('\n');
    assert.deepEqual(lines.slice(0, 5), [
      'a::observability_name::a',
      'a::outlier::success_rate_average::90',
      'a::outlier::success_rate_ejection_threshold::52.25',
      'a::outlier::local_origin_success_rate_average::-1',
      'a::outlier::local_origin_success_rate_ejection_threshold::-1',
    ]);
    assert.deepEqual(
      lines.filter((line) => /::health_flags::|[0-9]::success_rate::/.test(line)).map((line) => line.replace('a::10.0.0.', '')),
      [
        '1:1::health_flags::/failed_outlier_check',
        '1:1::success_rate::0',
        '2:1::health_flags::/failed_active_hc/failed_outlier_check',
        '2:1::success_rate::97.5',
        '3:1::health_flags::healthy',
        '3:1::success_rate::-1',
      ],
    );
  });

  it('has them as messages in JSON, where 0 is an empty one and what is not known is left out', () => {
    const {
      cluster_statuses: [status],
    } = JSON.parse(renderClustersJson([cluster]));
    assert.deepEqual(status.success_rate_ejection_threshold, { value: 52.25 });
    assert.deepEqual(
      status.host_statuses.map((host: Record<string, unknown>) => host['success_rate']),
      [{}, { value: 97.5 }, undefined],
    );
    assert.deepEqual(status.host_statuses[1].health_status, {
      failed_active_health_check: true,
      failed_outlier_check: true,
      eds_health_status: 'HEALTHY',
    });
  });
});
