import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import { compressionAlgorithms, Metadata, status } from '@grpc/grpc-js';
import { createEndpoint } from '../../src/model/endpoint.ts';
import { EchoClient } from '../support/echo-client.ts';
import { ForwardBench } from '../support/forward-bench.ts';
import { INTEROP_CASES } from '../support/interop/cases.ts';
import { InteropClient } from '../support/interop/client.ts';
import { InteropServer } from '../support/interop/server.ts';
import { EchoBackend } from '../support/peers/echo-service.ts';

const MIB = 1024 * 1024;

describe('interop of grpc-js with itself, through a listener', () => {
  for (const [name, run] of Object.entries(INTEROP_CASES)) {
    it(name, async () => {
      await using server = await InteropServer.start();
      await using bench = await ForwardBench.start([createEndpoint({ kind: 'tcp', host: '127.0.0.1', port: server.port }, null)]);
      using client = new InteropClient(bench.port);
      await run(client);
    });
  }
});

describe('a gRPC call through a listener', () => {
  it('keeps metadata: names that come more than once, their order, and octets', async () => {
    await using backend = await EchoBackend.start();
    await using bench = await ForwardBench.start([backend.endpoint]);
    using client = new EchoClient(bench.port);
    const octets = [Buffer.from([0, 255, 10, 13]), Buffer.alloc(0), Buffer.from([0, 255, 10, 13])];
    for (let time = 0; time < 3; time++) {
      const metadata = new Metadata();
      for (const value of ['b', 'a', 'b', 'c d']) {
        metadata.add('x-many', value);
      }
      for (const value of octets) {
        metadata.add('x-many-bin', value);
      }
      const { code, trailers } = await client.unary(Buffer.from('hi'), { metadata });
      assert.equal(code, status.OK);
      for (const seen of [backend.metadata, trailers]) {
        // grpc-js joins and splits values of text, not of octets.
        assert.equal(seen.get('x-many').join(', '), 'b, a, b, c d');
        assert.deepEqual(seen.get('x-many-bin'), octets);
      }
    }
  });

  for (const [name, algorithm] of [
    ['gzip', compressionAlgorithms.gzip],
    ['deflate', compressionAlgorithms.deflate],
  ] as const) {
    it(`keeps ${name} messages as they are`, async () => {
      await using backend = await EchoBackend.start();
      await using bench = await ForwardBench.start([backend.endpoint]);
      using client = new EchoClient(bench.port, { 'grpc.default_compression_algorithm': algorithm });
      const message = Buffer.alloc(200_000, 'compress me ');
      const end = await client.unary(message);
      assert.ok(end.message?.equals(message));
      const call = await bench.untilEnded();
      assert.ok(call.requestOctets < 10_000, `${call.requestOctets} octets`);
    });
  }

  it('may be of 4 MiB each way', async () => {
    await using backend = await EchoBackend.start();
    await using bench = await ForwardBench.start([backend.endpoint]);
    using client = new EchoClient(bench.port);
    const message = Buffer.alloc(4 * MIB - 100, 'large message ');
    const end = await client.unary(message);
    assert.equal(end.code, status.OK, end.details);
    assert.ok(end.message?.equals(message));
    const call = await bench.untilEnded();
    assert.deepEqual([call.requestOctets, call.responseOctets], [message.length + 5, message.length + 5]);
  });

  it('streams both ways at once, each message as it comes', async () => {
    await using backend = await EchoBackend.start();
    await using bench = await ForwardBench.start([backend.endpoint]);
    using client = new EchoClient(bench.port);
    const call = client.duplex();
    for (let index = 0; index < 200; index++) {
      const message = Buffer.alloc(index * 10, index);
      call.write(message);
      const [answer] = await once(call, 'data');
      assert.ok(message.equals(answer));
    }
    call.end();
    const [end] = await once(call, 'status');
    assert.equal(end.code, status.OK);
  });

  it('gives the endpoint its whole deadline, and ends at the client in time', async () => {
    await using backend = await EchoBackend.start();
    await using bench = await ForwardBench.start([backend.endpoint]);
    using client = new EchoClient(bench.port);
    const end = await client.unary(Buffer.from('x'), { method: 'hang', timeoutMs: 150 });
    assert.equal(end.code, status.DEADLINE_EXCEEDED);
    assert.ok(backend.leftMs > 50 && backend.leftMs <= 150, `${backend.leftMs} ms left`);
    await bench.upstream.until(() => backend.cancelled === 1, 'the endpoint knows');
    await bench.untilQuiet();
  });

  it('is cancelled at the endpoint when the client cancels it', async () => {
    await using backend = await EchoBackend.start();
    await using bench = await ForwardBench.start([backend.endpoint]);
    using client = new EchoClient(bench.port);
    const cancel = new AbortController();
    const end = client.unary(Buffer.from('x'), { method: 'hang', signal: cancel.signal });
    await bench.upstream.until(() => backend.executed.length === 1, 'executing');
    cancel.abort();
    assert.equal((await end).code, status.CANCELLED);
    await bench.upstream.until(() => backend.cancelled === 1, 'the endpoint knows');
    assert.equal((await bench.untilEnded()).isCancelled, true);
  });

  it('fails with UNAVAILABLE when nobody is there, and says why', async () => {
    await using bench = await ForwardBench.start([]);
    using client = new EchoClient(bench.port);
    const end = await client.unary(Buffer.from('x'));
    assert.deepEqual([end.code, end.details], [status.UNAVAILABLE, 'no healthy upstream']);
    assert.deepEqual(end.trailers.get('x-health-bridge-error'), ['no_upstream']);
  });
});
