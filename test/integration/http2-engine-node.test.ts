import assert from 'node:assert/strict';
import { once } from 'node:events';
import {
  type ClientHttp2Session,
  type ClientSessionOptions,
  connect,
  constants,
  type IncomingHttpHeaders,
  sensitiveHeaders,
} from 'node:http2';
import { buffer } from 'node:stream/consumers';
import { describe, it } from 'node:test';
import { EngineServer, type EngineServerOptions } from '../support/http2/engine-server.ts';
import { testTls } from '../support/tls.ts';

const BODY = 'answered by the engine\n';

/** A server of the engine's and a session of Node's with it. */
class Pair implements AsyncDisposable {
  readonly server: EngineServer;
  readonly session: ClientHttp2Session;

  private constructor(server: EngineServer, session: ClientHttp2Session) {
    this.server = server;
    this.session = session;
  }

  static async start(server: EngineServerOptions = {}, client: ClientSessionOptions = {}): Promise<Pair> {
    const engine = await EngineServer.start(server);
    const isTls = server.isTls === true;
    const tls = isTls ? { ca: (await testTls()).ca, servername: 'localhost' } : {};
    const session = connect(`${isTls ? 'https' : 'http'}://127.0.0.1:${engine.port}`, { ...client, ...tls });
    await once(session, 'connect', { signal: AbortSignal.timeout(5000) });
    return new Pair(engine, session);
  }

  /** One request; `content` is echoed. */
  async ask(headers: Record<string | symbol, unknown>, content: Buffer | null = null): Promise<Answer> {
    const stream = this.session.request({
      ':path': content === null ? '/' : '/echo',
      ...(content === null ? {} : { ':method': 'POST' }),
      ...headers,
    });
    const trailers: IncomingHttpHeaders[] = [];
    stream.on('trailers', (fields) => trailers.push(fields));
    stream.end(content ?? undefined);
    const [[fields], body] = await Promise.all([
      once(stream, 'response', { signal: AbortSignal.timeout(10_000) }),
      buffer(stream),
    ]);
    return { headers: fields, body, trailers: trailers[0] ?? null };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.session.destroyed) {
      const closed = once(this.session, 'close', { signal: AbortSignal.timeout(5000) });
      this.session.close();
      await closed;
    }
    assert.deepEqual(this.server.unfinished, { streams: 0, queued: 0, unconsumed: 0 });
    await this.server[Symbol.asyncDispose]();
  }
}

interface Answer {
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  readonly trailers: IncomingHttpHeaders | null;
}

describe('node:http2 as a client of the engine', { timeout: 30_000 }, () => {
  for (const isTls of [false, true]) {
    it(`gets answers, echoes and trailers over ${isTls ? 'TLS' : 'cleartext'}`, async () => {
      await using pair = await Pair.start({ isTls });
      const get = await pair.ask({});
      assert.deepEqual(
        [get.headers[':status'], get.headers['content-length'], get.body.toString()],
        [200, String(BODY.length), BODY],
      );
      const head = await pair.ask({ ':method': 'HEAD' });
      assert.deepEqual([head.headers[':status'], head.body.length], [200, 0]);
      const content = Buffer.alloc(1_000_000, 'content');
      const echo = await pair.ask({}, content);
      assert.ok(echo.body.equals(content));
      assert.equal(echo.trailers?.['grpc-status'], '0');
    });
  }

  it('has 300 streams echo at once, above the limit of concurrent ones', async () => {
    await using pair = await Pair.start();
    const sizes = Array.from({ length: 300 }, (_, index) => index * 200);
    const answers = await Promise.all(sizes.map((size) => pair.ask({ 'x-echo-size': String(size) }, Buffer.alloc(size, 0x61))));
    answers.forEach((answer, index) => {
      assert.equal(answer.body.length, sizes[index]);
      assert.equal(answer.headers['x-echo-size'], String(sizes[index]));
    });
  });

  it('has its fields come back as they were, repeated, empty, long and beyond ASCII', async () => {
    await using pair = await Pair.start();
    const fields = {
      'x-echo-empty': '',
      'x-echo-long': 'long '.repeat(5000).trim(),
      'x-echo-text': '~!@#$%^&*()_+{}|:"<>?`-=[]\\;\',./',
      'x-echo-latin': 'caf\u00e9',
    };
    for (let round = 0; round < 4; round++) {
      const { headers } = await pair.ask({ ...fields, 'x-echo-round': String(round) }, Buffer.alloc(0));
      for (const [name, value] of Object.entries({ ...fields, 'x-echo-round': String(round) })) {
        assert.equal(headers[name], value, name);
      }
    }
  });

  it('has fields that it marks as sensitive come back never-indexed', async () => {
    await using pair = await Pair.start();
    for (let round = 0; round < 3; round++) {
      const { headers } = await pair.ask(
        { 'x-echo-secret': 'token', 'x-echo-open': 'open', [sensitiveHeaders]: ['x-echo-secret'] },
        Buffer.alloc(0),
      );
      assert.deepEqual([headers['x-echo-secret'], headers['x-echo-open']], ['token', 'open']);
      assert.deepEqual(Reflect.get(headers, sensitiveHeaders), ['x-echo-secret']);
    }
  });

  for (const headerTableSize of [0, 100, 65_536]) {
    it(`works with a client that allows a table of ${headerTableSize} octets`, async () => {
      await using pair = await Pair.start({}, { settings: { headerTableSize } });
      for (let round = 0; round < 30; round++) {
        const { headers } = await pair.ask({ [`x-echo-${round >> 1}`]: 'v'.repeat(60) }, Buffer.alloc(0));
        assert.equal(headers[`x-echo-${round >> 1}`], 'v'.repeat(60));
      }
    });
  }

  it('may change the table in the middle', async () => {
    await using pair = await Pair.start();
    for (const headerTableSize of [0, 4096, 200, 0, 4096]) {
      const { headers } = await pair.ask({ 'x-echo-table': 'before and after' }, Buffer.alloc(0));
      assert.equal(headers['x-echo-table'], 'before and after');
      await new Promise<void>((resolve, reject) =>
        pair.session.settings({ headerTableSize }, (error) => (error === null ? resolve() : reject(error))),
      );
    }
    assert.equal(
      (await pair.ask({ 'x-echo-table': 'before and after' }, Buffer.alloc(0))).headers['x-echo-table'],
      'before and after',
    );
  });

  it('may use a smaller table of ours', async () => {
    await using pair = await Pair.start({ connection: { headerTableBytes: 100 } });
    for (let round = 0; round < 10; round++) {
      const { headers } = await pair.ask({ 'x-echo-small': `value ${round >> 1}` }, Buffer.alloc(0));
      assert.equal(headers['x-echo-small'], `value ${round >> 1}`);
    }
  });

  it('gets 431 for too many fields, and goes on', async () => {
    await using pair = await Pair.start();
    const many = Object.fromEntries(Array.from({ length: 140 }, (_, index) => [`x-many-${index}`, '1']));
    assert.equal((await pair.ask(many)).headers[':status'], 431);
    assert.equal((await pair.ask({})).headers[':status'], 200);
  });

  it('gets every octet with the smallest window', async () => {
    await using pair = await Pair.start({}, { settings: { initialWindowSize: 1 } });
    const content = Buffer.from('one octet at a time');
    assert.deepEqual((await pair.ask({}, content)).body, content);
  });

  it('may give up a stream at any time', async () => {
    await using pair = await Pair.start();
    for (const size of [0, 100_000]) {
      const stream = pair.session.request({ ':method': 'POST', ':path': '/echo' });
      stream.write(Buffer.alloc(size));
      await once(stream, 'response', { signal: AbortSignal.timeout(5000) });
      stream.close(constants.NGHTTP2_CANCEL);
      await once(stream, 'close', { signal: AbortSignal.timeout(5000) });
    }
    assert.equal((await pair.ask({})).headers[':status'], 200);
  });

  it('is pinged back, and told of a graceful end', async () => {
    await using pair = await Pair.start();
    const payload = await new Promise<Buffer>((resolve, reject) =>
      pair.session.ping(Buffer.from('12345678'), (error, _, octets) => (error === null ? resolve(octets) : reject(error))),
    );
    assert.equal(payload.toString(), '12345678');
    const goaway = once(pair.session, 'goaway', { signal: AbortSignal.timeout(5000) });
    const closed = once(pair.session, 'close', { signal: AbortSignal.timeout(5000) });
    const stream = pair.ask({}, Buffer.from('still answered'));
    await pair.ask({});
    pair.server.connections[0]?.shutdown('max_age');
    assert.deepEqual((await goaway)[0], constants.NGHTTP2_NO_ERROR);
    assert.equal((await stream).body.toString(), 'still answered');
    await closed;
  });
});
