/** Octets of every frame's head (RFC 9113, section 4.1). */
export const FRAME_HEAD_OCTETS = 9;

/** The smallest SETTINGS_MAX_FRAME_SIZE that a peer may announce, and what holds until it has announced one (RFC 9113, section 6.5.2). */
export const MIN_MAX_FRAME_OCTETS = 16_384;

/** The largest SETTINGS_MAX_FRAME_SIZE that a peer may announce (RFC 9113, section 6.5.2). */
export const MAX_MAX_FRAME_OCTETS = 16_777_215;

/** The largest flow-control window (RFC 9113, section 6.9.1) and the largest stream identifier (section 5.1.1). */
export const MAX_WINDOW_OCTETS = 2_147_483_647;
export const MAX_STREAM_ID = 2_147_483_647;

/** Both windows of a new connection, until SETTINGS or WINDOW_UPDATE change them (RFC 9113, section 6.9.2). */
export const DEFAULT_WINDOW_OCTETS = 65_535;

/** The HPACK table until SETTINGS change it (RFC 9113, section 6.5.2). */
export const DEFAULT_HEADER_TABLE_OCTETS = 4096;

/** What a client sends before its first frame (RFC 9113, section 3.4). */
export const CLIENT_PREFACE: Uint8Array = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1');

/** RFC 9113, section 6. Any other type is an extension frame. */
export const FrameType = {
  DATA: 0x0,
  HEADERS: 0x1,
  PRIORITY: 0x2,
  RST_STREAM: 0x3,
  SETTINGS: 0x4,
  PUSH_PROMISE: 0x5,
  PING: 0x6,
  GOAWAY: 0x7,
  WINDOW_UPDATE: 0x8,
  CONTINUATION: 0x9,
} as const;

/** Flags of all frame types; those that a type does not define are ignored (RFC 9113, section 4.1). */
export const Flag = {
  NONE: 0x0,
  ACK: 0x1,
  END_STREAM: 0x1,
  END_HEADERS: 0x4,
  PADDED: 0x8,
  PRIORITY: 0x20,
} as const;

/** RFC 9113, section 6.5.2, and RFC 9218, section 2.1 for the last one. */
export const SettingId = {
  HEADER_TABLE_SIZE: 0x1,
  ENABLE_PUSH: 0x2,
  MAX_CONCURRENT_STREAMS: 0x3,
  INITIAL_WINDOW_SIZE: 0x4,
  MAX_FRAME_SIZE: 0x5,
  MAX_HEADER_LIST_SIZE: 0x6,
  NO_RFC7540_PRIORITIES: 0x9,
} as const;
