import { type Static, Type } from 'typebox';
import { closed, durationKey, numberKey, switchKey, toMs, wholeKey } from '../keys.ts';
import { type Finding, withRule } from '../rules.ts';

/** The longest ejection where nothing is said, unless the base is longer. Milliseconds; Envoy's. */
const DEFAULT_MAX_EJECTION_TIME_MS = 300_000;

const minHostsKey = (twin: string): Type.TInteger =>
  wholeKey({
    description: `Endpoints with enough calls that there must be. Envoy: \`${twin}\`; gRPC A50: \`minimumHosts\`.`,
    default: 5,
    minimum: 1,
    maximum: 10_000,
  });

const volumeKey = (twin: string, volume: number): Type.TInteger =>
  wholeKey({
    description: `Calls to an endpoint within an interval that are enough. Envoy: \`${twin}\`; gRPC A50: \`requestVolume\`.`,
    default: volume,
    minimum: 1,
    maximum: 1_000_000,
  });

const SuccessRateSchema = Type.Object(
  {
    stdevFactor: numberKey({
      description:
        'How many standard deviations below the mean of all success rates one must be. Envoy: `success_rate_stdev_factor`, divided by 1000; gRPC A50: `stdevFactor`, divided by 1000.',
      default: 1.9,
      minimum: 0.1,
      maximum: 100,
    }),
    minHosts: minHostsKey('success_rate_minimum_hosts'),
    requestVolume: volumeKey('success_rate_request_volume', 100),
  },
  closed({
    description:
      'Ejects endpoints that succeed far more rarely than the others. Absent: off. Envoy: `enforcing_success_rate` 100; gRPC A50: `successRateEjection`.',
  }),
);

const FailurePercentageSchema = Type.Object(
  {
    threshold: wholeKey({
      description:
        'Per cent of its calls that must have failed. Envoy: `failure_percentage_threshold`, enforced; gRPC A50: `threshold`.',
      default: 85,
      minimum: 1,
      maximum: 100,
    }),
    minHosts: minHostsKey('failure_percentage_minimum_hosts'),
    requestVolume: volumeKey('failure_percentage_request_volume', 50),
  },
  closed({
    description:
      'Ejects endpoints that fail too often, whatever the others do. Absent: off. Envoy: `enforcing_failure_percentage` 100; gRPC A50: `failurePercentageEjection`.',
  }),
);

const OutlierDetectionShape = Type.Object(
  {
    consecutive5xx: wholeKey({
      description:
        'Failures in a row that eject at once; 0 is off. A failure is a 5xx, a gRPC status of a response without content that stands for one (UNKNOWN, DEADLINE_EXCEEDED, UNIMPLEMENTED, INTERNAL, UNAVAILABLE, DATA_LOSS), no connection, a reset, or no answer within the timeout of the route. Envoy: `consecutive_5xx`; gRPC: no twin.',
      default: 5,
      minimum: 0,
      maximum: 1_000_000,
    }),
    consecutiveGatewayFailure: wholeKey({
      description:
        'The same of 502, 503 and 504 alone, or what stands for them; 0 is off. Envoy: `consecutive_gateway_failure`, enforced; gRPC: no twin.',
      default: 0,
      minimum: 0,
      maximum: 1_000_000,
    }),
    interval: durationKey({
      description: 'Pause between two looks at rates, and at whose time is over. Envoy: `interval`; gRPC A50: `interval`.',
      default: '10s',
      minimum: '100ms',
      maximum: '1h',
    }),
    baseEjectionTime: durationKey({
      description:
        'How long the first ejection lasts; the second twice as long, and so on. An endpoint returns with the first look after that, or before when a health check passes, unless health checks are of type none or envoy. Envoy: `base_ejection_time`; gRPC A50: `baseEjectionTime`.',
      default: '30s',
      minimum: '100ms',
      maximum: '24h',
    }),
    maxEjectionTime: Type.Optional(
      durationKey({
        description: 'The longest ejection. Envoy: `max_ejection_time`; gRPC A50: `maxEjectionTime`.',
        defaultText: 'the longer of 300s and baseEjectionTime',
        minimum: '100ms',
        maximum: '24h',
      }),
    ),
    maxEjectionPercent: wholeKey({
      description:
        'Per cent of all endpoints that may be ejected at once; one always may. Envoy: `max_ejection_percent` with `always_eject_one_host`; gRPC A50: `maxEjectionPercent`.',
      default: 10,
      minimum: 1,
      maximum: 100,
    }),
    successRate: Type.Optional(SuccessRateSchema),
    failurePercentage: Type.Optional(FailurePercentageSchema),
    countInHealth: switchKey({
      description:
        'Whether an ejected endpoint is unhealthy in the health answer; otherwise it counts there as what checks say. Envoy: `membership_healthy`, which counts it as unhealthy; gRPC: no twin.',
      default: false,
    }),
  },
  closed({
    description:
      'Takes endpoints out of forwarding for a while whose calls fail. Absent: off. Ejected endpoints count as unhealthy for `loadBalancing.panicThreshold`. Envoy: `outlier_detection`, whose default it is to tell local errors not apart; gRPC A50.',
  }),
);

/** The key `outlierDetection` of a cluster. */
export const OutlierDetectionSchema = withRule(OutlierDetectionShape, (section) => [
  ...findIdle(section),
  ...findShortMaximum(section),
]);

/** Outlier detection of a cluster. Lengths are milliseconds. */
export interface OutlierDetectionConfig {
  /** 0 is off. Default 5. */
  readonly consecutive5xx: number;
  /** Default 0, which is off. */
  readonly consecutiveGatewayFailure: number;
  /** Default 10 000. */
  readonly intervalMs: number;
  /** Default 30 000. */
  readonly baseEjectionTimeMs: number;
  /** Default: the longer of 300 000 and the base. */
  readonly maxEjectionTimeMs: number;
  /** Default 10. */
  readonly maxEjectionPercent: number;
  /** Null is off. */
  readonly successRate: Static<typeof SuccessRateSchema> | null;
  /** Null is off. */
  readonly failurePercentage: Static<typeof FailurePercentageSchema> | null;
  /** Default false. */
  readonly countInHealth: boolean;
}

export function toOutlierDetectionConfig(section: Static<typeof OutlierDetectionShape>): OutlierDetectionConfig {
  const { interval, baseEjectionTime, maxEjectionTime, successRate = null, failurePercentage = null, ...rest } = section;
  const baseEjectionTimeMs = toMs(baseEjectionTime);
  return {
    ...rest,
    intervalMs: toMs(interval),
    baseEjectionTimeMs,
    maxEjectionTimeMs:
      maxEjectionTime === undefined ? Math.max(DEFAULT_MAX_EJECTION_TIME_MS, baseEjectionTimeMs) : toMs(maxEjectionTime),
    successRate,
    failurePercentage,
  };
}

function findIdle(section: Static<typeof OutlierDetectionShape>): readonly Finding[] {
  const { consecutive5xx, consecutiveGatewayFailure, successRate, failurePercentage } = section;
  const isIdle =
    consecutive5xx === 0 && consecutiveGatewayFailure === 0 && successRate === undefined && failurePercentage === undefined;
  return isIdle ? [{ at: [], message: 'has every kind of detection off, and so no effect: leave it out' }] : [];
}

/** Envoy refuses it too. */
function findShortMaximum({ baseEjectionTime, maxEjectionTime }: Static<typeof OutlierDetectionShape>): readonly Finding[] {
  return maxEjectionTime === undefined || toMs(maxEjectionTime) >= toMs(baseEjectionTime)
    ? []
    : [{ at: ['maxEjectionTime'], message: `must be ${baseEjectionTime} or more, as baseEjectionTime is`, got: maxEjectionTime }];
}
