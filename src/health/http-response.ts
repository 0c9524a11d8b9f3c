import type { Dispatcher } from 'undici';

/** Of a body that nobody reads: a longer one ends the connection, and the status is judged. Octets. */
export const MAX_BODY_BYTES = 65_536;
/** Responses before the response (RFC 9110, section 15.2): one or two are usual. */
export const MAX_INTERIM_RESPONSES = 16;

/** Set by Envoy, and by what stands in for it, on answers of an endpoint that works and should get less. */
const DEGRADED_HEADER = 'x-envoy-degraded';

/** How a request ended. */
export type HttpEnd =
  | {
      readonly kind: 'response';
      readonly status: number;
      /** The endpoint says of itself that it is degraded. */
      readonly isDegraded: boolean;
    }
  | {
      readonly kind: 'failed';
      readonly error: Error;
      /** That of the response which broke off; null if there was none. */
      readonly status: number | null;
    };

/** A response that is HTTP, and that nobody waits for to its end. */
export class TooManyInterimsError extends Error {}

/** Reads one response: keeps its status, and drops its body. */
export class HttpResponseReader implements Dispatcher.DispatchHandler {
  readonly #onEnd: (end: HttpEnd) => void;
  #status: number | null = null;
  #isDegraded = false;
  #interims = 0;
  #bodyBytes = 0;

  /** @param onEnd whoever hears it takes the first word and no other. */
  constructor(onEnd: (end: HttpEnd) => void) {
    this.#onEnd = onEnd;
  }

  /** The status so far; null before the response. */
  get status(): number | null {
    return this.#status;
  }

  onRequestStart(): void {
    // undici takes a handler of this kind by this method.
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number, headers: Readonly<Record<string, unknown>>): void {
    if (status >= 200) {
      this.#status = status;
      this.#isDegraded = Object.hasOwn(headers, DEGRADED_HEADER);
      return;
    }
    this.#interims += 1;
    if (this.#interims > MAX_INTERIM_RESPONSES) {
      controller.abort(new TooManyInterimsError(`more than ${MAX_INTERIM_RESPONSES} interim responses`));
    }
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Uint8Array): void {
    this.#bodyBytes += chunk.byteLength;
    if (this.#bodyBytes > MAX_BODY_BYTES) {
      this.#end();
      controller.abort(new Error(`more than ${MAX_BODY_BYTES} octets`));
    }
  }

  onResponseEnd(): void {
    this.#end();
  }

  onResponseError(_controller: unknown, error: Error): void {
    this.#onEnd({ kind: 'failed', error, status: this.#status });
  }

  #end(): void {
    if (this.#status !== null) {
      this.#onEnd({ kind: 'response', status: this.#status, isDegraded: this.#isDegraded });
    }
  }
}
