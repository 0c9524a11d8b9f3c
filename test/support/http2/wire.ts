/** Frames written and read the naive way, independent of the engine's codec: what tests send, and what they check output against. */

/** One frame, as its fields. */
export interface WireFrame {
  readonly type: number;
  readonly flags: number;
  readonly streamId: number;
  readonly payload: Buffer;
}

/** Octets written in hex, with spaces where they help to read. */
export function hex(text: string): Buffer {
  return Buffer.from(text.replaceAll(' ', ''), 'hex');
}

export const PREFACE: Buffer = hex('505249202a20485454502f322e300d0a0d0a534d0d0a0d0a');

/** Type, flags, stream and payload (octets or hex) as a frame. */
export function frame(type: number, flags: number, streamId: number, payload: Uint8Array | string = ''): Buffer {
  const body = typeof payload === 'string' ? hex(payload) : Buffer.from(payload);
  const head = Buffer.alloc(9);
  head.writeUIntBE(body.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(streamId, 5);
  return Buffer.concat([head, body]);
}

export const data = (streamId: number, content: Uint8Array | string, flags = 0): Buffer =>
  frame(0, flags, streamId, typeof content === 'string' ? Buffer.from(content) : content);
export const headers = (streamId: number, block: Uint8Array, flags = 0x4): Buffer => frame(1, flags, streamId, block);
export const priority = (streamId: number, dependsOn: number): Buffer =>
  frame(2, 0, streamId, Buffer.concat([uint32(dependsOn), Buffer.of(15)]));
export const rstStream = (streamId: number, code: number): Buffer => frame(3, 0, streamId, uint32(code));
export const settings = (entries: readonly (readonly [number, number])[] = []): Buffer =>
  frame(4, 0, 0, Buffer.concat(entries.map(([id, value]) => Buffer.concat([uint32(id).subarray(2), uint32(value)]))));
export const settingsAck = (): Buffer => frame(4, 1, 0);
export const ping = (payload = '0102030405060708', flags = 0): Buffer => frame(6, flags, 0, payload);
export const goaway = (lastStreamId: number, code: number, debug = ''): Buffer =>
  frame(7, 0, 0, Buffer.concat([uint32(lastStreamId), uint32(code), Buffer.from(debug)]));
export const windowUpdate = (streamId: number, increment: number): Buffer => frame(8, 0, streamId, uint32(increment));
export const continuation = (streamId: number, block: Uint8Array, flags = 0x4): Buffer => frame(9, flags, streamId, block);

/** Four octets. */
export function uint32(value: number): Buffer {
  const octets = Buffer.alloc(4);
  octets.writeUInt32BE(value);
  return octets;
}

/** A field block of literals without indexing or Huffman coding (RFC 7541, section 6.2.2): independent of any table. */
export function block(fields: readonly (readonly [string, string])[]): Buffer {
  const parts: Buffer[] = [];
  for (const field of fields) {
    parts.push(Buffer.of(0));
    for (const text of field) {
      const octets = Buffer.from(text, 'latin1');
      parts.push(prefixed(octets.length), octets);
    }
  }
  return Buffer.concat(parts);
}

function prefixed(length: number): Buffer {
  if (length < 127) {
    return Buffer.of(length);
  }
  const octets = [127];
  let rest = length - 127;
  for (; rest >= 128; rest >>>= 7) {
    octets.push((rest & 127) | 128);
  }
  return Buffer.from([...octets, rest]);
}

/** A gRPC-shaped request's block. */
export function requestBlock(extra: readonly (readonly [string, string])[] = []): Buffer {
  return block([...callFields('/pkg.Service/Method'), ...extra]);
}

/** The fields of a gRPC request. */
export function callFields(path: string): readonly (readonly [string, string])[] {
  return [
    [':method', 'POST'],
    [':scheme', 'http'],
    [':path', path],
    [':authority', 'localhost'],
    ['content-type', 'application/grpc'],
    ['te', 'trailers'],
  ];
}

/** A response's block. */
export function responseBlock(status = '200', extra: readonly (readonly [string, string])[] = []): Buffer {
  return block([[':status', status], ...extra]);
}

/** Cuts octets into whole frames; throws when some are left. */
export function parseFrames(octets: Buffer): WireFrame[] {
  const frames: WireFrame[] = [];
  let at = 0;
  while (at < octets.length) {
    const length = octets.readUIntBE(at, 3);
    const end = at + 9 + length;
    if (end > octets.length) {
      throw new Error(`frame of ${length} octets cut at ${octets.length - at}`);
    }
    frames.push({
      type: octets.readUInt8(at + 3),
      flags: octets.readUInt8(at + 4),
      streamId: octets.readUInt32BE(at + 5),
      payload: octets.subarray(at + 9, end),
    });
    at = end;
  }
  return frames;
}

const NAMES = [
  'DATA',
  'HEADERS',
  'PRIORITY',
  'RST_STREAM',
  'SETTINGS',
  'PUSH_PROMISE',
  'PING',
  'GOAWAY',
  'WINDOW_UPDATE',
  'CONTINUATION',
];

/** Frames as short text for comparisons: `DATA 1 END 13`, `RST_STREAM 3 8`, `GOAWAY 0 11 too_many_pings`. */
export function describeFrame({ type, flags, streamId, payload }: WireFrame): string {
  const name = NAMES[type] ?? `TYPE${type}`;
  switch (type) {
    case 0:
      return `DATA ${streamId}${(flags & 1) === 1 ? ' END' : ''} ${payload.length}`;
    case 1:
      return `HEADERS ${streamId}${(flags & 1) === 1 ? ' END' : ''}`;
    case 3:
    case 8:
      return `${name} ${streamId} ${payload.readUInt32BE(0)}`;
    case 4:
    case 6:
      return `${name}${(flags & 1) === 1 ? ' ACK' : ''}`;
    case 7:
      return `GOAWAY ${payload.readUInt32BE(0)} ${payload.readUInt32BE(4)} ${payload.toString('latin1', 8)}`.trimEnd();
    default:
      return `${name} ${streamId}`;
  }
}
