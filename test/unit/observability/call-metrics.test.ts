import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CallMetrics, MAX_ROUTES } from '../../../src/observability/call-metrics.ts';
import { renderMetrics } from '../../../src/observability/exposition.ts';
import { MAX_METHOD_PATH_LENGTH, MAX_METHODS } from '../../../src/observability/route-calls.ts';
import { LocalReason } from '../../../src/proxy/local-reason.ts';
import { linesOf, meterCall, startCall } from '../../support/metered-calls.ts';

const UNIMPLEMENTED = { grpcStatus: 12 };
const NO_ANSWER = { firstByteMs: -1, grpcStatus: 14, localReason: LocalReason.NO_UPSTREAM };

const started = (metrics: CallMetrics): string[] => linesOf(metrics.read(), 'calls_started_total');
const handled = (metrics: CallMetrics): string[] => linesOf(metrics.read(), 'calls_handled_total');

describe('the metrics of calls', () => {
  it('are these lines for one call', () => {
    const metrics = new CallMetrics();
    meterCall(metrics, { route: 'r', cluster: 'c' }, { durationMs: 2500 });
    const labels = 'route="r",cluster="c",grpc_service="pkg.Echo",grpc_method="Say"';
    const bucket = (le: string, count: number): string =>
      `grpc_health_bridge_call_duration_seconds_bucket{${labels},le="${le}"} ${count}`;
    const below = '0.0005 0.001 0.0025 0.005 0.01 0.025 0.05 0.1 0.25 0.5 1'.split(' ');
    assert.deepEqual(renderMetrics(metrics.read().slice(0, 3), 'text').split('\n'), [
      '# HELP grpc_health_bridge_calls_started_total Calls that a route has taken.',
      '# TYPE grpc_health_bridge_calls_started_total counter',
      `grpc_health_bridge_calls_started_total{${labels}} 1`,
      '# HELP grpc_health_bridge_calls_handled_total Calls that have ended, by the status that the client got; plain HTTP counts under the code that its status means.',
      '# TYPE grpc_health_bridge_calls_handled_total counter',
      `grpc_health_bridge_calls_handled_total{${labels},grpc_code="OK"} 1`,
      "# HELP grpc_health_bridge_call_duration_seconds How long calls took, from the request's header section to the end of the answer.",
      '# TYPE grpc_health_bridge_call_duration_seconds histogram',
      ...below.map((le) => bucket(le, 0)),
      ...['2.5', '5', '10', '30', '+Inf'].map((le) => bucket(le, 1)),
      `grpc_health_bridge_call_duration_seconds_sum{${labels}} 2.5`,
      `grpc_health_bridge_call_duration_seconds_count{${labels}} 1`,
      '',
    ]);
  });

  it('count by the code that the client got, and codes that gRPC does not have as UNKNOWN', () => {
    const metrics = new CallMetrics();
    for (const grpcStatus of [0, 5, 5, 16, 17, 99, -1]) {
      meterCall(metrics, {}, { grpcStatus });
    }
    assert.deepEqual(handled(metrics), [
      'route,cluster,pkg.Echo,Say,OK 1',
      'route,cluster,pkg.Echo,Say,UNKNOWN 3',
      'route,cluster,pkg.Echo,Say,NOT_FOUND 2',
      'route,cluster,pkg.Echo,Say,UNAUTHENTICATED 1',
    ]);
  });

  it('count plain HTTP without service and method, by what its status means', () => {
    const metrics = new CallMetrics();
    for (const httpStatus of [200, 204, 302, 404, 418, 429, 500, 502, 599, 0]) {
      meterCall(metrics, { path: '/a', isGrpc: false }, { httpStatus });
    }
    meterCall(metrics, { path: '/a', isGrpc: false }, { httpStatus: 200, isCancelled: true });
    assert.deepEqual(started(metrics), ['route,cluster,, 11']);
    assert.deepEqual(handled(metrics), [
      'route,cluster,,,OK 3',
      'route,cluster,,,CANCELLED 1',
      'route,cluster,,,UNKNOWN 1',
      'route,cluster,,,NOT_FOUND 1',
      'route,cluster,,,RESOURCE_EXHAUSTED 1',
      'route,cluster,,,FAILED_PRECONDITION 1',
      'route,cluster,,,INTERNAL 2',
      'route,cluster,,,UNAVAILABLE 1',
    ]);
  });

  it('tell routes and clusters apart, and count retries by cluster', () => {
    const metrics = new CallMetrics();
    meterCall(metrics, { route: 'a', cluster: 'x' });
    meterCall(metrics, { route: 'a', cluster: 'y' });
    meterCall(metrics, { route: 'b', cluster: 'x' });
    for (const place of [
      { route: 'a', cluster: 'x' },
      { route: 'b', cluster: 'x' },
    ]) {
      const call = startCall(metrics, place);
      metrics.onRetry(call.record);
      call.end();
    }
    assert.deepEqual(started(metrics), ['a,x,pkg.Echo,Say 2', 'a,y,pkg.Echo,Say 1', 'b,x,pkg.Echo,Say 2']);
    assert.deepEqual([metrics.retriesOf('x'), metrics.retriesOf('y'), metrics.retriesOf('z')], [2, 0, 0]);
    assert.deepEqual([metrics.endedOf('x'), metrics.endedOf('y'), metrics.endedOf('z')], [4, 1, 0]);
  });

  it('forget a cluster that was removed, with the end of its last call', () => {
    const metrics = new CallMetrics();
    meterCall(metrics, { route: 'a', cluster: 'x' });
    meterCall(metrics, { route: 'a', cluster: 'y' });
    const late = startCall(metrics, { route: 'a', cluster: 'x' });
    metrics.retain(new Set(['y']));
    assert.deepEqual(
      started(metrics).filter((line) => line.includes('Say')),
      ['a,x,pkg.Echo,Say 2', 'a,y,pkg.Echo,Say 1'],
    );
    late.end();
    assert.deepEqual(started(metrics), ['a,y,pkg.Echo,Say 1']);
    meterCall(metrics, { route: 'a', cluster: 'x' });
    metrics.retain(new Set(['x', 'y']));
    assert.deepEqual(started(metrics), ['a,y,pkg.Echo,Say 1', 'a,x,pkg.Echo,Say 1'], 'it is back, from nothing');
  });

  it('makes room for routes beyond a limit by clusters that were removed', () => {
    const metrics = new CallMetrics();
    for (let count = 0; count < MAX_ROUTES; count++) {
      meterCall(metrics, { route: `r${count}`, cluster: 'x' });
    }
    metrics.retain(new Set(['y']));
    metrics.read();
    meterCall(metrics, { route: 'new', cluster: 'y' });
    assert.deepEqual(started(metrics), ['new,y,pkg.Echo,Say 1']);
  });

  it('put routes beyond a limit together', () => {
    const metrics = new CallMetrics();
    for (let count = 0; count < MAX_ROUTES + 5; count++) {
      meterCall(metrics, { route: `r${count}` });
    }
    const lines = started(metrics);
    assert.equal(lines.length, MAX_ROUTES + 1);
    assert.equal(lines.at(-1), 'other,other,pkg.Echo,Say 5');
  });

  it('show every reason of local replies from the start', () => {
    const metrics = new CallMetrics();
    metrics.onLocalReply(LocalReason.NO_ROUTE);
    metrics.onLocalReply(LocalReason.NO_ROUTE);
    const lines = linesOf(metrics.read(), 'local_replies_total');
    assert.equal(lines.length, Object.keys(LocalReason).length);
    assert.ok(lines.includes('no_route 2') && lines.includes('no_upstream 0'), lines.join(', '));
  });
});

describe('the labels of a method', () => {
  it('come with the first answer that is not UNIMPLEMENTED', () => {
    const metrics = new CallMetrics();
    meterCall(metrics, {}, UNIMPLEMENTED);
    meterCall(metrics, {}, NO_ANSWER);
    meterCall(metrics, {}, { httpStatus: 503, grpcStatus: 14 });
    meterCall(metrics, {}, { grpcStatus: 3 });
    meterCall(metrics, {}, UNIMPLEMENTED);
    assert.deepEqual(started(metrics), ['route,cluster,pkg.Echo,Say 2', 'route,cluster,other,other 3']);
    assert.deepEqual(handled(metrics), [
      'route,cluster,pkg.Echo,Say,INVALID_ARGUMENT 1',
      'route,cluster,pkg.Echo,Say,UNIMPLEMENTED 1',
      'route,cluster,other,other,UNIMPLEMENTED 1',
      'route,cluster,other,other,UNAVAILABLE 2',
    ]);
  });

  it('come with a stream that its client ended once there was an answer', () => {
    const metrics = new CallMetrics();
    meterCall(metrics, {}, { grpcStatus: 1, isCancelled: true });
    assert.deepEqual(handled(metrics), ['route,cluster,pkg.Echo,Say,CANCELLED 1']);
  });

  it('hold for calls that began before, unless a scrape has seen them', () => {
    const metrics = new CallMetrics();
    const seen = [startCall(metrics), startCall(metrics)];
    assert.deepEqual(started(metrics), ['route,cluster,other,other 2']);
    const unseen = startCall(metrics);
    unseen.end();
    // As many ends as were told of as started there.
    assert.deepEqual(handled(metrics), ['route,cluster,other,other,OK 1']);
    assert.deepEqual(started(metrics), ['route,cluster,pkg.Echo,Say 1', 'route,cluster,other,other 2']);
    for (const call of seen) {
      call.end();
    }
    assert.deepEqual(handled(metrics), ['route,cluster,pkg.Echo,Say,OK 1', 'route,cluster,other,other,OK 2']);
  });

  it('are for so many methods of a route; each route has its own', () => {
    const metrics = new CallMetrics();
    for (let count = 0; count < MAX_METHODS + 7; count++) {
      meterCall(metrics, { path: `/pkg.Echo/M${count}` });
    }
    meterCall(metrics, { path: '/pkg.Echo/New', route: 'second' });
    const lines = started(metrics);
    assert.equal(lines.length, MAX_METHODS + 2);
    assert.deepEqual(lines.slice(-2), ['route,cluster,other,other 7', 'second,cluster,pkg.Echo,New 1']);
  });

  it('are not for paths that are no methods, or too long', () => {
    const metrics = new CallMetrics();
    const fits = `/${'a'.repeat(MAX_METHOD_PATH_LENGTH - 3)}/b`;
    for (const path of ['/', '/a', '/a/', fits, `${fits}c`]) {
      meterCall(metrics, { path });
    }
    assert.deepEqual(
      started(metrics).map((line) => line.slice(-20)),
      [`${'a'.repeat(16)},b 1`, 'cluster,other,other 4'].map((line) => line.slice(-20)),
    );
  });

  it('cost no memory for methods that nobody knows', () => {
    const metrics = new CallMetrics();
    for (let count = 0; count < 10_000; count++) {
      meterCall(metrics, { path: `/pkg.Echo/M${count}` }, UNIMPLEMENTED);
    }
    meterCall(metrics, { path: '/pkg.Echo/M0' });
    assert.deepEqual(started(metrics), ['route,cluster,pkg.Echo,M0 1', 'route,cluster,other,other 10000']);
  });
});
