import assert from 'node:assert/strict';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { describe, it } from 'node:test';
import { createEndpoint } from '../../src/model/endpoint.ts';
import type { OutlierOptions } from '../../src/outlier/options.ts';
import { freePort } from '../support/free-port.ts';
import { Http1Bench, http1Request, until } from '../support/http1-bench.ts';
import { Http1Endpoint } from '../support/peers/http1-endpoint.ts';

const OUTLIER: OutlierOptions = {
  consecutive5xx: 1,
  consecutiveGatewayFailure: 0,
  intervalMs: 50,
  baseEjectionTimeMs: 60_000,
  maxEjectionTimeMs: 300_000,
  maxEjectionPercent: 100,
  successRate: null,
  failurePercentage: null,
};

function ejected({ cluster }: Http1Bench): readonly string[] {
  return [...(cluster.outliers?.ejections.keys() ?? [])];
}

describe('requests to an HTTP/1.1 endpoint', () => {
  const cases: readonly (readonly [
    name: string,
    fails: boolean,
    answer: (request: IncomingMessage, response: ServerResponse) => void,
  ])[] = [
    ['503', true, (_request, response) => response.writeHead(503).end()],
    ['404', false, (_request, response) => response.writeHead(404).end()],
    ['200', false, (_request, response) => response.end('ok')],
    ['no answer before the connection ends', true, (request) => request.socket.destroy()],
    ['no HTTP', true, (request) => request.socket.end('no HTTP\r\n\r\n')],
    [
      'an end in the middle of the answer',
      true,
      (request, response) => {
        response.writeHead(200, { 'content-length': 10 });
        response.write('half', () => request.socket.destroy());
      },
    ],
  ];
  for (const [name, fails, answer] of cases) {
    it(`${fails ? 'count as failed' : 'do not count as failed'} with ${name}`, async () => {
      await using endpoint = await Http1Endpoint.serve(answer);
      await using bench = await Http1Bench.start([endpoint.endpoint], { cluster: { outlier: OUTLIER } });
      await http1Request(bench.port).catch(() => undefined);
      await until(
        () => bench.log.ended.length === 1,
        () => 'the end',
      );
      assert.deepEqual(ejected(bench), fails ? [endpoint.endpoint.key] : []);
    });
  }

  it('count as failed when the time of the route is over', async () => {
    await using endpoint = await Http1Endpoint.serve(() => undefined);
    await using bench = await Http1Bench.start([endpoint.endpoint], { cluster: { outlier: OUTLIER }, route: { timeoutMs: 50 } });
    assert.equal((await http1Request(bench.port)).status, 504);
    assert.deepEqual(ejected(bench), [endpoint.endpoint.key]);
  });

  it('go elsewhere from an endpoint that fails or cannot be connected to, until it returns', async () => {
    let isIll = true;
    await using ill = await Http1Endpoint.serve((_request, response) => response.writeHead(isIll ? 500 : 200).end());
    await using good = await Http1Endpoint.serve((_request, response) => response.end());
    const closed = createEndpoint({ kind: 'tcp', host: '127.0.0.1', port: await freePort() }, null);
    await using bench = await Http1Bench.start([ill.endpoint, good.endpoint, closed], { cluster: { outlier: OUTLIER } });
    for (let request = 0; request < 6; request++) {
      await http1Request(bench.port);
    }
    assert.deepEqual(ejected(bench).toSorted(), [ill.endpoint.key, closed.key].toSorted());
    const { requests } = ill;
    for (let request = 0; request < 6; request++) {
      assert.equal((await http1Request(bench.port)).status, 200);
    }
    assert.equal(ill.requests, requests);
    isIll = false;
    bench.cluster.onCheckPassed(ill.endpoint.key);
    for (let request = 0; request < 6; request++) {
      assert.equal((await http1Request(bench.port)).status, 200);
    }
    assert.ok(ill.requests > requests);
  });
});
