import type { Socket } from 'node:net';
import type { Clock } from '../util/clock.ts';
import { type DetectedProtocol, detectProtocol } from './protocol-detect.ts';

/** What the first octets were, or that they did not come in time. */
export type SniffVerdict = Exclude<DetectedProtocol, 'undecided'> | 'timeout';

/**
 * Reads until the protocol is known, puts the octets back, and calls `settle` once. A peer that ends before has said nothing
 * worth an answer (TCP health checks do just that): its connection is closed, and `settle` is not called.
 */
export function sniffProtocol(
  socket: Socket,
  { clock, timeoutMs }: { readonly clock: Clock; readonly timeoutMs: number },
  settle: (verdict: SniffVerdict) => void,
): void {
  let held: Buffer = Buffer.alloc(0);
  const finish = (): void => {
    timer.cancel();
    socket.off('readable', onReadable);
    socket.off('end', onEnd);
    socket.off('close', finish);
  };
  const onReadable = (): void => {
    // All that is buffered at once: so `held` is at most what one read brings and an undecided rest.
    const chunk: Buffer | null = socket.read();
    if (chunk === null) {
      return;
    }
    held = held.byteLength === 0 ? chunk : Buffer.concat([held, chunk]);
    const protocol = detectProtocol(held);
    if (protocol !== 'undecided') {
      finish();
      socket.unshift(held);
      settle(protocol);
    }
  };
  const onEnd = (): void => {
    finish();
    socket.destroy();
  };
  const timer = clock.setTimer(timeoutMs, () => {
    finish();
    settle('timeout');
  });
  // With `readable` instead of `data` nothing flows in between: the next owner finds the octets where it looks for them.
  socket.on('readable', onReadable);
  socket.on('end', onEnd);
  socket.on('close', finish);
}
