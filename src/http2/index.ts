/**
 * The public surface of the HTTP/2 engine: a connection that is fed octets and gives octets, in either role, and what its owner needs to
 * work with it. It does no I/O, keeps no timers and knows nothing of gRPC.
 */
export { AbuseKind } from './connection/abuse-limits.ts';
export { Http2Connection } from './connection/connection.ts';
export type { Role } from './connection/context.ts';
export { type ConnectionHandler, ResetCause } from './connection/handler.ts';
export { type ConnectionOptions, DEFAULT_CONNECTION_OPTIONS, type KeepaliveOptions } from './connection/options.ts';
export { copyInto } from './copy-into.ts';
export { ConnectionError, ErrorCode, StreamError } from './errors.ts';
export { CLIENT_PREFACE } from './frame/constants.ts';
export type { OutputBatch } from './frame/output-batch.ts';
export { SLAB_OCTETS, SlabPool } from './frame/slab-pool.ts';
export { createField, type Field } from './hpack/field.ts';
export { FieldList } from './hpack/field-list.ts';
export { knownName } from './hpack/field-name.ts';
export { NameId } from './hpack/name-id.ts';
export { EDGE_LIMITS, type Http2Limits, LIMIT_PROFILES, LOAD_BALANCER_LIMITS, type Rate, UPSTREAM_LIMITS } from './limits.ts';
export type { Http2Stream } from './stream/stream.ts';
