import assert from 'node:assert/strict';
import { connect } from 'node:http2';
import type { Endpoint } from '../../src/model/endpoint.ts';
import { Listener } from '../../src/proxy/listener.ts';
import type { ListenerObserver, ListenerOptions, RefusalReason } from '../../src/proxy/listener-options.ts';
import type { CallObserver, CallView } from '../../src/proxy/observer.ts';
import type { RouteMatch } from '../../src/proxy/route-match.ts';
import type { Http2Route } from '../../src/proxy/router.ts';
import { echo } from './test-listener.ts';
import { type BenchOptions, UpstreamBench } from './upstream-bench.ts';

/** A call as the observer saw it at its end. */
export type EndedCall = Omit<CallView, 'requestFields'> & { readonly path: string };

/** A route of a test; what is left out matches everything. */
export type TestRoute = Partial<Pick<Http2Route, 'name' | 'timeoutMs' | 'retry'> & RouteMatch>;

/** What a test says differently. */
export interface ForwardOptions {
  /** Default: one route, `all`, that takes everything. */
  readonly routes?: readonly TestRoute[];
  readonly listener?: Partial<Omit<ListenerOptions, 'routes' | 'clock' | 'turn' | 'slabs' | 'callObserver' | 'observer'>>;
  readonly upstream?: BenchOptions;
  /** Default false. */
  readonly isCold?: boolean;
}

/** What has happened, as the listener's observers were told. */
export class ForwardLog implements CallObserver, ListenerObserver {
  /** Paths of the calls that have begun. */
  readonly started: string[] = [];
  readonly ended: EndedCall[] = [];
  readonly localReplies: string[] = [];
  readonly refusals: string[] = [];
  readonly errors: Error[] = [];
  retries = 0;

  onCallStart(call: CallView): void {
    this.started.push(pathOf(call));
  }

  onCallEnd(call: CallView): void {
    const { requestFields: _, ...rest } = call;
    this.ended.push({ ...rest, path: pathOf(call) });
  }

  onRetry(): void {
    this.retries++;
  }

  onLocalReply(reason: string): void {
    this.localReplies.push(reason);
  }

  onRefusal(reason: RefusalReason, detail: string): void {
    this.refusals.push(`${reason}: ${detail}`);
  }

  onError(error: Error): void {
    this.errors.push(error);
  }
}

/** A listener that forwards to one cluster, over real sockets, with the real time, which a test may put forward. */
export class ForwardBench implements AsyncDisposable {
  readonly upstream: UpstreamBench;
  readonly listener: Listener;
  readonly port: number;
  readonly log: ForwardLog;

  /** The endpoints are healthy. Waits until they are connected to, unless `isCold`. */
  static async start(endpoints: readonly Endpoint[], options: ForwardOptions = {}): Promise<ForwardBench> {
    const upstream = new UpstreamBench(options.upstream ?? {});
    upstream.use(...endpoints);
    const log = new ForwardLog();
    const listener = new Listener({
      name: 'test',
      address: { kind: 'tcp', host: '127.0.0.1', port: 0 },
      tls: null,
      requestHandler: echo,
      ...options.listener,
      routes: (options.routes ?? [{}]).map((route, index) => toRoute(route, index, upstream)),
      observer: log,
      callObserver: log,
      clock: upstream.clock,
      turn: upstream.turn,
      slabs: upstream.slabs,
    });
    const address = await listener.listen();
    assert.ok(address.kind === 'tcp');
    if (options.isCold !== true) {
      await upstream.connected(endpoints.length);
    }
    return new ForwardBench(upstream, listener, log, address.port);
  }

  private constructor(upstream: UpstreamBench, listener: Listener, log: ForwardLog, port: number) {
    this.upstream = upstream;
    this.listener = listener;
    this.log = log;
    this.port = port;
  }

  /** Resolves once that many calls have ended, with the last of them. */
  async untilEnded(count = 1): Promise<EndedCall> {
    const { ended } = this.log;
    await this.upstream.until(() => ended.length >= count, `${count} calls ended, but ${ended.length}`);
    const last = ended[count - 1];
    assert.ok(last !== undefined);
    return last;
  }

  /** Resolves once nothing of any call is left. */
  async untilQuiet(): Promise<void> {
    const { cluster } = this.upstream;
    await this.upstream.until(
      () => this.listener.requestsInFlight === 0 && cluster.activeStreams === 0 && this.listener.relayedCalls === 0,
      'nothing left of any call',
    );
  }

  /** Nothing of a call may be left behind, on any side. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.listener.close();
    await this.untilQuiet();
    assert.equal(this.log.started.length, this.log.ended.length, 'every call that has started has ended');
    assert.deepEqual(this.log.errors, []);
    await this.upstream[Symbol.asyncDispose]();
  }
}

function toRoute(route: TestRoute, index: number, { cluster }: UpstreamBench): Http2Route {
  return {
    kind: 'http2',
    name: route.name ?? (index === 0 ? 'all' : `route-${index}`),
    match: {
      path: route.path ?? { kind: 'prefix', value: '/' },
      authority: route.authority ?? null,
      headers: route.headers ?? [],
    },
    timeoutMs: route.timeoutMs ?? 0,
    cluster,
    retry: route.retry ?? null,
  };
}

function pathOf({ requestFields }: CallView): string {
  for (let index = 0; index < requestFields.length; index++) {
    const field = requestFields.at(index);
    if (field.name.text === ':path') {
      return field.valueText();
    }
  }
  return '';
}

/** What a client of node:http2 got for a request. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly trailers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
  /** The code of RST_STREAM; 0 for none. */
  readonly code: number;
  /** Whether the response was one header section without anything behind it. */
  readonly isOneFrame: boolean;
}

/** Makes one request with node:http2, on a connection of its own. */
export async function http2Request(
  port: number,
  headers: Readonly<Record<string, string | string[]>>,
  body: Buffer | null = null,
): Promise<Answer> {
  const session = connect(`http://127.0.0.1:${port}`);
  session.on('error', () => undefined);
  const stream = session.request({ ':path': '/', ...headers }, { endStream: body === null });
  const answer = { status: 0, headers: {}, trailers: {}, body: Buffer.alloc(0), code: 0, isOneFrame: false };
  stream.on('response', (received, flags) => {
    answer.status = Number(received[':status']);
    answer.headers = received;
    // END_STREAM.
    answer.isOneFrame = (flags & 1) === 1;
  });
  stream.on('trailers', (received) => {
    answer.trailers = received;
  });
  stream.on('data', (chunk: Buffer) => {
    answer.body = Buffer.concat([answer.body, chunk]);
  });
  stream.on('error', () => undefined);
  if (body !== null) {
    stream.end(body);
  }
  await new Promise<void>((resolve) => {
    stream.once('close', () => resolve());
  });
  answer.code = stream.rstCode ?? 0;
  session.close();
  return answer;
}
