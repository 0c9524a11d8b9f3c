import { BridgeProcess, type RawConfig } from './bridge.ts';
import type { Child } from './child.ts';
import { freePorts } from './free-ports.ts';
import type { PairFiles } from './tls-files.ts';

export interface RelayOptions {
  /** Where calls go, such as `127.0.0.1:40001`. */
  readonly backends: readonly string[];
  /** The listener speaks TLS with this certificate. Default: cleartext, HTTP/2 by prior knowledge. */
  readonly listenTls?: PairFiles;
  /** More keys of the cluster, such as `tls` or `healthCheck`; the endpoints are not checked unless it says so. */
  readonly cluster?: RawConfig;
  /** More keys of the listener. */
  readonly listener?: RawConfig;
  /** More keys of the whole configuration, such as `drain`. */
  readonly config?: RawConfig;
  /** Variables of its process. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** A bridge that forwards every call to one cluster. */
export interface Relay extends AsyncDisposable {
  /** Where it listens on 127.0.0.1. */
  readonly port: number;
  readonly child: Child;
}

/** Starts a bridge that forwards whatever comes in, but for its own health URLs other than `/`, and waits until it may be used. */
export async function startRelay(options: RelayOptions): Promise<Relay> {
  const [port = 0, adminPort = 0] = await freePorts(2);
  const { listenTls, backends } = options;
  const tls = listenTls === undefined ? {} : { tls: { certificateFile: listenTls.cert, privateKeyFile: listenTls.key } };
  const bridge = await BridgeProcess.start(
    {
      listeners: [{ name: 'in', address: `127.0.0.1:${port}`, ...tls, ...options.listener }],
      admin: { address: `127.0.0.1:${adminPort}` },
      clusters: [
        { name: 'b', discovery: { type: 'static', endpoints: backends }, healthCheck: { type: 'none' }, ...options.cluster },
      ],
      routes: [{ name: 'all', match: { prefix: '/' }, cluster: 'b' }],
      // The root belongs to the backends here.
      health: { paths: ['/healthz'] },
      ...options.config,
    },
    { url: `http://127.0.0.1:${adminPort}`, environment: options.environment ?? {} },
  );
  return { port, child: bridge.child, [Symbol.asyncDispose]: () => bridge[Symbol.asyncDispose]() };
}
