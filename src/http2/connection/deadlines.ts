import { ConnectionError, ErrorCode } from '../errors.ts';
import type { FrameDecoder } from '../frame/frame-decoder.ts';
import type { OutputBuffer } from '../frame/output-buffer.ts';
import { AbuseKind } from './abuse-limits.ts';
import type { ConnectionContext } from './context.ts';
import type { Sender } from './sender.ts';
import type { SettingsSync } from './settings-sync.ts';
import type { StreamRegistry } from './stream-registry.ts';

/** What the deadlines watch. */
export interface WatchedParts {
  readonly decoder: FrameDecoder;
  readonly output: OutputBuffer;
  readonly sender: Sender;
  readonly settings: SettingsSync;
  readonly streams: StreamRegistry;
}

/** Everything that a connection's peer has to do in time, and the connection's own age; checked by the owner's ticks. */
export class Deadlines {
  #startedAt = 0;
  /** The frame or block that was unfinished at the last sweep, and since when. */
  #unfinished = 0;
  #unfinishedAt = 0;
  /** When output was last seen not to wait, or was taken. */
  #outputFreeAt = 0;
  readonly #context: ConnectionContext;
  readonly #parts: WatchedParts;

  constructor(context: ConnectionContext, parts: WatchedParts) {
    this.#context = context;
    this.#parts = parts;
  }

  /** The connection begins now. */
  start(): void {
    this.#startedAt = this.#context.now;
    this.#outputFreeAt = this.#context.now;
  }

  /** The owner has taken output. While it has paused the connection, the transport is full, and that is no progress. */
  onOutputTaken(): void {
    if (this.#parts.sender.pauses === 0) {
      this.#outputFreeAt = this.#context.now;
    }
  }

  /** Throws for a peer that is too slow. */
  sweep(): void {
    this.#checkHandshake();
    this.#checkFieldBlock();
    this.#checkOutput();
  }

  /** Why the connection should now end gracefully, as the debug data of GOAWAY; null if it should not. */
  get reasonToLeave(): string | null {
    const { now, isServer, options, abuse } = this.#context;
    const { streams } = this.#parts;
    const ageMs = now - this.#startedAt;
    if (options.maxAgeMs > 0 && ageMs >= options.maxAgeMs * (0.9 + 0.2 * options.jitter)) {
      return 'max_age';
    }
    if (streams.isRetiring) {
      // RFC 9113, section 5.1.1: identifiers are not used twice.
      return 'max_streams';
    }
    if (streams.live > 0) {
      return null;
    }
    if (isServer && streams.opened === 0 && ageMs >= options.limits.firstRequestTimeoutMs) {
      abuse.note(AbuseKind.NO_REQUEST);
      return 'no_request';
    }
    return options.idleTimeoutMs > 0 && now - streams.idleSince >= options.idleTimeoutMs ? 'max_idle' : null;
  }

  #checkHandshake(): void {
    const { now, options, abuse } = this.#context;
    const { settings } = this.#parts;
    const ageMs = now - this.#startedAt;
    if (!settings.isPeerKnown && ageMs >= options.limits.prefaceTimeoutMs) {
      abuse.note(AbuseKind.SLOW_PREFACE);
      // RFC 9113, section 3.4: no valid preface has come.
      throw new ConnectionError(ErrorCode.PROTOCOL_ERROR, 'preface_timeout');
    }
    if (!settings.isAcknowledged && ageMs >= options.limits.settingsTimeoutMs) {
      abuse.note(AbuseKind.SLOW_SETTINGS);
      // RFC 9113, section 6.5.3.
      throw new ConnectionError(ErrorCode.SETTINGS_TIMEOUT, 'settings_timeout');
    }
  }

  #checkFieldBlock(): void {
    const { now, options, abuse } = this.#context;
    const { unfinished } = this.#parts.decoder;
    if (unfinished !== this.#unfinished) {
      this.#unfinished = unfinished;
      this.#unfinishedAt = now;
    } else if (unfinished !== 0 && now - this.#unfinishedAt >= options.limits.headerBlockTimeoutMs) {
      abuse.trip(AbuseKind.SLOW_HEADERS, 'slow_headers');
    }
  }

  #checkOutput(): void {
    const { now, options, abuse } = this.#context;
    if (this.#parts.output.octets === 0 && this.#parts.sender.pauses === 0) {
      this.#outputFreeAt = now;
    } else if (now - this.#outputFreeAt >= options.limits.stallTimeoutMs) {
      abuse.trip(AbuseKind.STALLED_OUTPUT, 'output_stalled');
    }
  }
}
