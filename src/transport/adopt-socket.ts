import { Socket } from 'node:net';
import { sharedReadBuffer } from './read-buffer.ts';

/** Who takes what an adopted socket reads. */
export interface ReadSink {
  /** The first `end` octets have been read, and are valid until it returns; whether reading goes on. */
  receive(octets: Buffer, end: number): boolean;
}

/** A connection that has changed its socket. */
export interface AdoptedSocket {
  /** What reads and writes from now on. */
  readonly socket: Socket;
  /** Set at once, before the loop turns: nothing is read before. */
  sink: ReadSink | null;
}

/**
 * Moves an accepted connection to a socket that reads into the thread's buffer. Node offers `onread` to sockets that connect, and not to those
 * that a server accepts, so this one passes on the handle, which is private to Node: docs/decisions/0012-adopted-sockets.md. The old
 * socket is destroyed and emits `close`, without an end to the connection; what it has read must have been taken from it.
 *
 * @returns null where there is no such handle (TLS, or a Node that has changed it); then the old socket is as it was.
 */
export function adoptSocket(old: Socket): AdoptedSocket | null {
  const handle: unknown = Reflect.get(old, '_handle');
  if ('encrypted' in old || typeof handle !== 'object' || handle === null || !('useUserBuffer' in handle)) {
    return null;
  }
  Reflect.set(old, '_handle', null);
  const buffer = sharedReadBuffer();
  const onread = {
    buffer,
    callback: (length: number): boolean => adopted.sink === null || adopted.sink.receive(buffer, length),
  };
  const { allowHalfOpen } = old;
  // The types know other handles.
  const options: object = { handle, allowHalfOpen, onread };
  const adopted: AdoptedSocket = { socket: new Socket(options), sink: null };
  old.destroy();
  return adopted;
}
