import assert from 'node:assert/strict';
import { constants, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import { describe, it } from 'node:test';
import { Metadata, status } from '@grpc/grpc-js';
import { EchoClient } from '../support/echo-client.ts';
import { NodeHttp2Backend } from '../support/peers/node-http2-backend.ts';
import { portOf } from '../support/rest-bridge.ts';
import { TestBridge } from '../support/test-bridge.ts';
import { EnvoyProcess, httpListener, prefixRoute } from './support/envoy.ts';
import { freePorts } from './support/free-ports.ts';
import { limitedCluster } from './support/limits.ts';

/** One empty message. */
const EMPTY = Buffer.alloc(5);
const HEAD = { ':status': 200, 'content-type': 'application/grpc' };
const ATTEMPTS = 3;
const ENVOY_WORDS = 'cancelled,deadline-exceeded,internal,resource-exhausted,unavailable';
const OUR_WORDS = ['cancelled', 'deadlineExceeded', 'internal', 'resourceExhausted', 'unavailable'];

/** What is the same on both sides. */
interface Rules {
  readonly maxRetries?: number;
  readonly perTryTimeoutMs?: number;
}

/** One proxy. */
interface Side extends AsyncDisposable {
  readonly client: EchoClient;
}

type Start = (key: string, rules: Rules) => Promise<Side>;

function answer(stream: ServerHttp2Stream, word: string): void {
  const [kind = '', value = ''] = word.split(':');
  if (kind === 'status') {
    stream.respond({ ...HEAD, 'grpc-status': value }, { endStream: true });
  } else if (kind === 'late') {
    stream.respond(HEAD, { waitForTrailers: true });
    stream.once('wantTrailers', () => stream.sendTrailers({ 'grpc-status': value }));
    stream.end(EMPTY);
  } else if (kind === 'reset') {
    stream.close(Number(value));
  }
}

/** Ends attempts as `x-script` says, with its last word again and again. */
async function startBackend(): Promise<{ readonly server: NodeHttp2Backend; readonly attempts: Map<string, number> }> {
  const attempts = new Map<string, number>();
  const onStream = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders): void => {
    const call = String(headers['x-call']);
    const script = String(headers['x-script']).split(' ');
    const count = attempts.get(call) ?? 0;
    attempts.set(call, count + 1);
    stream.on('error', () => undefined);
    answer(stream, script[count] ?? script.at(-1) ?? '');
  };
  return { server: await NodeHttp2Backend.start({ onStream }), attempts };
}

const startEnvoy: Start = async (key, { maxRetries, perTryTimeoutMs }) => {
  const [port = 0] = await freePorts(1);
  const route = prefixRoute('/', 'echo');
  const retry = {
    retry_on: `${ENVOY_WORDS},reset`,
    num_retries: ATTEMPTS - 1,
    retry_back_off: { base_interval: '0.001s', max_interval: '0.01s' },
    ...(perTryTimeoutMs === undefined ? {} : { per_try_timeout: `${perTryTimeoutMs / 1000}s` }),
  };
  const thresholds = maxRetries === undefined ? [] : [{ max_retries: maxRetries }];
  const cluster = limitedCluster('echo', key, {}, { http2_protocol_options: {} });
  const envoy = await EnvoyProcess.start({
    static_resources: {
      clusters: [{ ...cluster, circuit_breakers: { thresholds } }],
      listeners: [httpListener(port, [{ ...route, route: { cluster: 'echo', timeout: '0s', retry_policy: retry } }])],
    },
  });
  const client = new EchoClient(port);
  return {
    client,
    [Symbol.asyncDispose]: async () => {
      client[Symbol.dispose]();
      await envoy[Symbol.asyncDispose]();
    },
  };
};

const startBridge: Start = async (key, { maxRetries, perTryTimeoutMs }) => {
  const retry = {
    retryOn: OUR_WORDS,
    maxAttempts: ATTEMPTS,
    backoff: { base: '1ms' },
    ...(perTryTimeoutMs === undefined ? {} : { perTryTimeout: `${perTryTimeoutMs}ms` }),
  };
  const bridge = await TestBridge.start({
    clusters: [
      {
        name: 'echo',
        discovery: { type: 'static', endpoints: [key] },
        healthCheck: { type: 'none' },
        connectionPool: maxRetries === undefined ? {} : { maxRetries },
      },
    ],
    routes: [{ name: 'echo', match: { prefix: '/test.Echo/' }, cluster: 'echo', retry }],
  });
  await bridge.untilHealthy(true);
  const client = new EchoClient(portOf(bridge));
  return {
    client,
    [Symbol.asyncDispose]: async () => {
      client[Symbol.dispose]();
      await bridge[Symbol.asyncDispose]();
    },
  };
};

/** Calls whose attempts end as the scripts say: how each ended, and how many attempts there were. */
async function outcomes(start: Start, rules: Rules, scripts: readonly string[]): Promise<readonly string[]> {
  await using stack = new AsyncDisposableStack();
  const { server, attempts } = await startBackend();
  stack.use(server);
  const { client } = stack.use(await start(server.endpoint.key, rules));
  const seen: string[] = [];
  for (const script of scripts) {
    const metadata = new Metadata();
    metadata.set('x-script', script);
    const { code } = await client.unary(Buffer.from('x'), { call: script, metadata });
    seen.push(`${script}: ${status[code]} after ${attempts.get(script) ?? 0}`);
  }
  return seen;
}

async function compare(rules: Rules, scripts: readonly string[]): Promise<readonly string[]> {
  const [envoys, ours] = [await outcomes(startEnvoy, rules, scripts), await outcomes(startBridge, rules, scripts)];
  assert.deepEqual(ours, envoys, 'the bridge does as Envoy does');
  return envoys;
}

const CODES = Array.from({ length: 16 }, (_, index) => index + 1);

describe('repeated calls through an Envoy and through the bridge', { timeout: 60_000 }, () => {
  it('have as many attempts for every status that stands alone', async () => {
    const seen = await compare(
      {},
      CODES.map((code) => `status:${code}`),
    );
    assert.equal(seen.filter((line) => line.endsWith(`after ${ATTEMPTS}`)).length, OUR_WORDS.length);
  });

  it('have one for every status behind content', async () => {
    const seen = await compare(
      {},
      CODES.map((code) => `late:${code}`),
    );
    assert.ok(seen.every((line) => line.endsWith('after 1')));
  });

  it('end well when an attempt does, or with a status that is not repeated', async () => {
    assert.deepEqual(
      await compare({}, ['status:14 late:0', 'status:8 status:13 late:0', 'status:14 status:5', 'status:14 late:14']),
      [
        'status:14 late:0: OK after 2',
        'status:8 status:13 late:0: OK after 3',
        'status:14 status:5: NOT_FOUND after 2',
        'status:14 late:14: UNAVAILABLE after 2',
      ],
    );
  });

  it('go on after resets, where Envoy has the word for it', async () => {
    const { NGHTTP2_INTERNAL_ERROR, NGHTTP2_CANCEL } = constants;
    const seen = await compare(
      {},
      [NGHTTP2_INTERNAL_ERROR, NGHTTP2_CANCEL].map((code) => `reset:${code} late:0`),
    );
    assert.ok(seen.every((line) => line.endsWith('OK after 2')));
  });

  it('go on after an attempt that took too long', async () => {
    assert.deepEqual(await compare({ perTryTimeoutMs: 100 }, ['silence late:0']), ['silence late:0: OK after 2']);
  });

  it('have one attempt where the cluster allows no repetition', async () => {
    assert.deepEqual(await compare({ maxRetries: 0 }, ['status:14 late:0']), ['status:14 late:0: UNAVAILABLE after 1']);
  });
});
