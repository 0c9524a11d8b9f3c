import { NaiveDecoder } from './http2/naive-hpack.ts';
import { data, headers, requestBlock, responseBlock } from './http2/wire.ts';
import { RawH2Peer, type RawH2Session } from './peers/raw-h2-peer.ts';
import { FrameFlag, FrameType, frame, H2_PREFACE, RawClient } from './raw-client.ts';

/** The flag. */
export const END_STREAM = 1;
/** END_STREAM and END_HEADERS. */
export const END_BOTH = 5;
/** The preface and both SETTINGS frames of a client. */
export const H2_START: Buffer = Buffer.concat([
  H2_PREFACE,
  frame(FrameType.SETTINGS, 0, 0),
  frame(FrameType.SETTINGS, FrameFlag.ACK, 0),
]);
/** The begin of a gRPC response. */
export const GRPC_HEADERS: Buffer = responseBlock('200', [['content-type', 'application/grpc']]);

/** Everything that the client has got on its streams: `HEADERS END`, `DATA 5`, `RST_STREAM 8`. */
export function story(client: RawClient, streamId = 1): string[] {
  return client
    .frames()
    .filter((one) => one.streamId === streamId && one.type !== FrameType.WINDOW_UPDATE)
    .map(({ type, flags, payload }) => {
      const end = type < 2 && (flags & END_STREAM) !== 0 ? ' END' : '';
      if (type === FrameType.HEADERS) {
        return `HEADERS${end}`;
      }
      return type === FrameType.DATA ? `DATA ${payload.length}${end}` : `RST_STREAM ${payload.readUInt32BE(0)}`;
    });
}

/** Fields of every header section that the client got, one text per section. */
export function sections(client: RawClient): string[] {
  const decoder = new NaiveDecoder();
  return client
    .frames()
    .filter(({ type }) => type === FrameType.HEADERS)
    .map(({ payload }) =>
      decoder
        .decode(payload)
        .map(({ name, value }) => `${name}: ${value}`)
        .join('\n'),
    );
}

/** What the client got on the stream, once that has ended. */
export async function untilEnd(client: RawClient, streamId = 1): Promise<string[]> {
  await client.until(() => /END|RST/.test(story(client, streamId).at(-1) ?? ''));
  return story(client, streamId);
}

/** A client that has begun. */
export async function open({ port }: { readonly port: number }): Promise<RawClient> {
  const client = await RawClient.tcp(port);
  client.write(H2_START);
  return client;
}

/** A peer whose requests are given to the function, the first one as number 1. */
export function peerThat(answer: (session: RawH2Session, streamId: number, count: number) => void): Promise<RawH2Peer> {
  let count = 0;
  return RawH2Peer.start({ onRequest: (session, streamId) => answer(session, streamId, ++count) });
}

/** A request with a little content. */
export const unary = (streamId = 1): Buffer =>
  Buffer.concat([headers(streamId, requestBlock()), data(streamId, 'hello', END_STREAM)]);
