/** How often something may happen: `burst` at once, `perSecond` for ever. A bucket of `burst` tokens that refills at that rate. */
export interface Rate {
  readonly burst: number;
  readonly perSecond: number;
}

/**
 * Everything that one connection's peer can make large, frequent or slow. All of it is counted in connection/abuse-limits.ts or, where time
 * or memory is what counts, in the file named. EYC is GOAWAY with ENHANCE_YOUR_CALM. Values are those of EDGE_LIMITS.
 */
export interface Http2Limits {
  /**
   * Things legal but suspicious, weighed in glitches: an empty frame 10; PRIORITY, GOAWAY, an unknown frame, a stream above the limit,
   * an acknowledgement nobody asked for 1. Then EYC. Default 1 000, 100/s. nghttp2: `glitch_rate_limit`.
   */
  readonly glitches: Rate;
  /** Streams that the peer resets before their message was complete, and RST_STREAM it provokes from us. Then EYC. Default 500, 100/s. */
  readonly resets: Rate;
  /** Envoy's ratio rule: that many requests must have ended before it applies. Default 500; Envoy: `premature_reset_total_stream_count`. */
  readonly prematureResetMinStreams: number;
  /** A reset stream younger than this is premature; above half of the requests, EYC. Milliseconds, default 1 000; Envoy: 1 s. */
  readonly prematureResetMs: number;
  /** PING frames between which we sent neither HEADERS nor DATA. Then EYC `too_many_pings`. Default 100, 10/s. */
  readonly pings: Rate;
  /** PING frames closer than `pingMinIntervalMs`, HEADERS or DATA of ours aside, then EYC `too_many_pings`. Default 0 = not counted; gRPC A8: 2. */
  readonly maxPingStrikes: number;
  /** See maxPingStrikes. Milliseconds, default 5 000; gRPC A8: 5 minutes. */
  readonly pingMinIntervalMs: number;
  /** SETTINGS frames. Then EYC. Default 100, 10/s. */
  readonly settings: Rate;
  /** Entries of one SETTINGS frame. Then EYC. Default 32, as nghttp2. */
  readonly maxSettingsEntries: number;
  /** Acknowledgements and RST_STREAM frames that the peer made us queue and does not read. Then EYC. Default 1 000, as nghttp2. */
  readonly maxAnswersWaiting: number;
  /** CONTINUATION frames of one field block. Then EYC. Default 8, as nghttp2. */
  readonly maxContinuations: number;
  /** Field section: sum of name, value and 32 octets per field, and the limit of the encoded block. Default 64 KiB. Answered 431; twice: EYC. */
  readonly maxHeaderListBytes: number;
  /** Fields of one section, cookie crumbs counted singly. Default 128, at most 1 000. Answered 431; twice as many: EYC. */
  readonly maxHeaderFields: number;
  /** Interim responses of one stream. Then RST PROTOCOL_ERROR. Default 8. */
  readonly maxInterimResponses: number;
  /** Streams open at once that the peer may have: SETTINGS_MAX_CONCURRENT_STREAMS. Above: RST REFUSED_STREAM, 1 glitch. Default 100. */
  readonly maxConcurrentStreams: number;
  /** Streams begun per turn of the owner's loop; the rest waits for the next. Default 64; Envoy: `max_requests_per_io_cycle`. */
  readonly maxNewStreamsPerTurn: number;
  /** A reset stream keeps its place in the concurrency limits that long, as its work may still be under way. Milliseconds, default 250. */
  readonly resetHoldMs: number;
  /** Envoy's formula for WINDOW_UPDATE frames: 5 + 2 × (streams + this × DATA frames sent). Then EYC. Default 10. */
  readonly windowUpdatesPerData: number;
  /** Received content that the owner has not consumed: above it, connection credit is withheld. Octets, default 2 MiB. */
  readonly maxUnconsumedBytes: number;
  /** Outbound content and frames that wait for the peer to open its windows or to read. Then EYC. Octets, default 8 MiB: more than 100 streams × the 64 KiB that honest peers of the other side may have under way. */
  readonly maxQueuedBytes: number;
  /** A stream without outbound progress although content waits: RST CANCEL. No output taken: the connection is dropped. Milliseconds, default 30 000. */
  readonly stallTimeoutMs: number;
  /** Until the peer's preface and first SETTINGS have come. Milliseconds, default 10 000. */
  readonly prefaceTimeoutMs: number;
  /** Until the peer has acknowledged our SETTINGS: then SETTINGS_TIMEOUT. Milliseconds, default 10 000. */
  readonly settingsTimeoutMs: number;
  /** From the first octet of a field block, or of any frame but DATA, to its last. Then EYC. Milliseconds, default 5 000. */
  readonly headerBlockTimeoutMs: number;
  /** From the start of a server's connection to its first request. Then GOAWAY NO_ERROR. Milliseconds, default 30 000. */
  readonly firstRequestTimeoutMs: number;
}

const KIB = 1024;
const MIB = 1024 * KIB;

/** For listeners that anybody may reach. */
export const EDGE_LIMITS: Http2Limits = Object.freeze({
  glitches: { burst: 1000, perSecond: 100 },
  resets: { burst: 500, perSecond: 100 },
  prematureResetMinStreams: 500,
  prematureResetMs: 1000,
  pings: { burst: 100, perSecond: 10 },
  maxPingStrikes: 0,
  pingMinIntervalMs: 5000,
  settings: { burst: 100, perSecond: 10 },
  maxSettingsEntries: 32,
  maxAnswersWaiting: 1000,
  maxContinuations: 8,
  maxHeaderListBytes: 64 * KIB,
  maxHeaderFields: 128,
  maxInterimResponses: 8,
  maxConcurrentStreams: 100,
  maxNewStreamsPerTurn: 64,
  resetHoldMs: 250,
  windowUpdatesPerData: 10,
  maxUnconsumedBytes: 2 * MIB,
  maxQueuedBytes: 8 * MIB,
  stallTimeoutMs: 30_000,
  prefaceTimeoutMs: 10_000,
  settingsTimeoutMs: 10_000,
  headerBlockTimeoutMs: 5000,
  firstRequestTimeoutMs: 30_000,
});

/** For listeners that only a load balancer reaches: many clients share one of its connections, and none must end it for the others. */
export const LOAD_BALANCER_LIMITS: Http2Limits = Object.freeze({
  ...EDGE_LIMITS,
  glitches: { burst: 10_000, perSecond: 1000 },
  maxConcurrentStreams: 250,
  maxUnconsumedBytes: 4 * MIB,
  maxQueuedBytes: 32 * MIB,
});

/** For connections to endpoints: what these reset are calls that we began, and an overloaded one resets many of them. */
export const UPSTREAM_LIMITS: Http2Limits = Object.freeze({ ...LOAD_BALANCER_LIMITS, resets: { burst: 5000, perSecond: 1000 } });

/** The two profiles that a listener is configured with by name. */
export const LIMIT_PROFILES: { readonly edge: Http2Limits; readonly loadBalancer: Http2Limits } = Object.freeze({
  edge: EDGE_LIMITS,
  loadBalancer: LOAD_BALANCER_LIMITS,
});
