import type { EjectionKind } from '../model/ejection.ts';

/** Failures in a row that eject; 0 = never. */
export interface ConsecutiveLimits {
  readonly consecutive5xx: number;
  readonly consecutiveGatewayFailure: number;
}

/** Who is told that a limit was reached. */
export type OnConsecutive = (kind: EjectionKind, count: number) => void;

/** Counts what became of the attempts at one endpoint. Nothing is allocated for a result. */
export class EndpointResults {
  readonly #limits: ConsecutiveLimits;
  #onConsecutive: OnConsecutive | null;
  #consecutive5xx = 0;
  #consecutiveGatewayFailures = 0;
  #calls = 0;
  #successes = 0;
  #lastCalls = 0;
  #lastSuccesses = 0;

  constructor(limits: ConsecutiveLimits, onConsecutive: OnConsecutive) {
    this.#limits = limits;
    this.#onConsecutive = onConsecutive;
  }

  /** Calls in the interval before the last sweep. */
  get lastCalls(): number {
    return this.#lastCalls;
  }

  /** How many of them succeeded, in per cent; 0 without any. */
  get lastSuccessRate(): number {
    return this.#lastCalls === 0 ? 0 : (this.#lastSuccesses * 100) / this.#lastCalls;
  }

  /**
   * An attempt has got as far as it can be judged. Whatever is not an HTTP status is given as one: gRPC statuses as Envoy's
   * `grpcToHttpStatus` has them, no connection and a reset as 503, no answer in time as 504.
   */
  onResult(httpStatus: number): void {
    this.#calls++;
    if (httpStatus < 500 || httpStatus > 599) {
      this.#successes++;
      this.#consecutive5xx = 0;
      this.#consecutiveGatewayFailures = 0;
      return;
    }
    if (httpStatus >= 502 && httpStatus <= 504) {
      this.#consecutiveGatewayFailures++;
      if (this.#consecutiveGatewayFailures === this.#limits.consecutiveGatewayFailure) {
        this.#onConsecutive?.('consecutive_gateway_failure', this.#consecutiveGatewayFailures);
      }
    } else {
      this.#consecutiveGatewayFailures = 0;
    }
    this.#consecutive5xx++;
    if (this.#consecutive5xx === this.#limits.consecutive5xx) {
      this.#onConsecutive?.('consecutive_5xx', this.#consecutive5xx);
    }
  }

  /** The count that reached its limit, and may have been in vain, begins anew. */
  restart(kind: EjectionKind): void {
    if (kind === 'consecutive_5xx') {
      this.#consecutive5xx = 0;
    } else if (kind === 'consecutive_gateway_failure') {
      this.#consecutiveGatewayFailures = 0;
    }
  }

  /** The endpoint returns: one more failure of a row that has not ended must not eject it again. */
  restartAll(): void {
    this.#consecutive5xx = 0;
    this.#consecutiveGatewayFailures = 0;
  }

  /** An interval ends: what was counted in it becomes the last, and counting begins anew. */
  rotate(): void {
    this.#lastCalls = this.#calls;
    this.#lastSuccesses = this.#successes;
    this.#calls = 0;
    this.#successes = 0;
  }

  /** The endpoint is gone; calls that are under way may still report here. */
  detach(): void {
    this.#onConsecutive = null;
  }
}
