import type { Metadata } from '@grpc/grpc-js';
import { GrpcStatus } from '../grpc/status.ts';
import { explainServingStatus } from './check-call.ts';
import type { GrpcConnection } from './grpc-connection.ts';
import type { Outcome } from './outcome.ts';
import { explainCallEnd, outcomeOf } from './reasons.ts';

/** Messages that one Watch may send between two Checks: a server that tells more is a defect, and each costs us a view. */
export const MAX_MESSAGES_BETWEEN_CHECKS = 1_000;

/** How a Watch that nobody cancelled came to its end. */
export interface WatchEnd {
  /** `unimplemented`: there is no Watch. `connection`: it went with its connection. `stream`: the server ended it alone. */
  readonly kind: 'unimplemented' | 'connection' | 'stream';
  readonly outcome: Outcome;
}

export interface WatchHandler {
  onMessage(outcome: Outcome): void;
  /** The last; not called after `cancel`. */
  onEnd(end: WatchEnd): void;
}

/** A Watch that runs. */
export interface WatchCall {
  /** A Check was made: the count of messages starts anew. */
  resetCount(): void;
  cancel(): void;
}

/** Asks to be told of every change of one service. */
export function startWatchCall(
  connection: GrpcConnection,
  request: { readonly service: string; readonly metadata: Metadata },
  handler: WatchHandler,
): WatchCall {
  let contentType = '';
  let messages = 0;
  const call = connection.call(
    { method: 'Watch', ...request, timeoutMs: null },
    {
      onHeaders(type) {
        contentType = type;
      },
      onStatus(servingStatus) {
        messages += 1;
        if (messages > MAX_MESSAGES_BETWEEN_CHECKS) {
          call.cancel();
          const reason = `Watch sent more than ${MAX_MESSAGES_BETWEEN_CHECKS} messages between two checks`;
          handler.onEnd({ kind: 'stream', outcome: outcomeOf('protocol_error', reason, 'connected') });
          return;
        }
        handler.onMessage(explainServingStatus(servingStatus));
      },
      onEnd(code, details) {
        const { facts } = connection;
        const outcome = explainCallEnd({ code, details, contentType }, facts);
        handler.onEnd(explainEnd(code, outcome, facts.lost || facts.stage !== 'ready'));
      },
    },
  );
  return {
    resetCount() {
      messages = 0;
    },
    cancel: () => call.cancel(),
  };
}

function explainEnd(code: number, outcome: Outcome, withConnection: boolean): WatchEnd {
  if (outcome.word === 'unimplemented') {
    return { kind: 'unimplemented', outcome: outcomeOf('unimplemented', 'UNIMPLEMENTED: the server has no Watch', 'answered') };
  }
  if (withConnection) {
    return { kind: 'connection', outcome };
  }
  // A Watch has no end of its own (health.proto): OK is an ending like any other.
  const reason = `Watch ended: ${code === GrpcStatus.OK ? 'OK' : outcome.reason}`;
  return { kind: 'stream', outcome: outcomeOf(outcome.word, reason, outcome.reached) };
}
