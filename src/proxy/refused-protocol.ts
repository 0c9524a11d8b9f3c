import type { Socket } from 'node:net';
import type { Clock } from '../util/clock.ts';
import { closingResponse, endWithAnswer } from './linger.ts';
import type { ListenerObserver } from './listener-options.ts';

/** Why the first octets of a connection, or the want of them, are its last. */
export type ProtocolProblem = 'tlsOnCleartext' | 'cleartextOnTls' | 'garbage' | 'timeout';

/** Ends a connection that is none of those which the port is for, and tells of it. */
export function refuseProtocol(
  socket: Socket,
  problem: ProtocolProblem,
  { clock, observer }: { readonly clock: Clock; readonly observer: ListenerObserver },
): void {
  const { detail, answer } = REFUSALS[problem];
  observer.onRefusal(problem, detail);
  if (answer === null) {
    socket.destroy();
  } else {
    endWithAnswer(socket, answer, clock);
  }
}

/** An answer that the peer's error message can show, where it is likely to be read as one. */
const REFUSALS: Readonly<Record<ProtocolProblem, { readonly detail: string; readonly answer: string | null }>> = {
  // A TLS client cannot read it, but tells its user that the server speaks cleartext HTTP, which a mere end would not.
  tlsOnCleartext: {
    detail: 'TLS on a cleartext port',
    answer: closingResponse('400 Bad Request', 'this port speaks cleartext HTTP, not TLS\n'),
  },
  cleartextOnTls: {
    detail: 'cleartext on a TLS port',
    answer: closingResponse('400 Bad Request', 'this port speaks TLS: use https\n'),
  },
  garbage: { detail: 'neither HTTP nor TLS', answer: null },
  timeout: { detail: 'the first octets did not come in time', answer: null },
};
