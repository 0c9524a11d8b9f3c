import type { Socket } from 'node:net';
import type { Clock } from '../util/clock.ts';

/** How long a peer may keep a connection open that we have ended. */
export const LINGER_MS = 1000;

/**
 * Sends a last answer and ends the connection. What the peer still sends is read away for a moment: closing with unread octets
 * makes TCP send a reset, which may destroy the answer before the peer has read it (RFC 9112, section 9.6).
 */
export function endWithAnswer(socket: Socket, answer: string, clock: Clock): void {
  destroySoon(socket, clock);
  socket.end(answer, 'latin1');
  socket.resume();
}

/** Gives the peer that moment to end its side as well. */
export function destroySoon(socket: Socket, clock: Clock): void {
  const timer = clock.setTimer(LINGER_MS, () => socket.destroy());
  socket.once('close', () => timer.cancel());
}

/** What has been written still leaves, if the peer takes it in time; resolves when the socket is gone. */
export function closeSocket(socket: Socket, clock: Clock): Promise<void> {
  return new Promise((resolve) => {
    const timer = clock.setTimer(LINGER_MS, () => socket.destroy());
    socket.once('close', () => {
      timer.cancel();
      resolve();
    });
    socket.destroySoon();
  });
}

/** A small HTTP/1.1 response after which the connection ends. */
export function closingResponse(status: string, body: string): string {
  return `HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
}
