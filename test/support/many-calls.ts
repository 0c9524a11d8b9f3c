import { FrameCutter } from './frame-cutter.ts';
import { headers, PREFACE, settings, settingsAck } from './http2/wire.ts';
import { RawClient } from './raw-client.ts';

const DATA = 0;
const HEADERS = 1;
const RST_STREAM = 3;
const SETTINGS = 4;
const END_STREAM = 1;
const END_BOTH = 5;

/** Many calls of one connection. */
export interface ManyCalls {
  readonly port: number;
  readonly calls: number;
  /** How many are under way at any time. */
  readonly atATime: number;
  /** The field block of a call's request, by its number from 0 on. */
  readonly requestOf: (call: number) => Buffer;
}

/** What no run takes longer than. Milliseconds. */
const DEADLINE_MS = 30_000;

/**
 * Makes the calls, each of which has no content, and gives what each was answered with: the first octet of the content, -1 for an answer
 * without any. Content of all answers together must fit the connection's window. Throws on a reset.
 */
export async function callMany({ port, calls, atATime, requestOf }: ManyCalls): Promise<Int16Array> {
  using client = await RawClient.tcp(port);
  const answers = new Int16Array(calls).fill(-1);
  const frames = new FrameCutter();
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const timer = setTimeout(() => reject(new Error(`${answered} of ${calls} calls after ${DEADLINE_MS} ms`)), DEADLINE_MS);
  let begun = 0;
  let answered = 0;
  const next = (): Buffer => headers(2 * begun + 1, requestOf(begun++), END_BOTH);
  client.socket.removeAllListeners('data');
  client.socket.on('close', () => reject(new Error(`the connection ended after ${answered} of ${calls} calls`)));
  client.socket.on('data', (octets: Buffer) => {
    const output: Buffer[] = [];
    frames.cut(octets, (type, flags, streamId, payload) => {
      if (type === DATA && payload.length > 0) {
        answers[(streamId - 1) / 2] = payload.readUInt8(0);
      } else if (type === SETTINGS && flags === 0) {
        output.push(settingsAck());
      } else if (type === RST_STREAM) {
        reject(new Error(`call ${(streamId - 1) / 2} was reset with ${payload.readUInt32BE(0)}`));
      }
      if ((type === DATA || type === HEADERS) && (flags & END_STREAM) !== 0) {
        answered++;
        output.push(begun < calls ? next() : Buffer.alloc(0));
      }
    });
    client.write(Buffer.concat(output));
    if (answered === calls) {
      resolve();
    }
  });
  client.write(Buffer.concat([PREFACE, settings(), ...Array.from({ length: Math.min(atATime, calls) }, next)]));
  try {
    await promise;
  } finally {
    clearTimeout(timer);
  }
  return answers;
}
