import { type Static, Type } from 'typebox';
import { closed, durationKey, nameKey, switchKey, textKey, toMs, wordKey } from '../keys.ts';
import { MAX_CLUSTERS, MAX_GROUPS, MAX_HEALTH_PATH_LENGTH, MAX_HEALTH_PATHS } from '../limits.ts';
import { listKey } from '../lists.ts';
import { type HealthyWhen, healthyWhenKey } from './healthy-when.ts';

const GRPC_HEALTH_PREFIX = '/grpc.health.v1.Health/';
const RESERVED_PATHS: readonly string[] = ['/livez', '/readyz', '/startupz'];

const MemberSchema = Type.Union(
  [
    nameKey({ description: 'The name of a cluster.' }),
    Type.Object(
      {
        name: nameKey({ description: 'The name of a cluster.' }),
        optional: switchKey({ description: 'Its failure degrades, and never fails the whole.', default: false }),
      },
      closed({ description: 'A cluster that may be optional.' }),
    ),
  ],
  {
    description: 'A cluster of the whole or of a group.',
    expects: 'the name of a cluster, or { name, optional }',
    kind: 'name | { name, optional }',
  },
);

/** One entry of `health.groups`. */
export const GroupSchema = Type.Object(
  {
    name: nameKey({ description: 'Unique over clusters and groups; answered at `/healthz/<name>`.' }),
    healthyWhen: healthyWhenKey('How many of the clusters that are not optional must be healthy.'),
    clusters: membersKey('The clusters of the group.'),
  },
  closed({ description: 'Clusters that are answered for together.' }),
);

/** The section `health`. */
export const HealthSchema = Type.Object(
  {
    paths: listKey(pathKey(), {
      description: "The load balancer's URLs, in place of the default list. Sub-paths and ?service= exist under /healthz alone.",
      default: ['/', '/healthz'],
      minItems: 1,
      maxItems: MAX_HEALTH_PATHS,
      uniqueBy: String,
    }),
    healthyWhen: healthyWhenKey('How many of the clusters that are not optional must be healthy.'),
    clusters: Type.Optional(membersKey('The clusters that the answer is about.', 'all, none of them optional')),
    groups: listKey(GroupSchema, {
      description: 'Further answers, each about some clusters.',
      default: [],
      maxItems: MAX_GROUPS,
    }),
    details: wordKey(['none', 'counts', 'full'], {
      description:
        'What listeners tell beyond the code: nothing, how many endpoints are in which state, or every endpoint with reasons. Loopback peers and the admin listener see everything.',
      default: 'counts',
    }),
    failDuringDrain: switchKey({
      description: 'Whether the answer is 503 while draining. Envoy: the health check filter after /healthcheck/fail.',
      default: true,
    }),
    startupTimeout: durationKey({
      description: 'When /readyz and /startupz stop waiting for first results.',
      default: '15s',
      minimum: '0s',
      maximum: '1h',
    }),
    statusHeader: switchKey({
      description: 'Whether answers have x-health-status: healthy, degraded, unhealthy, stale, draining or starting.',
      default: true,
    }),
    grpc: wordKey(['auto', 'local', 'forward'], {
      description:
        'Who answers grpc.health.v1 on listeners with health: all. auto: the endpoints if a route leads there, else the bridge; local: the bridge, whatever is routed; forward: the endpoints alone. The bridge answers for the empty name with the whole, and for clusters, groups and checked services by their names.',
      default: 'auto',
    }),
    grpcStatusPath: Type.Optional(grpcStatusPathKey()),
  },
  closed({ description: 'What the health URLs answer.', default: {} }),
);

/** A cluster as a member of the whole or of a group. */
export interface MemberConfig {
  readonly name: string;
  /** Its failure only degrades. Default false. */
  readonly optional: boolean;
}

export interface GroupConfig {
  /** Unique over clusters and groups. */
  readonly name: string;
  /** Default `any`. */
  readonly healthyWhen: HealthyWhen;
  /** At least one, all different and existing. */
  readonly clusters: readonly MemberConfig[];
}

/** What the health URLs answer. Lengths are milliseconds. */
export interface HealthConfig {
  /** At least one; each begins with a slash. Default `/` and `/healthz`. */
  readonly paths: readonly string[];
  /** Default `any`. */
  readonly healthyWhen: HealthyWhen;
  /** At least one, all different and existing. Default every cluster, none of them optional. */
  readonly clusters: readonly MemberConfig[];
  readonly groups: readonly GroupConfig[];
  /** Default `counts`. */
  readonly details: 'none' | 'counts' | 'full';
  /** Default true. */
  readonly failDuringDrain: boolean;
  /** Default 15 000. */
  readonly startupTimeoutMs: number;
  /** Default true. */
  readonly statusHeader: boolean;
  /** Default `auto`. */
  readonly grpc: 'auto' | 'local' | 'forward';
  /** A gRPC method that fails with UNAVAILABLE while the whole is down; null, the default, for none. */
  readonly grpcStatusPath: string | null;
}

/** @param clusterNames every cluster, which the whole is about where the section does not say. */
export function toHealthConfig(section: Static<typeof HealthSchema>, clusterNames: readonly string[]): HealthConfig {
  return {
    paths: section.paths,
    healthyWhen: section.healthyWhen,
    clusters: (section.clusters ?? clusterNames).map(toMemberConfig),
    groups: section.groups.map((group) => ({ ...group, clusters: group.clusters.map(toMemberConfig) })),
    details: section.details,
    failDuringDrain: section.failDuringDrain,
    startupTimeoutMs: toMs(section.startupTimeout),
    statusHeader: section.statusHeader,
    grpc: section.grpc,
    grpcStatusPath: section.grpcStatusPath ?? null,
  };
}

function toMemberConfig(member: Static<typeof MemberSchema>): MemberConfig {
  return typeof member === 'string' ? { name: member, optional: false } : { name: member.name, optional: member.optional };
}

function membersKey(description: string, defaultText?: string): Type.TArray<typeof MemberSchema> {
  return listKey(MemberSchema, {
    description,
    ...(defaultText === undefined ? {} : { defaultText }),
    minItems: 1,
    maxItems: MAX_CLUSTERS,
    uniqueBy: (member) => toMemberConfig(member).name,
  });
}

function grpcStatusPathKey(): Type.TString {
  return textKey(
    {
      description:
        'A gRPC method that ends OK while the answer is 200, else UNAVAILABLE, for load balancers that read grpc-status alone. It goes before every route.',
      defaultText: 'none',
      expects: `a gRPC path such as /health.Probe/Check, of at most ${MAX_HEALTH_PATH_LENGTH} characters, outside of ${GRPC_HEALTH_PREFIX}`,
      kind: 'path',
      maxLength: MAX_HEALTH_PATH_LENGTH,
      // gRPC over HTTP/2, "Path": a service and a method.
      pattern: '^(/[A-Za-z0-9._~-]+){2,}$',
    },
    (path) => !path.startsWith(GRPC_HEALTH_PREFIX),
  );
}

function pathKey(): Type.TString {
  return textKey(
    {
      description: 'A path that is compared exactly.',
      expects: `a path that begins with a slash, of at most ${MAX_HEALTH_PATH_LENGTH} characters, without query and percent signs, other than ${RESERVED_PATHS.join(', ')}`,
      kind: 'path',
      maxLength: MAX_HEALTH_PATH_LENGTH,
      // RFC 3986, section 3.3, without percent-encoding: a path is written one way only.
      pattern: "^/[A-Za-z0-9._~!$&'()*+,;=:@/-]*$",
    },
    (path) => !RESERVED_PATHS.includes(path),
  );
}
