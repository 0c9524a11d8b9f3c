import { once } from 'node:events';
import { connect } from 'node:http2';
import { request } from 'node:https';
import { buffer } from 'node:stream/consumers';
import type { ConnectionOptions } from 'node:tls';

/** How an answer came: its status, of gRPC if the request was a call, and the marker of answers that the bridge makes. */
export interface TlsAnswer {
  readonly httpStatus: number;
  /** Null where there is none. */
  readonly grpcStatus: number | null;
  readonly error: string | null;
  readonly body: string;
}

/** What no test waits for longer. Milliseconds. */
const DEADLINE_MS = 5000;

/** A GET, or for a path of a method a call with an empty message, by HTTP/2 on a connection of its own. */
export async function askHttp2(port: number, path: string, tls: ConnectionOptions): Promise<TlsAnswer> {
  const session = connect(`https://127.0.0.1:${port}`, { rejectUnauthorized: false, ...tls });
  try {
    const isCall = /^\/[\w.]+\.[A-Z]\w+\//.test(path);
    const fields = isCall ? { ':method': 'POST', 'content-type': 'application/grpc', te: 'trailers' } : {};
    const stream = session.request({ ...fields, ':path': path }, { endStream: !isCall });
    if (isCall) {
      stream.end(Buffer.alloc(5));
    }
    let last: Readonly<Record<string, unknown>> = {};
    stream.once('trailers', (trailers) => {
      last = trailers;
    });
    const [headers] = await once(stream, 'response', { signal: AbortSignal.timeout(DEADLINE_MS) });
    const body = await buffer(stream);
    return toAnswer(Number(headers[':status']), { ...headers, ...last }, body);
  } finally {
    session.close();
  }
}

/** A GET by HTTP/1.1 on a connection of its own. */
export async function askHttp1(port: number, path: string, tls: ConnectionOptions): Promise<TlsAnswer> {
  const sent = request({ host: '127.0.0.1', port, path, agent: false, rejectUnauthorized: false, ...tls });
  sent.end();
  const [response] = await once(sent, 'response', { signal: AbortSignal.timeout(DEADLINE_MS) });
  return toAnswer(response.statusCode ?? 0, response.headers, await buffer(response));
}

function toAnswer(httpStatus: number, fields: Readonly<Record<string, unknown>>, body: Buffer): TlsAnswer {
  const grpcStatus = fields['grpc-status'];
  const error = fields['x-health-bridge-error'];
  return {
    httpStatus,
    grpcStatus: grpcStatus === undefined ? null : Number(grpcStatus),
    error: typeof error === 'string' ? error : null,
    body: body.toString(),
  };
}
