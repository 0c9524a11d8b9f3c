import { type Static, Type } from 'typebox';
import type { Address } from '../../model/address.ts';
import { envoyAdminKey, toEnvoyAdmin } from '../addresses.ts';
import { closed, durationKey, sizeKey, switchKey, textKey, toBytes, toMs, wordKey } from '../keys.ts';
import { MAX_ENVOY_CLUSTER_NAME_LENGTH, MAX_ENVOY_CLUSTERS } from '../limits.ts';
import { listKey } from '../lists.ts';
import { sourceLabelsKey } from './labels.ts';

const ClusterNameSchema = textKey({
  description: 'The exact name of a cluster, as Envoy has it; any text.',
  expects: `the name of a cluster, of 1 to ${MAX_ENVOY_CLUSTER_NAME_LENGTH} characters`,
  kind: 'name',
  minLength: 1,
  maxLength: MAX_ENVOY_CLUSTER_NAME_LENGTH,
});

/** A source of `type: envoy`. */
export const EnvoySourceSchema = Type.Object(
  {
    type: wordKey(['envoy'], {
      description:
        "The hosts of clusters of an Envoy, by `/clusters` of its admin interface, with what Envoy says of their health. With such sources alone `healthCheck.type` is `envoy` by default: the state of each endpoint is Envoy's. Nothing but GET is sent.",
    }),
    admin: envoyAdminKey('The admin interface: http://host:port, or unix:/path. Not the admin listener of this bridge.'),
    clusters: Type.Union(
      [
        listKey(ClusterNameSchema, {
          description: 'Exact names.',
          minItems: 1,
          maxItems: MAX_ENVOY_CLUSTERS,
          uniqueBy: String,
        }),
        wordKey(['all', 'dynamic'], { description: 'Every cluster, or every one that discovery has added.' }),
      ],
      {
        description:
          'Which clusters: exact names; `all` that Envoy lists; or `dynamic`, those that discovery (CDS) has added to it. A name that Envoy does not list is a failure, as a cluster that is warming is not listed.',
        default: 'all',
        expects: 'a list of names, all or dynamic',
        kind: 'list of names | all | dynamic',
      },
    ),
    pollInterval: durationKey({
      description: 'Pause between two polls, before jitter. Envoy answers from the thread that runs its health checks.',
      default: '2s',
      minimum: '100ms',
      maximum: '1h',
    }),
    jitter: durationKey({
      description: 'Up to this much is added to every pause, at random.',
      default: '200ms',
      minimum: '0s',
      maximum: '1h',
    }),
    timeout: durationKey({
      description: 'One poll, all requests of it: connecting, answers, bodies.',
      default: '1s',
      minimum: '10ms',
      maximum: '10m',
    }),
    maxBytes: sizeKey({
      description: 'A longer list of clusters is refused. A host takes about 0.7 KiB.',
      default: '64MiB',
      minimum: '1KiB',
      maximum: '1GiB',
    }),
    format: wordKey(['auto', 'json', 'text'], {
      description:
        'auto: JSON, and text from an Envoy that has no JSON. text: text alone, in which a line feed in a host name can forge lines.',
      default: 'auto',
    }),
    unknownFlags: wordKey(['byPrefix', 'unhealthy'], {
      description:
        'What a word in `health_flags` does that this version does not know. byPrefix: `failed_…` is unhealthy, `degraded_…` is degraded, any other has no effect. unhealthy: every one is.',
      default: 'byPrefix',
    }),
    requireLive: switchKey({
      description:
        'Whether hosts are unhealthy while the state of Envoy itself (`/ready`, else `/server_info`) is not LIVE, or not known; else the state is shown beside them alone.',
      default: true,
    }),
    labels: sourceLabelsKey(),
  },
  closed({ description: 'Endpoints that an Envoy knows, and their health.' }),
);

/** Endpoints that an Envoy knows. */
export interface EnvoySourceConfig {
  readonly type: 'envoy';
  /** Reached in cleartext. */
  readonly admin: Address;
  /** Default `all`. */
  readonly clusters: readonly string[] | 'all' | 'dynamic';
  /** Milliseconds, default 2 000. */
  readonly pollIntervalMs: number;
  /** Milliseconds, default 200. */
  readonly jitterMs: number;
  /** Milliseconds, default 1 000. */
  readonly timeoutMs: number;
  /** Octets, default 67 108 864. The name goes by the key. */
  readonly maxBytes: number;
  /** Default `auto`. */
  readonly format: 'auto' | 'json' | 'text';
  /** Default `byPrefix`. */
  readonly unknownFlags: 'byPrefix' | 'unhealthy';
  /** Default true. */
  readonly requireLive: boolean;
}

export function toEnvoyConfig(section: Static<typeof EnvoySourceSchema>): EnvoySourceConfig {
  const { admin, pollInterval, jitter, timeout, maxBytes, labels: _, ...rest } = section;
  return {
    ...rest,
    admin: toEnvoyAdmin(admin),
    pollIntervalMs: toMs(pollInterval),
    jitterMs: toMs(jitter),
    timeoutMs: toMs(timeout),
    maxBytes: toBytes(maxBytes),
  };
}
