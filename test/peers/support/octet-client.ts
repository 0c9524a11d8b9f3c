import { once } from 'node:events';
import { type ClientHttp2Session, type ClientHttp2Stream, connect } from 'node:http2';

/** A node:http2 client of OctetServer, or of whatever stands before it. */
export class OctetClient implements AsyncDisposable {
  readonly session: ClientHttp2Session;

  private constructor(session: ClientHttp2Session) {
    this.session = session;
  }

  static async connect(port: number): Promise<OctetClient> {
    const session = connect(`http://127.0.0.1:${port}`);
    await once(session, 'connect');
    return new OctetClient(session);
  }

  /** A stream from which nothing is read until the caller does. */
  open(path: string, method: 'GET' | 'POST' = 'GET'): ClientHttp2Stream {
    const stream = this.session.request({ ':method': method, ':path': path }, { endStream: method === 'GET' });
    stream.on('error', () => undefined);
    return stream;
  }

  /** Reads a whole answer and returns its length. */
  async read(path: string): Promise<number> {
    let octets = 0;
    for await (const chunk of this.open(path) as AsyncIterable<Buffer>) {
      octets += chunk.length;
    }
    return octets;
  }

  /** Sends so much to `/take` and returns how much came. */
  async send(octets: number): Promise<number> {
    const stream = this.open('/take', 'POST');
    stream.end(Buffer.alloc(octets));
    const [headers] = await once(stream, 'response');
    stream.resume();
    return Number(headers['x-octets']);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.session.closed) {
      this.session.destroy();
      await once(this.session, 'close');
    }
  }
}
