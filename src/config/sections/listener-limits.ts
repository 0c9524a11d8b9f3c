import { type Static, Type } from 'typebox';
import { closed, durationKey, sizeKey, toBytes, toMs, wholeKey, wordKey } from '../keys.ts';

const AS_PROFILE = 'as the profile says';
const MAX_COUNT = 1_000_000;

/** The key `limits` of a listener. What is absent is as the profile has it: docs/http2.md lists both, and what each is for. */
export const ListenerLimitsSchema = Type.Object(
  {
    profile: wordKey(['edge', 'loadBalancer'], {
      description: 'edge: anybody may connect. loadBalancer: few connections, each with many clients behind it.',
      default: 'loadBalancer',
    }),
    maxConnections: wholeKey({
      description: 'Connections of the listener; the next one is closed as it comes.',
      default: 10_000,
      minimum: 1,
      maximum: MAX_COUNT,
    }),
    maxConnectionsPerAddress: wholeKey({
      description: 'Connections from one client address; 0 is any number.',
      default: 0,
      minimum: 0,
      maximum: MAX_COUNT,
    }),
    glitches: rateKey('Things that are legal but suspicious. nghttp2: `glitch_rate_limit`.'),
    resets: rateKey(
      'Streams that the client resets before their end, and resets that it provokes. nghttp2: `stream_reset_rate_limit`.',
    ),
    pings: rateKey('PING frames between which nothing else was sent to the client.'),
    settings: rateKey('SETTINGS frames.'),
    prematureResetMinStreams: countKey(
      'Requests that must have ended before `prematureReset` applies. Envoy: `premature_reset_total_stream_count`.',
      1,
      MAX_COUNT,
    ),
    prematureReset: timeKey(
      'Resets of streams younger than this may be half of the requests at most. Envoy: `premature_reset_min_stream_lifetime_seconds`.',
      '0s',
      '1m',
    ),
    maxPingStrikes: countKey(
      'PING frames closer than `keepalive.minTime` that are borne; 0 is any number. gRPC: `max_ping_strikes`.',
      0,
      1000,
    ),
    maxSettingsEntries: countKey('Entries of one SETTINGS frame.', 6, 1000),
    maxAnswersWaiting: countKey(
      'Acknowledgements and resets that the client does not read. Envoy: `max_outbound_control_frames`.',
      10,
      MAX_COUNT,
    ),
    maxContinuations: countKey('CONTINUATION frames of one field block.', 0, 1000),
    maxHeaderList: octetsKey(
      'A field section: its names, values and 32 octets for each field. Envoy: `max_request_headers_kb`.',
      '4KiB',
      '1MiB',
    ),
    maxHeaderFields: countKey('Fields of one section, crumbs of cookies counted singly. Envoy: `max_headers_count`.', 16, 1000),
    maxInterimResponses: countKey('Interim responses of one stream.', 0, 100),
    maxConcurrentStreams: countKey(
      'Streams that a client may have open on a connection. Envoy: `max_concurrent_streams`.',
      1,
      10_000,
    ),
    maxNewStreamsPerTurn: countKey(
      'Streams that a connection may begin at once; more wait their turn. Envoy: `max_requests_per_io_cycle`.',
      1,
      10_000,
    ),
    resetHold: timeKey('How long a stream that was reset still counts as open.', '0s', '10s'),
    windowUpdatesPerData: countKey(
      'WINDOW_UPDATE frames per DATA frame. Envoy: `max_inbound_window_update_frames_per_data_frame_sent`.',
      1,
      1000,
    ),
    maxUnconsumed: octetsKey('Received content of a connection that waits for slower endpoints.', '64KiB', '1GiB'),
    maxQueued: octetsKey(
      'Content of a connection that the client does not take. Envoy: `per_connection_buffer_limit_bytes`.',
      '64KiB',
      '1GiB',
    ),
    stallTimeout: timeKey('How long content may wait for a client that takes none. Envoy: `stream_flush_timeout`.', '1s', '1h'),
    prefaceTimeout: timeKey('From the first octets to the first SETTINGS.', '100ms', '10m'),
    settingsTimeout: timeKey('Until our SETTINGS are acknowledged.', '100ms', '10m'),
    headerBlockTimeout: timeKey(
      'From the first octet of a field block to its last. Envoy: `request_headers_timeout`.',
      '100ms',
      '10m',
    ),
    firstRequestTimeout: timeKey('Until the first request of a connection.', '1s', '1h'),
    handshakeTimeout: timeKey('The TLS handshake. Envoy: `transport_socket_connect_timeout`.', '100ms', '10m', '10s'),
  },
  closed({ description: 'What clients may do.', default: {} }),
);

/** How often something may happen. */
export interface RateConfig {
  readonly burst: number;
  readonly perSecond: number;
}

/** Limits of a listener. Every key that is null is as the profile has it. Times are milliseconds, sizes octets. */
export interface ListenerLimitsConfig {
  /** Default `loadBalancer`. */
  readonly profile: 'edge' | 'loadBalancer';
  /** Default 10 000. */
  readonly maxConnections: number;
  /** 0 is any number. Default 0. */
  readonly maxConnectionsPerAddress: number;
  readonly glitches: RateConfig | null;
  readonly resets: RateConfig | null;
  readonly pings: RateConfig | null;
  readonly settings: RateConfig | null;
  readonly prematureResetMinStreams: number | null;
  readonly prematureResetMs: number | null;
  readonly maxPingStrikes: number | null;
  readonly maxSettingsEntries: number | null;
  readonly maxAnswersWaiting: number | null;
  readonly maxContinuations: number | null;
  readonly maxHeaderListBytes: number | null;
  readonly maxHeaderFields: number | null;
  readonly maxInterimResponses: number | null;
  readonly maxConcurrentStreams: number | null;
  readonly maxNewStreamsPerTurn: number | null;
  readonly resetHoldMs: number | null;
  readonly windowUpdatesPerData: number | null;
  readonly maxUnconsumedBytes: number | null;
  readonly maxQueuedBytes: number | null;
  readonly stallTimeoutMs: number | null;
  readonly prefaceTimeoutMs: number | null;
  readonly settingsTimeoutMs: number | null;
  readonly headerBlockTimeoutMs: number | null;
  readonly firstRequestTimeoutMs: number | null;
  /** Default 10 000. */
  readonly handshakeTimeoutMs: number;
}

export function toListenerLimitsConfig(section: Static<typeof ListenerLimitsSchema>): ListenerLimitsConfig {
  return {
    profile: section.profile,
    maxConnections: section.maxConnections,
    maxConnectionsPerAddress: section.maxConnectionsPerAddress,
    glitches: section.glitches ?? null,
    resets: section.resets ?? null,
    pings: section.pings ?? null,
    settings: section.settings ?? null,
    prematureResetMinStreams: section.prematureResetMinStreams ?? null,
    prematureResetMs: optionalMs(section.prematureReset),
    maxPingStrikes: section.maxPingStrikes ?? null,
    maxSettingsEntries: section.maxSettingsEntries ?? null,
    maxAnswersWaiting: section.maxAnswersWaiting ?? null,
    maxContinuations: section.maxContinuations ?? null,
    maxHeaderListBytes: optionalBytes(section.maxHeaderList),
    maxHeaderFields: section.maxHeaderFields ?? null,
    maxInterimResponses: section.maxInterimResponses ?? null,
    ...toStreamLimits(section),
    stallTimeoutMs: optionalMs(section.stallTimeout),
    prefaceTimeoutMs: optionalMs(section.prefaceTimeout),
    settingsTimeoutMs: optionalMs(section.settingsTimeout),
    headerBlockTimeoutMs: optionalMs(section.headerBlockTimeout),
    firstRequestTimeoutMs: optionalMs(section.firstRequestTimeout),
    handshakeTimeoutMs: toMs(section.handshakeTimeout ?? '10s'),
  };
}

type StreamLimits = Pick<
  ListenerLimitsConfig,
  | 'maxConcurrentStreams'
  | 'maxNewStreamsPerTurn'
  | 'resetHoldMs'
  | 'windowUpdatesPerData'
  | 'maxUnconsumedBytes'
  | 'maxQueuedBytes'
>;

function toStreamLimits(section: Static<typeof ListenerLimitsSchema>): StreamLimits {
  return {
    maxConcurrentStreams: section.maxConcurrentStreams ?? null,
    maxNewStreamsPerTurn: section.maxNewStreamsPerTurn ?? null,
    resetHoldMs: optionalMs(section.resetHold),
    windowUpdatesPerData: section.windowUpdatesPerData ?? null,
    maxUnconsumedBytes: optionalBytes(section.maxUnconsumed),
    maxQueuedBytes: optionalBytes(section.maxQueued),
  };
}

function optionalMs(text: string | undefined): number | null {
  return text === undefined ? null : toMs(text);
}

function optionalBytes(text: string | undefined): number | null {
  return text === undefined ? null : toBytes(text);
}

function countKey(description: string, minimum: number, maximum: number): Type.TOptional<Type.TInteger> {
  return Type.Optional(wholeKey({ description, defaultText: AS_PROFILE, minimum, maximum }));
}

function timeKey(description: string, minimum: string, maximum: string, defaultText = AS_PROFILE): Type.TOptional<Type.TString> {
  return Type.Optional(durationKey({ description, defaultText, minimum, maximum }));
}

function octetsKey(description: string, minimum: string, maximum: string): Type.TOptional<Type.TString> {
  return Type.Optional(sizeKey({ description, defaultText: AS_PROFILE, minimum, maximum }));
}

function rateKey(description: string): Type.TOptional<Type.TObject<{ burst: Type.TInteger; perSecond: Type.TInteger }>> {
  const burst = wholeKey({ description: 'How many at once.', minimum: 1, maximum: MAX_COUNT });
  const perSecond = wholeKey({ description: 'How many for ever. Per second.', minimum: 1, maximum: MAX_COUNT });
  return Type.Optional(Type.Object({ burst, perSecond }, closed({ description })));
}
