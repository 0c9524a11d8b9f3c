import type { Clock, Timer } from '../util/clock.ts';
import { CheckTime, orOver } from './check-time.ts';
import { type Checker, type CheckResult, WHOLE_ENDPOINT } from './checker.ts';
import { HttpConnection, type HttpGet, type HttpTarget } from './http-connection.ts';
import { explainHttpEnd } from './http-reasons.ts';
import type { MetadataSource } from './metadata-source.ts';
import type { HttpCheckRequest } from './options.ts';
import type { Outcome } from './outcome.ts';
import { outcomeOf } from './reasons.ts';

export interface HttpCheckerOptions extends Pick<HttpCheckRequest, 'path' | 'expectedStatuses'> {
  /** The header `host`. */
  readonly host: string;
  readonly userAgent: string;
  readonly timeoutMs: number;
  readonly connectTimeoutMs: number;
}

export interface HttpCheckerDeps {
  readonly clock: Clock;
  readonly metadata: MetadataSource;
}

/**
 * Checks one endpoint by a GET over HTTP/1.1, on one connection that it keeps between checks. A status that is not expected is a
 * clear no, as with Envoy; what breaks on a kept connection is asked again on a fresh one. Envoy: `http_health_check`.
 */
export class HttpChecker implements Checker {
  readonly #target: HttpTarget;
  readonly #options: HttpCheckerOptions;
  readonly #deps: HttpCheckerDeps;
  /** Connections that are going away. */
  readonly #closing = new Set<Promise<void>>();
  #connection: HttpConnection | null = null;
  /** That of the check that runs. */
  #time: CheckTime | null = null;
  #closed = false;

  constructor(target: HttpTarget, options: HttpCheckerOptions, deps: HttpCheckerDeps) {
    this.#target = target;
    this.#options = options;
    this.#deps = deps;
  }

  async check(): Promise<CheckResult> {
    const time = new CheckTime(this.#deps.clock, this.#options.timeoutMs);
    this.#time = time;
    try {
      return new Map([[WHOLE_ENDPOINT, await this.#check(time)]]);
    } finally {
      time.stop();
      this.#time = null;
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#time?.end();
    this.#retire();
    await Promise.all(this.#closing);
  }

  async #check(time: CheckTime): Promise<Outcome> {
    const read = await orOver(this.#deps.metadata.read(), time);
    if (this.#closed) {
      return outcomeOf('setup_failed', 'the check was ended', 'none');
    }
    if (read === null || read.kind === 'failed') {
      return outcomeOf('setup_failed', read?.reason ?? 'metadata could not be read in time', 'none');
    }
    const { path, host, userAgent } = this.#options;
    const request: HttpGet = { path, headers: { ...toHeaders(read.metadata.toHttp2Headers()), host, 'user-agent': userAgent } };
    const kept = this.#connection;
    if (kept?.isUsable === true) {
      const outcome = await this.#attempt(kept, request, time);
      if (outcome.word !== 'connection_lost' || time.isOver) {
        return outcome;
      }
    }
    return await this.#attempt(this.#connect(), request, time);
  }

  async #attempt(connection: HttpConnection, request: HttpGet, time: CheckTime): Promise<Outcome> {
    const { timeoutMs, expectedStatuses } = this.#options;
    const connectTimer = this.#limitConnecting(connection, time.leftMs);
    time.whenOver(() => connection.timeOut(timeoutMs));
    const end = await connection.get(request);
    connectTimer?.cancel();
    const outcome = explainHttpEnd(end, connection.facts, expectedStatuses);
    if (end.kind === 'failed') {
      this.#retire();
    }
    return outcome;
  }

  #limitConnecting(connection: HttpConnection, leftMs: number): Timer | null {
    const { connectTimeoutMs } = this.#options;
    return connection.facts.stage !== 'ready' && connectTimeoutMs < leftMs
      ? this.#deps.clock.setTimer(connectTimeoutMs, () => {
          if (connection.facts.stage !== 'ready') {
            connection.timeOut(connectTimeoutMs);
          }
        })
      : null;
  }

  #connect(): HttpConnection {
    this.#retire();
    const connection = new HttpConnection(this.#target);
    this.#connection = connection;
    const closed = connection.closed.finally(() => this.#closing.delete(closed));
    this.#closing.add(closed);
    return connection;
  }

  #retire(): void {
    this.#connection?.close();
    this.#connection = null;
  }
}

/** What gRPC calls metadata, as HTTP/1.1 has it: names that end in -bin carry base64 here too. */
function toHeaders(fields: Readonly<Record<string, unknown>>): Record<string, string[]> {
  return Object.fromEntries(
    Object.entries(fields).map(([name, values]) => [name, Array.isArray(values) ? values.map(String) : [String(values)]]),
  );
}
