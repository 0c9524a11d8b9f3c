import type { Endpoint } from '../model/endpoint.ts';
import type { Outcome } from './outcome.ts';

/** The name under which a check that knows no services reports the endpoint as a whole; grpc.health.v1's for the whole server. */
export const WHOLE_ENDPOINT = '';

/** What one check found, by service name: one entry for each service of the cluster. */
export type CheckResult = ReadonlyMap<string, Outcome>;

/** What a checker tells between checks; only kinds of check with a stream do. */
export interface CheckerEvents {
  /** The endpoint told its status of its own accord. */
  onMessage(service: string, outcome: Outcome): void;
  /** The stream for one service broke: one failure. */
  onStreamFailure(service: string, reason: string): void;
  /** The next check should be now instead of after the pause, to connect again. */
  onCheckWanted(): void;
}

/** Checks one endpoint, in whatever way: one file each. The caller never starts a check before the last has ended. */
export interface Checker {
  /** Ends within the cluster's timeout, with an outcome for every service; never rejects. */
  check(): Promise<CheckResult>;
  /** Ends everything at once, a running check included; resolves when every connection is gone. May be called again. */
  close(): Promise<void>;
}

export type CreateChecker = (endpoint: Endpoint, events: CheckerEvents) => Checker;
