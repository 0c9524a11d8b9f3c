import { once } from 'node:events';
import { type ClientHttp2Session, connect as connectHttp2, constants, createServer as createHttp2Server } from 'node:http2';
import { type AddressInfo, connect, createServer, type Server } from 'node:net';

/** No recording takes longer. Milliseconds. */
const DEADLINE_MS = 10_000;

/** What crossed one connection between a client and a server of node:http2. */
export interface Recording {
  readonly toServer: Buffer;
  readonly toClient: Buffer;
}

/**
 * Records one connection: `run` makes requests, to a server that answers any of them after its end by 103, a body of as many octets as the
 * request's `x-octets` says, and trailers. Both sides pad; both index fields.
 */
export async function record(run: (session: ClientHttp2Session) => Promise<void>): Promise<Recording> {
  const padding = { paddingStrategy: constants.PADDING_STRATEGY_MAX };
  const backend = createHttp2Server({ ...padding });
  backend.on('stream', (stream, fields) => {
    stream.on('error', () => {});
    stream.resume();
    stream.once('end', () => {
      stream.additionalHeaders({ ':status': 103, link: '</x>' });
      stream.respond({ ':status': 200, 'x-long': 'v'.repeat(20_000) }, { waitForTrailers: true });
      stream.once('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0', 'x-trailer': String(fields[':path']) }));
      stream.end(Buffer.alloc(Number(fields['x-octets'] ?? 0), 'a'));
    });
  });
  const toServer: Buffer[] = [];
  const toClient: Buffer[] = [];
  const tap = createServer((client) => {
    const server = connect(portOf(backend), '127.0.0.1');
    client.on('data', (octets: Buffer) => void toServer.push(octets));
    server.on('data', (octets: Buffer) => void toClient.push(octets));
    client.on('error', () => server.destroy());
    server.on('error', () => client.destroy());
    client.pipe(server).pipe(client);
  });
  await listen(backend);
  await listen(tap);
  const session = connectHttp2(`http://127.0.0.1:${portOf(tap)}`, padding);
  try {
    await once(session, 'remoteSettings');
    await run(session);
    session.close();
    await once(session, 'close', { signal: AbortSignal.timeout(DEADLINE_MS) });
  } finally {
    session.destroy();
    tap.close();
    backend.close();
    await Promise.all([once(tap, 'close'), once(backend, 'close')]);
  }
  return { toServer: Buffer.concat(toServer), toClient: Buffer.concat(toClient) };
}

/** One request with a body of so many octets, answered by as many; resolves with its end. */
export async function call(
  session: ClientHttp2Session,
  path: string,
  octets: number,
  fields: Record<string, string> = {},
): Promise<void> {
  const method = octets === 0 ? 'GET' : 'POST';
  const stream = session.request({ ':method': method, ':path': path, 'x-octets': String(octets), ...fields });
  stream.resume();
  stream.end(octets === 0 ? undefined : Buffer.alloc(octets, 'b'));
  await once(stream, 'close', { signal: AbortSignal.timeout(DEADLINE_MS) });
}

async function listen(server: Server | ReturnType<typeof createHttp2Server>): Promise<void> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
}

function portOf(server: Server | ReturnType<typeof createHttp2Server>): number {
  const address: AddressInfo | string | null = server.address();
  if (address === null || typeof address === 'string') {
    throw new Error('no port');
  }
  return address.port;
}
