import { ConnectionError, ErrorCode } from '../errors.ts';
import { CLIENT_PREFACE } from '../frame/constants.ts';

/** Recognises the client's preface in the first octets of a connection (RFC 9113, section 3.4). */
export class PrefaceReader {
  #matched = 0;

  /** Whether all of it has come. */
  get isComplete(): boolean {
    return this.#matched === CLIENT_PREFACE.length;
  }

  /** Takes what belongs to the preface and returns the position behind it; throws at the first octet that does not. */
  read(octets: Uint8Array, start: number, end: number): number {
    let at = start;
    while (at < end && !this.isComplete) {
      if (octets[at] !== CLIENT_PREFACE[this.#matched]) {
        // RFC 9113, section 3.4.
        throw new ConnectionError(ErrorCode.PROTOCOL_ERROR, 'invalid connection preface');
      }
      at++;
      this.#matched++;
    }
    return at;
  }
}
