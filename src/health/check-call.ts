import type { Metadata } from '@grpc/grpc-js';
import { toServingStatus } from '../grpc/serving-status.ts';
import { GrpcStatus } from '../grpc/status.ts';
import type { GrpcConnection } from './grpc-connection.ts';
import { type Outcome, SERVING } from './outcome.ts';
import { explainCallEnd, explainTimeout, outcomeOf } from './reasons.ts';

export interface CheckCallRequest {
  readonly service: string;
  readonly metadata: Metadata;
  /** What is left of the time of the whole check: told to the server. Milliseconds. */
  readonly leftMs: number;
  /** The time of the whole check, for the reason. Milliseconds. */
  readonly timeoutMs: number;
}

/** A status that is awaited. */
export interface PendingOutcome {
  /** Never rejects, and resolves at the latest when `expire` is called or the connection ends. */
  readonly outcome: Promise<Outcome>;
  /** The time of the whole check is over. */
  expire(): void;
}

/** Asks for the status of one service. */
export function startCheckCall(connection: GrpcConnection, request: CheckCallRequest): PendingOutcome {
  const { promise, resolve } = Promise.withResolvers<Outcome>();
  let contentType = '';
  let status: number | null = null;
  const { service, metadata, leftMs, timeoutMs } = request;
  const call = connection.call(
    { method: 'Check', service, metadata, timeoutMs: leftMs },
    {
      onHeaders(type) {
        contentType = type;
      },
      onStatus(servingStatus) {
        if (status !== null) {
          call.cancel();
          resolve(outcomeOf('protocol_error', 'the server sent more than one answer', 'connected'));
        }
        status = servingStatus;
      },
      onEnd(code, details) {
        if (code === GrpcStatus.DEADLINE_EXCEEDED) {
          resolve(explainTimeout(connection.facts, timeoutMs));
        } else if (code === GrpcStatus.OK && status !== null) {
          resolve(explainServingStatus(status));
        } else {
          resolve(explainCallEnd({ code, details, contentType }, connection.facts));
        }
      },
    },
  );
  return {
    outcome: promise,
    expire() {
      resolve(explainTimeout(connection.facts, timeoutMs));
      call.cancel();
    },
  };
}

/** What an answer in the words of grpc.health.v1 means. */
export function explainServingStatus(code: number): Outcome {
  const word = toServingStatus(code);
  switch (word) {
    case 'SERVING':
      return SERVING;
    case 'NOT_SERVING':
      return outcomeOf('not_serving', word, 'answered');
    case 'SERVICE_UNKNOWN':
      return outcomeOf('service_unknown', 'SERVICE_UNKNOWN: unknown service', 'answered');
    case 'UNKNOWN':
      return outcomeOf('unknown', 'the server answered UNKNOWN', 'answered');
    case null:
      return outcomeOf('not_serving', `the server answered serving status ${code}, which health.proto does not name`, 'answered');
  }
}
