import { ConnectionError, ErrorCode } from '../errors.ts';
import type { Http2Limits } from '../limits.ts';
import { TokenBucket } from './token-bucket.ts';

/** The limits by name, as the label of a metric. Each is documented at the field of Http2Limits that it belongs to. */
export const AbuseKind = {
  GLITCHES: 'glitches',
  RESETS: 'resets',
  PREMATURE_RESETS: 'premature_resets',
  PINGS: 'pings',
  SETTINGS: 'settings',
  ANSWERS_WAITING: 'answers_waiting',
  CONTINUATIONS: 'continuations',
  HEADER_LIST: 'header_list',
  INTERIM_RESPONSES: 'interim_responses',
  CONCURRENT_STREAMS: 'concurrent_streams',
  WINDOW_UPDATES: 'window_updates',
  UNCONSUMED: 'unconsumed',
  QUEUED: 'queued',
  STALLED_STREAM: 'stalled_stream',
  STALLED_OUTPUT: 'stalled_output',
  SLOW_PREFACE: 'slow_preface',
  SLOW_SETTINGS: 'slow_settings',
  SLOW_HEADERS: 'slow_headers',
  NO_REQUEST: 'no_request',
} as const;
export type AbuseKind = (typeof AbuseKind)[keyof typeof AbuseKind];

/** Empty frames cost parsing and carry nothing (CVE-2019-9518). */
const EMPTY_FRAME_GLITCHES = 10;

/** Envoy's formula: what a peer may send before any stream or DATA entitles it to WINDOW_UPDATE. */
const FREE_WINDOW_UPDATES = 5;

/**
 * Counts what one peer does and ends its connection when it does too much (RFC 9113, section 10.5). What is counted is rates, ratios and
 * undrained work, never lifetime totals: connections of load balancers live for months, and ordinary gRPC does millions of small things.
 */
export class AbuseLimits {
  readonly #limits: Http2Limits;
  readonly #onAbuse: (kind: AbuseKind) => void;
  readonly #glitches: TokenBucket;
  readonly #resets: TokenBucket;
  readonly #pings: TokenBucket;
  readonly #settings: TokenBucket;
  #pingStrikes = 0;
  #lastPingAt = Number.NEGATIVE_INFINITY;
  #answersWaiting = 0;
  #windowUpdates = 0;
  #endedRequests = 0;
  #prematureResets = 0;

  constructor(limits: Http2Limits, onAbuse: (kind: AbuseKind) => void) {
    this.#limits = limits;
    this.#onAbuse = onAbuse;
    this.#glitches = new TokenBucket(limits.glitches);
    this.#resets = new TokenBucket(limits.resets);
    this.#pings = new TokenBucket(limits.pings);
    this.#settings = new TokenBucket(limits.settings);
  }

  /** Tells the owner of a limit whose answer is given elsewhere. */
  note(kind: AbuseKind): void {
    this.#onAbuse(kind);
  }

  /** Ends the connection: tells the owner, then throws. The message becomes the debug data of GOAWAY. */
  trip(kind: AbuseKind, message: string): never {
    this.#onAbuse(kind);
    throw new ConnectionError(ErrorCode.ENHANCE_YOUR_CALM, message);
  }

  /** PRIORITY (CVE-2019-9513), extension frames, GOAWAY, refused streams, unexpected acknowledgements. */
  countGlitch(now: number): void {
    this.#countGlitches(1, now);
  }

  /** A frame without content that does not end anything. */
  countEmptyFrame(now: number): void {
    this.#countGlitches(EMPTY_FRAME_GLITCHES, now);
  }

  /** RST_STREAM received before the message was complete (CVE-2023-44487), or sent because of what the peer did (CVE-2019-9514, CVE-2025-8671). */
  countReset(now: number): void {
    if (!this.#resets.take(1, now)) {
      this.trip(AbuseKind.RESETS, 'too_many_resets');
    }
  }

  /** A request ended; `lifeMs` is how long it lived, `isReset` whether the peer reset it. Envoy's rule for resets below any rate. */
  countEndedRequest(lifeMs: number, isReset: boolean): void {
    this.#endedRequests++;
    if (!isReset || lifeMs >= this.#limits.prematureResetMs) {
      return;
    }
    this.#prematureResets++;
    const requests = Math.max(this.#endedRequests, this.#limits.prematureResetMinStreams);
    if (this.#prematureResets * 2 > requests) {
      this.trip(AbuseKind.PREMATURE_RESETS, 'too_many_premature_resets');
    }
  }

  /** A PING that we answer (CVE-2019-9512). `hasSent`: whether HEADERS or DATA of ours went out since the last one, which clears all (gRPC A8). */
  countPing(now: number, hasSent: boolean): void {
    const sinceLast = now - this.#lastPingAt;
    this.#lastPingAt = now;
    if (hasSent) {
      this.#pings.refill();
      this.#pingStrikes = 0;
    } else if (sinceLast < this.#limits.pingMinIntervalMs) {
      this.#pingStrikes++;
    }
    const strikesOver = this.#limits.maxPingStrikes > 0 && this.#pingStrikes > this.#limits.maxPingStrikes;
    if (strikesOver || !this.#pings.take(1, now)) {
      // The debug data that gRPC clients know (gRPC A8): they then ping half as often.
      this.trip(AbuseKind.PINGS, 'too_many_pings');
    }
  }

  /** A SETTINGS frame (CVE-2019-9515), before its entries are read. */
  countSettings(entries: number, now: number): void {
    if (entries > this.#limits.maxSettingsEntries || !this.#settings.take(1, now)) {
      this.trip(AbuseKind.SETTINGS, 'too_many_settings');
    }
  }

  /** A frame that the peer made us queue: an acknowledgement or RST_STREAM (CVE-2019-9512, -9514, -9515). */
  countAnswer(): void {
    this.#answersWaiting++;
    if (this.#answersWaiting > this.#limits.maxAnswersWaiting) {
      this.trip(AbuseKind.ANSWERS_WAITING, 'too_many_unread_answers');
    }
  }

  /** The output has been taken, and all answers with it. */
  clearAnswers(): void {
    this.#answersWaiting = 0;
  }

  /** An open field block: its CONTINUATION frames and octets so far (CVE-2024-27316 and its kin). */
  checkFieldBlock(continuations: number, octets: number): void {
    if (continuations > this.#limits.maxContinuations || octets > this.#limits.maxHeaderListBytes) {
      this.trip(AbuseKind.CONTINUATIONS, 'field_block_too_long');
    }
  }

  /** A WINDOW_UPDATE, by Envoy's formula: at most two for each DATA frame we sent would do, ten times as many are let pass. */
  countWindowUpdate(streams: number, dataFramesSent: number): void {
    this.#windowUpdates++;
    if (this.#windowUpdates > FREE_WINDOW_UPDATES + 2 * (streams + this.#limits.windowUpdatesPerData * dataFramesSent)) {
      this.trip(AbuseKind.WINDOW_UPDATES, 'too_many_window_updates');
    }
  }

  /** Memory held for octets that the peer does not take (CVE-2019-9511, -9517). */
  checkQueued(octets: number): void {
    if (octets > this.#limits.maxQueuedBytes) {
      this.trip(AbuseKind.QUEUED, 'too_much_unread_data');
    }
  }

  #countGlitches(glitches: number, now: number): void {
    if (!this.#glitches.take(glitches, now)) {
      this.trip(AbuseKind.GLITCHES, 'too_many_glitches');
    }
  }
}
