import type { ClusterHealth, EndpointHealth, HealthState, ServiceHealth } from '../model/health-view.ts';
import { isEnough } from './healthy-when.ts';
import type { ClusterVerdict, HealthyWhen, VerdictStatus } from './verdict.ts';

/** How a cluster is judged. */
export interface ClusterPolicy {
  readonly name: string;
  /** How many of the endpoints that count must be available. */
  readonly healthyWhen: HealthyWhen;
  /** What the cluster is after discovery answered that it has no endpoints. */
  readonly whenEmpty: 'healthy' | 'unhealthy';
}

type StateCounts = ReadonlyMap<HealthState, number>;

/** States that leave the denominator once the cluster has had a verdict: a pod that comes or goes is no failure. */
const TRANSIENT_STATES: readonly HealthState[] = ['pending', 'draining', 'excluded'];
/** What a summary names beside the number of healthy endpoints, in this order. */
const NOTED_STATES: readonly HealthState[] = ['degraded', 'stale', 'ejected', 'pending', 'draining', 'excluded'];

/** Whether a state counts as healthy for the code. */
export function isAvailable(state: HealthState): boolean {
  return state === 'healthy' || state === 'degraded';
}

/** The state of an endpoint that the code goes by: an ejected one may count as what checks say of it. */
export function countedState({ state, ejection }: EndpointHealth): HealthState {
  return ejection?.countsAs ?? state;
}

/** Judges one cluster by the worst of each endpoint's services. One pass over the endpoints. */
export function judgeCluster(policy: ClusterPolicy, health: ClusterHealth): ClusterVerdict {
  const { states, endpoints, available } = sortByFailure(health.endpoints);
  const total = endpoints.length - (health.hadVerdict ? countIn(states, TRANSIENT_STATES) : 0);
  // Endpoints that are all about to leave are as good as none.
  const isEmpty = endpoints.length === (states.get('draining') ?? 0);
  const healthy = isEmpty ? isHealthyWhenEmpty(policy, health) : isEnough(policy.healthyWhen, available, total);
  return {
    name: policy.name,
    healthy,
    status: healthy ? healthyStatus(states) : unhealthyStatus(policy, states, total),
    summary: summarize(health, { states, available, total }),
    available,
    total,
    states,
    endpoints,
    discoveryReason: health.discovery.reason,
  };
}

/** Judges one cluster by a single gRPC service, as if its endpoints were checked for nothing else. */
export function judgeService(policy: ClusterPolicy, health: ClusterHealth, service: string): ClusterVerdict {
  return judgeCluster(policy, { ...health, endpoints: health.endpoints.map((endpoint) => asService(endpoint, service)) });
}

/** A cluster of which nothing is known: the view does not hold it yet. */
export function judgeUnknownCluster(policy: ClusterPolicy): ClusterVerdict {
  return judgeCluster(policy, {
    name: policy.name,
    discovery: { state: 'pending', reason: '', lastSuccessMs: null },
    endpoints: [],
    services: [],
    hadVerdict: false,
    initialized: false,
  });
}

function asService(endpoint: EndpointHealth, service: string): EndpointHealth {
  const own: ServiceHealth | undefined = endpoint.services.get(service);
  // What discovery or outlier detection says of the endpoint holds for every service on it.
  if (own === undefined || endpoint.state === 'draining' || endpoint.state === 'excluded') {
    return endpoint;
  }
  if (endpoint.state === 'ejected') {
    return endpoint.ejection === undefined || endpoint.ejection.countsAs === 'ejected'
      ? endpoint
      : { ...endpoint, ejection: { countsAs: own.state } };
  }
  return { ...endpoint, state: own.state, reason: own.reason, sinceMs: own.sinceMs };
}

/** What one pass over the endpoints finds. */
interface Sorted {
  readonly states: StateCounts;
  /** The failing ones first, then what is shown as a warning; each kind keeps its order. */
  readonly endpoints: readonly EndpointHealth[];
  readonly available: number;
}

function sortByFailure(all: readonly EndpointHealth[]): Sorted {
  const states = new Map<HealthState, number>();
  const failing: EndpointHealth[] = [];
  const warned: EndpointHealth[] = [];
  const healthy: EndpointHealth[] = [];
  for (const endpoint of all) {
    const { state } = endpoint;
    states.set(state, (states.get(state) ?? 0) + 1);
    (state === 'healthy' ? healthy : isAvailable(countedState(endpoint)) ? warned : failing).push(endpoint);
  }
  return { states, endpoints: failing.concat(warned, healthy), available: warned.length + healthy.length };
}

function countIn(states: StateCounts, wanted: readonly HealthState[]): number {
  return wanted.reduce((sum, state) => sum + (states.get(state) ?? 0), 0);
}

/** Only an answer can say that there are no endpoints; until one came, nothing is known and nothing is healthy. */
function isHealthyWhenEmpty(policy: ClusterPolicy, { discovery }: ClusterHealth): boolean {
  return hasAnswered(discovery) && policy.whenEmpty === 'healthy';
}

function hasAnswered(discovery: ClusterHealth['discovery']): boolean {
  return discovery.state === 'ok' || (discovery.lastSuccessMs !== null && discovery.expired !== true);
}

function healthyStatus(states: StateCounts): VerdictStatus {
  return states.has('degraded') ? 'degraded' : 'healthy';
}

function unhealthyStatus(policy: ClusterPolicy, states: StateCounts, total: number): VerdictStatus {
  const withStale = countIn(states, ['healthy', 'degraded', 'stale']);
  return states.has('stale') && isEnough(policy.healthyWhen, withStale, total) ? 'stale' : 'unhealthy';
}

interface Counts {
  readonly states: StateCounts;
  readonly available: number;
  readonly total: number;
}

function summarize(health: ClusterHealth, { states, available, total }: Counts): string {
  const { discovery, endpoints } = health;
  const failed = discovery.state === 'failed';
  if (endpoints.length > 0) {
    const parts = [`${available} of ${total} healthy`];
    for (const state of NOTED_STATES) {
      const count = states.get(state);
      if (count !== undefined) {
        parts.push(`${count} ${state}`);
      }
    }
    return `${parts.join(', ')}${failed ? '; discovery failed' : ''}`;
  }
  if (!hasAnswered(discovery)) {
    return failed ? 'discovery failed' : 'not discovered yet';
  }
  return failed ? 'no endpoints; discovery failed' : 'no endpoints';
}
