import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type NetConnectOpts, type Socket } from 'node:net';
import { type ConnectionOptions, connect as connectTls, TLSSocket } from 'node:tls';

/** The client's half of the connection preface. */
export const H2_PREFACE: Buffer = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1');

export const FrameType = {
  DATA: 0,
  HEADERS: 1,
  RST_STREAM: 3,
  SETTINGS: 4,
  PING: 6,
  GOAWAY: 7,
  WINDOW_UPDATE: 8,
  CONTINUATION: 9,
} as const;

export const FrameFlag = { END_STREAM: 1, ACK: 1, END_HEADERS: 4 } as const;

/** One HTTP/2 frame as it was received. */
export interface RawFrame {
  readonly type: number;
  readonly flags: number;
  readonly streamId: number;
  readonly payload: Buffer;
}

/** The octets of one HTTP/2 frame (RFC 9113, section 4.1). */
export function frame(type: number, flags: number, streamId: number, payload: Uint8Array = new Uint8Array()): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.byteLength, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(streamId, 5);
  return Buffer.concat([head, payload]);
}

/** Fields as HPACK literals without indexing, neither Huffman-coded nor longer than 126 octets. */
export function fieldBlock(fields: readonly (readonly [name: string, value: string])[]): Buffer {
  return Buffer.concat(
    fields.map(([name, value]) =>
      Buffer.from(`\x00${String.fromCharCode(name.length)}${name}${String.fromCharCode(value.length)}${value}`, 'latin1'),
    ),
  );
}

/** A GET on stream 1 that ends with its headers; `fields` replaces all of them. */
export function getRequest(
  streamId = 1,
  fields: readonly (readonly [string, string])[] = [
    [':method', 'GET'],
    [':scheme', 'http'],
    [':path', '/'],
    [':authority', 'test'],
  ],
): Buffer {
  return frame(FrameType.HEADERS, FrameFlag.END_HEADERS | FrameFlag.END_STREAM, streamId, fieldBlock(fields));
}

/** A client that sends octets as the test says and keeps everything it gets. */
export class RawClient implements Disposable {
  readonly socket: Socket;
  readonly #transport: Socket;
  #received: Buffer = Buffer.alloc(0);
  #ended = false;
  #closed = false;
  #error: NodeJS.ErrnoException | null = null;

  static async tcp(port: number, host = '127.0.0.1'): Promise<RawClient> {
    const socket = await open({ port, host, noDelay: true, allowHalfOpen: true });
    return new RawClient(socket, socket);
  }

  static async unix(path: string): Promise<RawClient> {
    const socket = await open({ path, allowHalfOpen: true });
    return new RawClient(socket, socket);
  }

  /** Rejects when the handshake fails. The server's certificate is not verified unless the options say so. */
  static async tls(port: number, options: ConnectionOptions = {}): Promise<RawClient> {
    const transport = await open({ host: '127.0.0.1', port, noDelay: true, allowHalfOpen: true });
    const socket = connectTls({ socket: transport, rejectUnauthorized: false, ...options });
    await once(socket, 'secureConnect');
    return new RawClient(socket, transport);
  }

  private constructor(socket: Socket, transport: Socket) {
    this.socket = socket;
    this.#transport = transport;
    socket.on('data', (chunk: Buffer) => {
      this.#received = Buffer.concat([this.#received, chunk]);
    });
    socket.on('end', () => {
      this.#ended = true;
    });
    socket.on('error', (error) => {
      this.#error = error;
    });
    socket.on('close', () => {
      this.#closed = true;
    });
  }

  /** What ALPN agreed on; null for nothing, or without TLS. */
  get alpnProtocol(): string | null {
    return this.socket instanceof TLSSocket && typeof this.socket.alpnProtocol === 'string' ? this.socket.alpnProtocol : null;
  }

  /** Whether the handshake took up an earlier session. */
  get resumed(): boolean {
    return this.socket instanceof TLSSocket && this.socket.isSessionReused();
  }

  get text(): string {
    return this.#received.toString('latin1');
  }

  /** Why the connection broke; null if it did not, or ended in order. */
  get error(): NodeJS.ErrnoException | null {
    return this.#error;
  }

  get ended(): boolean {
    return this.#ended || this.#closed;
  }

  write(octets: string | Uint8Array): this {
    this.socket.write(typeof octets === 'string' ? Buffer.from(octets, 'latin1') : octets);
    return this;
  }

  /** Each octet in a segment of its own, as far as the kernel lets it. */
  async writeSingly(octets: string | Uint8Array): Promise<void> {
    for (const octet of typeof octets === 'string' ? Buffer.from(octets, 'latin1') : octets) {
      await new Promise((resolve) => {
        this.socket.write(Uint8Array.of(octet), resolve);
      });
    }
  }

  /** Ends our half: what we sent is all. */
  end(): this {
    this.socket.end();
    return this;
  }

  /** Resolves when what came so far satisfies the test; rejects when the connection is over before that. */
  async until(enough: (text: string) => boolean): Promise<string> {
    while (!enough(this.text)) {
      if (this.ended) {
        throw new Error(`connection over (${this.#error?.code ?? 'in order'}) after ${JSON.stringify(this.text)}`);
      }
      await this.#somethingHappens();
    }
    return this.text;
  }

  /** Everything until the peer ends or resets the connection. */
  async untilOver(): Promise<string> {
    while (!this.ended) {
      await this.#somethingHappens();
    }
    return this.text;
  }

  /** What came so far as HTTP/2 frames, an incomplete one aside. */
  frames(): RawFrame[] {
    const frames: RawFrame[] = [];
    for (let offset = 0; offset + 9 <= this.#received.byteLength; ) {
      const length = this.#received.readUIntBE(offset, 3);
      const end = offset + 9 + length;
      if (end > this.#received.byteLength) {
        break;
      }
      frames.push({
        type: this.#received.readUInt8(offset + 3),
        flags: this.#received.readUInt8(offset + 4),
        streamId: this.#received.readUInt32BE(offset + 5),
        payload: this.#received.subarray(offset + 9, end),
      });
      offset = end;
    }
    return frames;
  }

  /** Resolves with the first frame of that type, on that stream if given. */
  async untilFrame(type: number, streamId?: number): Promise<RawFrame> {
    let found: RawFrame | undefined;
    await this.until(() => {
      found = this.frames().find((one) => one.type === type && (streamId === undefined || one.streamId === streamId));
      return found !== undefined;
    });
    assert.ok(found !== undefined);
    return found;
  }

  /** Breaks the connection with a TCP reset. */
  reset(): void {
    this.#transport.resetAndDestroy();
  }

  [Symbol.dispose](): void {
    this.socket.destroy();
  }

  async #somethingHappens(): Promise<void> {
    await new Promise<void>((resolve) => {
      const names = ['data', 'end', 'error', 'close'] as const;
      const done = (): void => {
        for (const name of names) {
          this.socket.off(name, done);
        }
        resolve();
      };
      for (const name of names) {
        this.socket.on(name, done);
      }
    });
  }
}

async function open(options: NetConnectOpts): Promise<Socket> {
  const socket = connect(options);
  await once(socket, 'connect');
  return socket;
}
