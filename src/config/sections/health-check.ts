import { isDeepStrictEqual } from 'node:util';
import { type Static, Type } from 'typebox';
import { closed, durationKey, textKey, toMs, wholeKey, wordKey } from '../keys.ts';
import { MAX_SERVICES } from '../limits.ts';
import { listKey } from '../lists.ts';
import { complement, type Finding, withRule } from '../rules.ts';
import { type MetadataConfig, MetadataSchema, toMetadataConfig } from './metadata.ts';

const MAX_SERVICE_NAME_LENGTH = 256;
const MAX_THRESHOLD = 100;
const TREATMENTS = ['healthy', 'degraded', 'unhealthy'] as const;

/** What a soft case counts as. */
export type Treatment = (typeof TREATMENTS)[number];

const TreatSchema = Type.Object(
  {
    unimplemented: treatKey('The server has no grpc.health.v1.Health (status UNIMPLEMENTED).'),
    serviceUnknown: treatKey('The server does not know the service (status NOT_FOUND, or the word SERVICE_UNKNOWN).'),
    statusUnknown: treatKey('The server answers the word UNKNOWN.'),
  },
  closed({ description: 'What the three answers count as that are no clear no.', default: {} }),
);

const HealthCheckShape = Type.Object(
  {
    type: wordKey(['grpc', 'tcp', 'none'], {
      description:
        'How endpoints are checked. grpc: over grpc.health.v1. tcp: a connection that is accepted within `timeout` is healthy. none: not at all, every endpoint is healthy. Envoy: `grpc_health_check`, `tcp_health_check`.',
      default: 'grpc',
    }),
    mode: wordKey(['auto', 'watch', 'check'], {
      description:
        'auto: Watch, falling back to Check. watch: a server without Watch is unhealthy as `treat.unimplemented` says. check: Check alone, as Envoy does.',
      default: 'auto',
    }),
    services: listKey(serviceKey(), {
      description:
        'gRPC service names; every one must be SERVING. The empty name is the whole server. Envoy: `grpc_health_check.service_name`.',
      default: [''],
      minItems: 1,
      maxItems: MAX_SERVICES,
      uniqueBy: String,
    }),
    port: Type.Optional(
      wholeKey({
        description: 'Checks another port than the serving one. Envoy: `health_check_config.port_value`.',
        defaultText: 'the serving port',
        minimum: 1,
        maximum: 65_535,
      }),
    ),
    interval: durationKey({
      description: 'Pause between two checks of one endpoint, before jitter. Envoy: `interval`.',
      default: '5s',
      minimum: '100ms',
      maximum: '1h',
    }),
    intervalJitter: durationKey({
      description: 'Up to this much is added to every pause, at random. Envoy: `interval_jitter`.',
      default: '1s',
      minimum: '0s',
      maximum: '1h',
    }),
    noTrafficInterval: Type.Optional(
      durationKey({
        description: 'In place of `interval` while nothing is forwarded to the cluster. Envoy: `no_traffic_interval`.',
        defaultText: '`interval`',
        minimum: '100ms',
        maximum: '1h',
      }),
    ),
    unhealthyInterval: Type.Optional(
      durationKey({
        description: 'The pause after a check that failed. Envoy: `unhealthy_interval`.',
        defaultText: '`interval`',
        minimum: '100ms',
        maximum: '1h',
      }),
    ),
    timeout: durationKey({
      description:
        'One whole check: connecting (at most `connectTimeout` of it), RPC, and the retry on a fresh connection. Envoy: `timeout`.',
      default: '1s',
      minimum: '10ms',
      maximum: '10m',
    }),
    healthyThreshold: wholeKey({
      description: 'Checks in a row that must pass before an unhealthy endpoint is healthy. Envoy: `healthy_threshold`.',
      default: 2,
      minimum: 1,
      maximum: MAX_THRESHOLD,
    }),
    unhealthyThreshold: wholeKey({
      description:
        'Checks in a row without an answer that make a healthy endpoint unhealthy; an explicit answer counts at once. Envoy: `unhealthy_threshold`.',
      default: 2,
      minimum: 1,
      maximum: MAX_THRESHOLD,
    }),
    metadata: MetadataSchema,
    authority: Type.Optional(
      textKey({
        description: '`:authority` of the checks. Envoy: `grpc_health_check.authority`.',
        expects: 'a host, with a port if need be, of at most 255 characters',
        kind: 'host[:port]',
        defaultText: '`tls.serverName`, else the discovered host, else the address',
        // RFC 3986, section 3.2, without user information.
        pattern: "^[A-Za-z0-9._~!$&'()*+,;=:%\\[\\]-]{1,255}$",
      }),
    ),
    treat: TreatSchema,
  },
  closed({ description: 'How each endpoint is checked.', default: {} }),
);

/** The key `healthCheck` of a cluster. */
export const HealthCheckSchema = withRule(HealthCheckShape, findIdleKeys);

/** Keys that only checks over gRPC have a use for, and those that no check has a use for that is not made. */
const GRPC_KEYS = ['mode', 'services', 'metadata', 'authority', 'treat'] as const;
const CHECK_KEYS = [
  'port',
  'interval',
  'intervalJitter',
  'noTrafficInterval',
  'unhealthyInterval',
  'timeout',
  'healthyThreshold',
  'unhealthyThreshold',
] as const;

/** Keys with another value than their default that would have no effect. */
function findIdleKeys(section: Static<typeof HealthCheckShape>): readonly Finding[] {
  const keys = section.type === 'grpc' ? [] : section.type === 'tcp' ? GRPC_KEYS : [...GRPC_KEYS, ...CHECK_KEYS];
  const plain = complement(HealthCheckShape, {});
  return keys
    .filter((key) => !isDeepStrictEqual(section[key], plain?.[key]))
    .map((key) => ({ at: [key], message: `has no effect with type: ${section.type}`, got: section[key] }));
}

/** Active checks. Lengths are milliseconds. */
export interface HealthCheckConfig {
  /** Default `grpc`. What only grpc has a use for is refused with the others. */
  readonly type: 'grpc' | 'tcp' | 'none';
  /** Default `auto`. */
  readonly mode: 'auto' | 'watch' | 'check';
  /** At least one, all different. Default the empty name: the whole server. */
  readonly services: readonly string[];
  /** Null is the serving port. */
  readonly port: number | null;
  /** Default 5 000. */
  readonly intervalMs: number;
  /** Default 1 000. */
  readonly intervalJitterMs: number;
  /** Default `intervalMs`. */
  readonly noTrafficIntervalMs: number;
  /** Default `intervalMs`. */
  readonly unhealthyIntervalMs: number;
  /** Default 1 000. */
  readonly timeoutMs: number;
  /** Default 2. */
  readonly healthyThreshold: number;
  /** Default 2. */
  readonly unhealthyThreshold: number;
  /** All names differ. */
  readonly metadata: readonly MetadataConfig[];
  /** Null takes the TLS server name, else the endpoint's host name, else its address. */
  readonly authority: string | null;
  /** Default of each `unhealthy`. */
  readonly treat: { readonly unimplemented: Treatment; readonly serviceUnknown: Treatment; readonly statusUnknown: Treatment };
}

export function toHealthCheckConfig(section: Static<typeof HealthCheckShape>): HealthCheckConfig {
  return {
    type: section.type,
    mode: section.mode,
    services: section.services,
    port: section.port ?? null,
    intervalMs: toMs(section.interval),
    intervalJitterMs: toMs(section.intervalJitter),
    noTrafficIntervalMs: toMs(section.noTrafficInterval ?? section.interval),
    unhealthyIntervalMs: toMs(section.unhealthyInterval ?? section.interval),
    timeoutMs: toMs(section.timeout),
    healthyThreshold: section.healthyThreshold,
    unhealthyThreshold: section.unhealthyThreshold,
    metadata: toMetadataConfig(section.metadata),
    authority: section.authority ?? null,
    treat: section.treat,
  };
}

function treatKey(description: string): Type.TEnum<['healthy', 'degraded', 'unhealthy']> {
  return wordKey(TREATMENTS, { description, default: 'unhealthy' });
}

function serviceKey(): Type.TString {
  return textKey({
    description: 'A full service name such as route.Router; empty for the whole server.',
    expects: `a gRPC service name of at most ${MAX_SERVICE_NAME_LENGTH} printable ASCII characters without spaces, or empty`,
    kind: 'service name',
    pattern: `^[!-~]{0,${MAX_SERVICE_NAME_LENGTH}}$`,
  });
}
