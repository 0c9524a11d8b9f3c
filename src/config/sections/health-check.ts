import { isDeepStrictEqual } from 'node:util';
import { type Static, Type } from 'typebox';
import { authorityKey, closed, durationKey, textKey, toMs, wholeKey, wordKey } from '../keys.ts';
import { MAX_SERVICES } from '../limits.ts';
import { listKey } from '../lists.ts';
import { complement, type Finding, withRule } from '../rules.ts';
import { type HttpCheckConfig, HttpCheckSchema, toHttpCheckConfig } from './health-check-http.ts';
import { CHECK_TYPES, type CheckKey, type HealthCheckType, idleKeysOf } from './health-check-types.ts';
import { type MetadataConfig, MetadataSchema, toMetadataConfig } from './metadata.ts';

const MAX_SERVICE_NAME_LENGTH = 256;
const MAX_THRESHOLD = 100;
const TREATMENTS = ['healthy', 'degraded', 'unhealthy'] as const;

const UNHEALTHY_THRESHOLD = 2;
/** Polls of an Envoy that may fail before its last answer is dropped. */
const ENVOY_UNHEALTHY_THRESHOLD = 3;

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
    type: Type.Optional(
      wordKey(CHECK_TYPES, {
        description:
          'How endpoints are checked. grpc: over grpc.health.v1. tcp: a connection that is accepted within `timeout` is healthy. http: a GET over HTTP/1.1, whatever the protocol of the cluster, as `http` says. envoy: not by this bridge, their state is what the Envoy says that they were found by. none: not at all, every endpoint is healthy. Envoy: `grpc_health_check`, `tcp_health_check`, `http_health_check`.',
        defaultText: '`grpc`, with protocol http1 `tcp`; `envoy` where every source is of type envoy',
      }),
    ),
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
    unhealthyThreshold: Type.Optional(
      wholeKey({
        description:
          'Checks in a row without an answer that make a healthy endpoint unhealthy; an explicit answer counts at once. With type envoy: polls of the Envoy that fail in a row. Envoy: `unhealthy_threshold`.',
        defaultText: '2; 3 with type envoy',
        minimum: 1,
        maximum: MAX_THRESHOLD,
      }),
    ),
    metadata: MetadataSchema,
    authority: Type.Optional(
      authorityKey({
        description: '`:authority` of the checks. Envoy: `grpc_health_check.authority`.',
        defaultText: '`tls.serverName`, else the discovered host, else the address',
      }),
    ),
    http: Type.Optional(HttpCheckSchema),
    treat: TreatSchema,
  },
  closed({ description: 'How each endpoint is checked.', default: {} }),
);

/** The key `healthCheck` of a cluster. */
export const HealthCheckSchema = withRule(HealthCheckShape, (section) =>
  // Which type is the default depends on the cluster, which looks at its keys then.
  section.type === undefined ? [] : [...findMissingKeys(section, section.type), ...findIdleKeys(section, section.type)],
);

type HealthCheckSection = Static<typeof HealthCheckShape>;

function findMissingKeys({ http }: HealthCheckSection, type: HealthCheckType): readonly Finding[] {
  return type === 'http' && http === undefined ? [{ at: ['http'], message: 'is required with type: http' }] : [];
}

/** Keys with another value than their default that would have no effect. */
export function findIdleKeys(section: HealthCheckSection, type: HealthCheckType): readonly Finding[] {
  const plain = complement(HealthCheckShape, {}) ?? section;
  return idleKeysOf(type)
    .filter((key) => !isDeepStrictEqual(inForce(section, key), inForce(plain, key)))
    .map((key) => ({ at: [key], message: `has no effect with type: ${type}`, got: section[key] }));
}

/** The value that counts, where a key stands for another or for a fixed one by default. */
function inForce(section: HealthCheckSection, key: CheckKey): unknown {
  if (key === 'unhealthyThreshold') {
    return section[key] ?? UNHEALTHY_THRESHOLD;
  }
  const isInherited = key === 'noTrafficInterval' || key === 'unhealthyInterval';
  return isInherited && section[key] === section.interval ? undefined : section[key];
}

/** Active checks. Lengths are milliseconds. What a type has no use for is refused. Default of the type: `grpc`, with protocol http1 `tcp`, or `envoy` over sources of that type alone. */
export type HealthCheckConfig = CommonCheckConfig &
  (
    | { readonly type: 'http'; readonly http: HttpCheckConfig }
    | { readonly type: Exclude<HealthCheckType, 'http'>; readonly http: null }
  );

/** What checks of every type have, whether they use it or not. */
interface CommonCheckConfig {
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
  /** Default 2, with type envoy 3. */
  readonly unhealthyThreshold: number;
  /** All names differ. */
  readonly metadata: readonly MetadataConfig[];
  /** Null takes the TLS server name, else the endpoint's host name, else its address. */
  readonly authority: string | null;
  /** Default of each `unhealthy`. */
  readonly treat: { readonly unimplemented: Treatment; readonly serviceUnknown: Treatment; readonly statusUnknown: Treatment };
}

/** @param defaultType what is done where the section does not say. */
export function toHealthCheckConfig(section: HealthCheckSection, defaultType: HealthCheckType): HealthCheckConfig {
  const type = section.type ?? defaultType;
  const common = toCommonConfig(section, type);
  if (type !== 'http') {
    return { type, ...common, http: null };
  }
  // Without its keys it is refused, but for rules that look at its times alone it is read before.
  return section.http === undefined
    ? { type: 'tcp', ...common, http: null }
    : { type, ...common, http: toHttpCheckConfig(section.http) };
}

function toCommonConfig(section: HealthCheckSection, type: HealthCheckType): CommonCheckConfig {
  return {
    mode: section.mode,
    services: section.services,
    port: section.port ?? null,
    intervalMs: toMs(section.interval),
    intervalJitterMs: toMs(section.intervalJitter),
    noTrafficIntervalMs: toMs(section.noTrafficInterval ?? section.interval),
    unhealthyIntervalMs: toMs(section.unhealthyInterval ?? section.interval),
    timeoutMs: toMs(section.timeout),
    healthyThreshold: section.healthyThreshold,
    unhealthyThreshold: section.unhealthyThreshold ?? (type === 'envoy' ? ENVOY_UNHEALTHY_THRESHOLD : UNHEALTHY_THRESHOLD),
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
