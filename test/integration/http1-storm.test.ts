import assert from 'node:assert/strict';
import { Agent, request as httpRequest, type RequestListener } from 'node:http';
import { type ClientHttp2Session, connect as connectHttp2 } from 'node:http2';
import { describe, it } from 'node:test';
import { Http1Bench, until } from '../support/http1-bench.ts';
import { Http1Endpoint } from '../support/peers/http1-endpoint.ts';
import { seededRandom } from '../support/seeded-random.ts';

const REQUESTS = 600;
/** Requests at once. */
const WIDTH = 40;

/** One way in which requests go, or go wrong, of the endpoint and of the client. */
const ENDPOINT_WAYS = ['echo', 'echo', 'early', 'destroy', 'half', 'close', 'empty'] as const;
const CLIENT_WAYS = ['wait', 'wait', 'wait', 'leave at once', 'leave later', 'no end'] as const;

const behave: RequestListener = (request, response) => {
  request.on('error', () => undefined);
  switch ((request.url ?? '').slice(1)) {
    case 'early':
      response.end('early');
      return;
    case 'destroy':
      request.socket.destroy();
      return;
    case 'half':
      response.write('half');
      request.once('data', () => response.destroy());
      request.once('end', () => response.destroy());
      return;
    case 'close':
      response.setHeader('connection', 'close');
      request.pipe(response);
      return;
    case 'empty':
      response.writeHead(204).end();
      return;
    default:
      request.pipe(response);
  }
};

interface Wish {
  readonly path: string;
  readonly client: (typeof CLIENT_WAYS)[number];
  readonly content: Buffer;
}

/** Resolves when it is over, however. */
function overHttp1(port: number, agent: Agent, { path, client, content }: Wish): Promise<void> {
  const request = httpRequest({ host: '127.0.0.1', port, method: 'POST', path, agent });
  request.on('error', () => undefined);
  request.on('response', (response) => {
    response.on('error', () => undefined);
    response.resume();
    if (client !== 'wait') {
      request.socket?.resetAndDestroy();
    }
  });
  request.write(content);
  if (client === 'leave at once') {
    request.once('socket', (socket) => socket.once('connect', () => socket.resetAndDestroy()));
  } else if (client !== 'no end') {
    request.end(content);
  }
  return new Promise((resolve) => {
    request.once('close', () => resolve());
  });
}

function overHttp2(session: ClientHttp2Session, { path, client, content }: Wish): Promise<void> {
  const stream = session.request({ ':method': 'POST', ':path': path });
  stream.on('error', () => undefined);
  // RST_STREAM NO_ERROR behind an early response leaves node:http2 waiting for what it cannot send any more.
  stream.once('end', () => stream.destroy());
  stream.on('response', () => {
    stream.resume();
    if (client !== 'wait') {
      stream.close(8);
    }
  });
  stream.write(content);
  if (client === 'leave at once') {
    setImmediate(() => stream.close(8));
  } else if (client !== 'no end') {
    stream.end(content);
  }
  return new Promise((resolve) => {
    stream.once('close', () => resolve());
  });
}

describe('a storm of requests that go well and go wrong', () => {
  it('leaves nothing behind, and breaks nothing', async () => {
    const random = seededRandom(7);
    const choose = <T>(from: readonly T[]): T | undefined => from[Math.floor(random() * from.length)];
    await using one = await Http1Endpoint.serve(behave);
    await using two = await Http1Endpoint.serve(behave);
    await using bench = await Http1Bench.start([one.endpoint, two.endpoint], {
      cluster: { pool: { maxPendingRequests: 20, maxConnections: 12, idleTimeoutMs: 60_000 } },
    });
    const agent = new Agent({ keepAlive: true });
    const session = connectHttp2(`http://127.0.0.1:${bench.port}`);
    session.on('error', () => undefined);
    let left = REQUESTS;
    const worker = async (): Promise<void> => {
      while (left-- > 0) {
        const content = Buffer.alloc(random() < 0.2 ? 200_000 : 100, 'c');
        const wish: Wish = { path: `/${choose(ENDPOINT_WAYS)}`, client: choose(CLIENT_WAYS) ?? 'wait', content };
        await (random() < 0.5 ? overHttp1(bench.port, agent, wish) : overHttp2(session, wish));
      }
    };
    await Promise.all(Array.from({ length: WIDTH }, worker));
    agent.destroy();
    session.close();
    await bench.untilQuiet();
    await until(
      () => bench.cluster.pendingRequests === 0 && bench.cluster.connections <= 12,
      () => `${bench.cluster.pendingRequests} wait, ${bench.cluster.connections} connections`,
    );
    assert.deepEqual(
      bench.log.ended.filter(({ localReason }) => localReason === 'internal'),
      [],
    );
  });
});
