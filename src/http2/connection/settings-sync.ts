import { ConnectionError, ErrorCode } from '../errors.ts';
import { DEFAULT_HEADER_TABLE_OCTETS, DEFAULT_WINDOW_OCTETS, MIN_MAX_FRAME_OCTETS, SettingId } from '../frame/constants.ts';
import type { FrameEncoder } from '../frame/frame-encoder.ts';
import { parseSettings, SETTING_OCTETS, type Setting } from '../frame/settings.ts';
import type { HpackDecoder } from '../hpack/hpack-decoder.ts';
import type { HpackEncoder } from '../hpack/hpack-encoder.ts';
import type { ConnectionContext } from './context.ts';
import type { Sender } from './sender.ts';
import type { StreamRegistry } from './stream-registry.ts';

/** A client's self-restraint until the server's settings have come (RFC 9113, section 6.5.2, has no limit then; grpc-go does the same). */
const INITIAL_PEER_STREAMS = 100;

/** What the parts need that settings change. */
export interface SettingsParts {
  readonly frames: FrameEncoder;
  readonly sender: Sender;
  readonly streams: StreamRegistry;
  readonly decoder: HpackDecoder;
  readonly encoder: HpackEncoder;
}

/**
 * Both sides' settings (RFC 9113, section 6.5). Ours are sent once; one that narrows what the peer may do binds it from its acknowledgement
 * on. The peer's are applied and acknowledged as they come.
 */
export class SettingsSync {
  /** Whether the peer's first SETTINGS have come. */
  isPeerKnown = false;
  /** Whether the peer has acknowledged ours. */
  isAcknowledged = false;
  /** How many streams a client may have open: SETTINGS_MAX_CONCURRENT_STREAMS of the peer. */
  peerMaxStreams = INITIAL_PEER_STREAMS;
  /** What the peer wants at most in a field section: SETTINGS_MAX_HEADER_LIST_SIZE, advisory. Infinity if it said nothing. */
  peerMaxHeaderListBytes: number = Number.POSITIVE_INFINITY;
  readonly #context: ConnectionContext;
  readonly #parts: SettingsParts;

  constructor(context: ConnectionContext, parts: SettingsParts) {
    this.#context = context;
    this.#parts = parts;
    // RFC 9113, section 6.5.3: until the peer has acknowledged a smaller table, it may use the default one.
    parts.decoder.setMaxTableBytes(Math.max(DEFAULT_HEADER_TABLE_OCTETS, context.options.headerTableBytes));
  }

  /** Sends ours, as the first frame (RFC 9113, section 3.4). */
  start(): void {
    const { options, isServer } = this.#context;
    const settings: Setting[] = [
      { id: SettingId.HEADER_TABLE_SIZE, value: options.headerTableBytes },
      { id: SettingId.INITIAL_WINDOW_SIZE, value: options.streamWindowBytes },
      { id: SettingId.MAX_FRAME_SIZE, value: MIN_MAX_FRAME_OCTETS },
      { id: SettingId.MAX_HEADER_LIST_SIZE, value: options.limits.maxHeaderListBytes },
      { id: SettingId.NO_RFC7540_PRIORITIES, value: 1 },
      // RFC 9113, section 6.5.2: only a client may set ENABLE_PUSH; streams that it limits would be pushed ones.
      isServer
        ? { id: SettingId.MAX_CONCURRENT_STREAMS, value: options.limits.maxConcurrentStreams }
        : { id: SettingId.ENABLE_PUSH, value: 0 },
    ];
    this.#parts.frames.settings(settings);
  }

  /** A SETTINGS frame: applied in order, then acknowledged (RFC 9113, section 6.5.3). */
  recvSettings(octets: Buffer, start: number, end: number): void {
    const { abuse, now, handler, isServer } = this.#context;
    abuse.countSettings((end - start) / SETTING_OCTETS, now);
    if (!this.isPeerKnown) {
      this.isPeerKnown = true;
      this.peerMaxStreams = Number.POSITIVE_INFINITY;
    }
    for (const setting of parseSettings(octets, start, end)) {
      this.#apply(setting);
    }
    abuse.countAnswer();
    this.#parts.frames.settingsAck();
    if (!isServer) {
      handler.onCapacity();
    }
  }

  /** The peer has applied ours. */
  recvAcknowledgement(): void {
    if (this.isAcknowledged) {
      this.#context.abuse.countGlitch(this.#context.now);
      return;
    }
    this.isAcknowledged = true;
    const { options } = this.#context;
    const { streams, decoder } = this.#parts;
    decoder.setMaxTableBytes(options.headerTableBytes);
    const change = options.streamWindowBytes - Math.max(DEFAULT_WINDOW_OCTETS, options.streamWindowBytes);
    streams.recvWindow += change;
    if (change < 0) {
      for (const stream of streams.list()) {
        // RFC 9113, section 6.9.2: may become negative; the peer has taken the same step.
        stream.recvWindow += change;
      }
    }
  }

  #apply({ id, value }: Setting): void {
    switch (id) {
      case SettingId.HEADER_TABLE_SIZE:
        this.#parts.encoder.setPeerTableBytes(value);
        return;
      case SettingId.ENABLE_PUSH:
        if (!this.#context.isServer && value === 1) {
          // RFC 9113, section 6.5.2: a server must not set it to 1.
          throw new ConnectionError(ErrorCode.PROTOCOL_ERROR, 'server enables push');
        }
        return;
      case SettingId.MAX_CONCURRENT_STREAMS:
        this.peerMaxStreams = value;
        return;
      case SettingId.INITIAL_WINDOW_SIZE:
        this.#parts.sender.setInitialWindow(value);
        return;
      case SettingId.MAX_HEADER_LIST_SIZE:
        this.peerMaxHeaderListBytes = value;
        return;
      default:
        // RFC 9113, section 6.5.2: unknown settings are ignored. MAX_FRAME_SIZE only ever allows more than we send.
        return;
    }
  }
}
