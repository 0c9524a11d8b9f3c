import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { TLSSocket } from 'node:tls';
import type { UpstreamTlsOptions } from '../../src/upstream/options.ts';
import { http2Request } from '../support/forward-bench.ts';
import { Http1Bench, http1Request, until } from '../support/http1-bench.ts';
import { Http1Endpoint } from '../support/peers/http1-endpoint.ts';
import { writeTestFiles } from '../support/test-files.ts';
import { testTls } from '../support/tls.ts';

const TLS: UpstreamTlsOptions = {
  ca: null,
  cert: null,
  key: null,
  serverName: 'app.test',
  insecureSkipVerify: false,
  subjectAltNames: [],
};

describe('endpoints of an http1 cluster', () => {
  it('may be unix sockets', async () => {
    await using files = await writeTestFiles({});
    await using endpoint = await Http1Endpoint.serve((request, response) => response.end(request.headers.host), {
      path: files.path('http1.sock'),
    });
    await using bench = await Http1Bench.start([endpoint.endpoint]);
    assert.equal((await http1Request(bench.port, { headers: { host: 'a.test' } })).body.toString(), 'a.test');
    assert.equal((await http2Request(bench.port, { ':authority': 'b.test' })).body.toString(), 'b.test');
  });

  it('may speak TLS: names, both sides verified, whatever hosts the requests name', async () => {
    const { ca, server, client } = await testTls();
    const seen: unknown[] = [];
    await using endpoint = await Http1Endpoint.serve(
      ({ socket, headers }, response) => {
        assert.ok(socket instanceof TLSSocket && 'servername' in socket);
        seen.push([headers.host, socket.authorized, socket.alpnProtocol, socket.servername]);
        response.end('secret');
      },
      { tls: { ...server, ca, requestCert: true } },
    );
    await using bench = await Http1Bench.start([endpoint.endpoint], { cluster: { tls: { ...TLS, ca, ...client } } });
    assert.equal((await http1Request(bench.port, { headers: { host: 'a.test' } })).body.toString(), 'secret');
    assert.equal((await http2Request(bench.port, { ':authority': 'b.test' })).body.toString(), 'secret');
    assert.deepEqual(seen, [
      ['a.test', true, 'http/1.1', 'app.test'],
      ['b.test', true, 'http/1.1', 'app.test'],
    ]);
    assert.equal(endpoint.accepted, 1);
  });

  it('are refused when their certificate is from another authority', async () => {
    const { ca, untrusted } = await testTls();
    await using endpoint = await Http1Endpoint.serve((_request, response) => response.end(), { tls: untrusted });
    await using bench = await Http1Bench.start([endpoint.endpoint], { cluster: { tls: { ...TLS, ca } } });
    const answer = await http1Request(bench.port);
    assert.deepEqual([answer.status, answer.headers['x-health-bridge-error']], [503, 'tls_failed']);
    assert.deepEqual(bench.events, [
      "failed tls_failed: TLS handshake failed: the server's certificate is not from a trusted CA (tls.caFile)",
    ]);
  });

  it('finish what they have begun when they leave, and then lose their connections', async () => {
    const answers: (() => void)[] = [];
    await using old = await Http1Endpoint.serve((_request, response) => void answers.push(() => response.end('old')));
    await using fresh = await Http1Endpoint.serve((_request, response) => response.end('fresh'));
    await using bench = await Http1Bench.start([old.endpoint]);
    const first = http1Request(bench.port);
    await until(
      () => answers.length === 1,
      () => 'no request',
    );
    bench.cluster.update([{ endpoint: fresh.endpoint, state: 'degraded' }]);
    assert.equal((await http1Request(bench.port)).body.toString(), 'fresh');
    answers[0]?.();
    assert.equal((await first).body.toString(), 'old');
    await until(
      () => old.sockets.size === 0 && bench.cluster.connections === 1,
      () => 'the connection stays',
    );
  });

  it('get requests in spite of their health when too few are healthy', async () => {
    await using endpoint = await Http1Endpoint.serve((_request, response) => response.end('panic'));
    await using bench = await Http1Bench.start([], { cluster: { panicThresholdPercent: 50 } });
    assert.equal(bench.cluster.lastTrafficMs, Number.NEGATIVE_INFINITY);
    bench.cluster.update([{ endpoint: endpoint.endpoint, state: 'unhealthy' }]);
    assert.equal(bench.cluster.isPanic, true);
    assert.equal((await http1Request(bench.port)).body.toString(), 'panic');
    assert.ok(bench.cluster.lastTrafficMs > 0);
  });

  it('may close a connection after each response', async () => {
    await using endpoint = await Http1Endpoint.serve((request, response) => {
      response.writeHead(200, { connection: 'close' });
      request.pipe(response);
    });
    await using bench = await Http1Bench.start([endpoint.endpoint]);
    for (let count = 0; count < 5; count++) {
      assert.equal((await http1Request(bench.port, { method: 'POST' }, 'one')).body.toString(), 'one');
      assert.equal((await http2Request(bench.port, { ':method': 'POST' }, Buffer.from('two'))).body.toString(), 'two');
    }
    assert.equal(endpoint.accepted, 10);
  });
});
