import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import { Client, type ClientDuplexStream, credentials, Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { EngineServer, type EngineServerOptions } from '../support/http2/engine-server.ts';
import { testTls } from '../support/tls.ts';

const raw = (octets: Buffer): Buffer => octets;

/** A grpc-js client of an engine's server that echoes; every message is octets. */
class Pair implements AsyncDisposable {
  readonly server: EngineServer;
  readonly client: Client;

  private constructor(server: EngineServer, client: Client) {
    this.server = server;
    this.client = client;
  }

  static async start(options: EngineServerOptions = {}): Promise<Pair> {
    const server = await EngineServer.start(options);
    const secure = options.isTls === true ? credentials.createSsl((await testTls()).ca) : credentials.createInsecure();
    const client = new Client(`127.0.0.1:${server.port}`, secure, {
      'grpc.max_receive_message_length': -1,
      ...(options.isTls === true ? { 'grpc.ssl_target_name_override': 'localhost' } : {}),
    });
    return new Pair(server, client);
  }

  /** A unary call; rejects with its ServiceError. */
  call(message: Buffer, metadata = new Metadata()): Promise<Buffer> {
    const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
    this.client.makeUnaryRequest(
      '/test.Echo/Unary',
      raw,
      raw,
      message,
      metadata,
      { deadline: Date.now() + 10_000 },
      (error, value) => (error === null && value !== undefined ? resolve(value) : reject(error)),
    );
    return promise;
  }

  stream(deadlineMs = 10_000): ClientDuplexStream<Buffer, Buffer> {
    return this.client.makeBidiStreamRequest('/test.Echo/Stream', raw, raw, new Metadata(), {
      deadline: Date.now() + deadlineMs,
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.client.close();
    await this.server[Symbol.asyncDispose]();
    assert.equal(this.server.unfinished.streams, 0);
  }
}

async function errorOf(stream: ClientDuplexStream<Buffer, Buffer>): Promise<ServiceError> {
  const [error] = await once(stream, 'error', { signal: AbortSignal.timeout(5000) });
  return error;
}

describe('grpc-js as a client of the engine', { timeout: 30_000 }, () => {
  for (const isTls of [false, true]) {
    it(`makes unary calls of all sizes over ${isTls ? 'TLS' : 'cleartext'}`, async () => {
      await using pair = await Pair.start({ isTls });
      for (const size of [0, 1, 13, 16_379, 65_536, 2_000_000]) {
        const message = Buffer.alloc(size, size);
        assert.ok((await pair.call(message)).equals(message), `${size} octets`);
      }
    });
  }

  it('makes 400 calls at once', async () => {
    await using pair = await Pair.start();
    const messages = Array.from({ length: 400 }, (_, index) => Buffer.alloc(index, index));
    const answers = await Promise.all(messages.map((message) => pair.call(message)));
    answers.forEach((answer, index) => assert.deepEqual(answer, messages[index]));
  });

  it('gets its metadata back, repeated and binary', async () => {
    await using pair = await Pair.start();
    for (let round = 0; round < 3; round++) {
      const metadata = new Metadata();
      metadata.add('x-echo-text', 'one');
      metadata.add('x-echo-text', 'two');
      metadata.add('x-echo-bin', Buffer.from([0, 255, round]));
      metadata.add('authorization', 'bearer secret');
      const call = pair.client.makeUnaryRequest('/test.Echo/Unary', raw, raw, Buffer.alloc(3), metadata, () => undefined);
      const [received]: Metadata[] = await once(call, 'metadata', { signal: AbortSignal.timeout(5000) });
      assert.deepEqual(received?.get('x-echo-text'), ['one, two']);
      assert.deepEqual(received.get('x-echo-bin'), [Buffer.from([0, 255, round])]);
      await once(call, 'status', { signal: AbortSignal.timeout(5000) });
    }
  });

  it('exchanges 1 000 messages on one stream in turns', async () => {
    await using pair = await Pair.start();
    const stream = pair.stream();
    for (let size = 0; size < 1000; size++) {
      stream.write(Buffer.alloc(size, size));
      const [answer]: Buffer[] = await once(stream, 'data', { signal: AbortSignal.timeout(5000) });
      assert.deepEqual(answer, Buffer.alloc(size, size));
    }
    stream.end();
    const [end] = await once(stream, 'status', { signal: AbortSignal.timeout(5000) });
    assert.equal(end.code, status.OK);
  });

  it('is told a status without messages', async () => {
    await using pair = await Pair.start();
    const metadata = new Metadata();
    metadata.set('x-fail', String(status.NOT_FOUND));
    await assert.rejects(pair.call(Buffer.alloc(200_000), metadata), { code: status.NOT_FOUND });
    assert.equal((await pair.call(Buffer.alloc(4))).length, 4);
  });

  it('may cancel, and run out of time, without harm to other calls', async () => {
    await using pair = await Pair.start();
    const cancelled = pair.stream();
    cancelled.write(Buffer.alloc(10));
    await once(cancelled, 'data', { signal: AbortSignal.timeout(5000) });
    cancelled.cancel();
    assert.equal((await errorOf(cancelled)).code, status.CANCELLED);
    assert.equal((await errorOf(pair.stream(50))).code, status.DEADLINE_EXCEEDED);
    assert.equal((await pair.call(Buffer.alloc(4))).length, 4);
  });

  it('finds another connection when this one is leaving', async () => {
    await using pair = await Pair.start();
    await pair.call(Buffer.alloc(4));
    pair.server.connections[0]?.shutdown('max_age');
    for (let index = 0; index < 20; index++) {
      assert.equal((await pair.call(Buffer.alloc(index))).length, index);
    }
    assert.ok(pair.server.connections.length >= 2);
  });
});
