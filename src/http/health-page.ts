import { countedState, isAvailable } from '../aggregation/cluster-verdict.ts';
import { excludeMembers } from '../aggregation/group-verdict.ts';
import type { BridgeVerdict, ClusterVerdict, GroupVerdict, VerdictStatus } from '../aggregation/verdict.ts';
import { formatAddress, parseAddress } from '../model/address.ts';
import type { EndpointHealth, HealthState } from '../model/health-view.ts';
import type { HealthTarget } from './health-url.ts';

/** Where the process stands between start and end, as far as answers depend on it. */
export interface Lifecycle {
  /**
   * Latched once every required cluster has a first result, an empty answer or a failed discovery attempt, at the latest
   * when `health.startupTimeout` has passed.
   */
  readonly started: boolean;
  /** From the first stop signal, or `POST /drain`, on. */
  readonly draining: boolean;
  /** Between `POST /healthcheck/fail` and `POST /healthcheck/ok`. */
  readonly maintenance: boolean;
}

/** The words of the header `x-health-status`. Maintenance is `draining` there, as with Envoy's `/ready`. */
export type PageStatus = VerdictStatus | 'draining' | 'starting';

/** One line of a page, or one key of `checks`. */
export type PagePart =
  | { readonly kind: 'cluster'; readonly verdict: ClusterVerdict; readonly optional: boolean; readonly excluded: boolean }
  | { readonly kind: 'endpoint'; readonly cluster: string; readonly endpoint: EndpointHealth }
  /** A fact about the process itself; `failure` says why it does not hold and is empty while it does. */
  | { readonly kind: 'condition'; readonly name: string; readonly failure: string };

/** What one health URL has to say, before it has a format. */
export interface HealthPage {
  /** The word before `check passed`. */
  readonly check: 'healthz' | 'livez' | 'readyz' | 'startupz';
  /** 200 or 503. */
  readonly healthy: boolean;
  readonly status: PageStatus;
  readonly parts: readonly PagePart[];
  /** Names in `?exclude=` that match no part. */
  readonly unknownExcludes: readonly string[];
}

/** What pages are made from. */
export interface PageSource {
  readonly verdict: BridgeVerdict;
  readonly lifecycle: Lifecycle;
  readonly failDuringDrain: boolean;
  readonly excludes: ReadonlySet<string>;
  /** A gRPC service name asked for under `/healthz`; null without. */
  readonly service: string | null;
  /** Whether single endpoints may be shown. */
  readonly endpoints: boolean;
}

const DRAINING = 'draining';
const MAINTENANCE = 'set by an operator';

/** The page of a URL, or null if it names nothing that exists or may be seen. */
export function createPage(target: HealthTarget, source: PageSource): HealthPage | null {
  switch (target.kind) {
    case 'aggregate':
    case 'healthzOnly':
      return aggregateOrServicePage(target, source);
    case 'part':
      return partPage(target.name, source);
    case 'endpoint':
      return source.endpoints ? endpointPage(target, source) : null;
    case 'live':
      return conditionPage('livez', [{ kind: 'condition', name: 'ping', failure: '' }], source);
    case 'ready':
      return conditionPage('readyz', [startupCondition(source), drainCondition(source), ...maintenanceOf(source)], source);
    case 'startup':
      return conditionPage('startupz', [startupCondition(source)], source);
    case 'unknown':
    case 'malformed':
      return null;
  }
}

/** `?service=` exists under `/healthz` alone; on the other paths of the aggregate it is one more foreign parameter. */
function aggregateOrServicePage(target: HealthTarget, source: PageSource): HealthPage | null {
  const underHealthz = target.kind === 'healthzOnly' || (target.kind === 'aggregate' && target.path === '/healthz');
  if (underHealthz && source.service !== null) {
    const group = source.verdict.services.get(source.service);
    return group === undefined ? null : groupPage(group, source);
  }
  return target.kind === 'aggregate' ? aggregatePage(source) : null;
}

function aggregatePage(source: PageSource): HealthPage {
  const page = groupPage(source.verdict.whole, source);
  const { draining, started } = source.lifecycle;
  const failed = [...(draining && source.failDuringDrain ? [drainCondition(source)] : []), ...maintenanceOf(source)];
  if (failed.length > 0) {
    return { ...page, healthy: false, status: 'draining', parts: [...page.parts, ...failed] };
  }
  return started ? page : { ...page, status: 'starting' };
}

function partPage(name: string, source: PageSource): HealthPage | null {
  const cluster = source.verdict.clusters.get(name);
  if (cluster !== undefined) {
    return groupPage(groupOfOne(cluster), source);
  }
  const group = source.verdict.groups.get(name);
  return group === undefined ? null : groupPage(group, source);
}

function groupOfOne(verdict: ClusterVerdict): GroupVerdict {
  const { name, healthy, status } = verdict;
  return { name, healthyWhen: 'all', healthy, status, members: [{ verdict, optional: false }] };
}

function groupPage(group: GroupVerdict, { excludes }: PageSource): HealthPage {
  const { healthy, status } = excludes.size === 0 ? group : excludeMembers(group, excludes);
  const parts = group.members.map(({ verdict, optional }): PagePart => {
    return { kind: 'cluster', verdict, optional, excluded: excludes.has(verdict.name) };
  });
  const names = new Set(group.members.map((member) => member.verdict.name));
  return { check: 'healthz', healthy, status, parts, unknownExcludes: [...excludes].filter((name) => !names.has(name)) };
}

function endpointPage(target: { readonly cluster: string; readonly address: string }, source: PageSource): HealthPage | null {
  const parsed = parseAddress(target.address);
  if (parsed.kind === 'invalid') {
    return null;
  }
  const key = formatAddress(parsed.address);
  const endpoint = source.verdict.clusters.get(target.cluster)?.endpoints.find((candidate) => candidate.endpoint.key === key);
  if (endpoint === undefined) {
    return null;
  }
  return {
    check: 'healthz',
    healthy: isAvailable(countedState(endpoint)),
    status: endpointStatus(endpoint.state),
    parts: [{ kind: 'endpoint', cluster: target.cluster, endpoint }],
    unknownExcludes: [...source.excludes],
  };
}

function endpointStatus(state: HealthState): VerdictStatus {
  return state === 'healthy' || state === 'degraded' || state === 'stale' ? state : 'unhealthy';
}

type Condition = Extract<PagePart, { readonly kind: 'condition' }>;

function startupCondition({ lifecycle }: PageSource): Condition {
  return { kind: 'condition', name: 'startup', failure: lifecycle.started ? '' : 'first results are outstanding' };
}

function drainCondition({ lifecycle }: PageSource): Condition {
  return { kind: 'condition', name: 'drain', failure: lifecycle.draining ? DRAINING : '' };
}

/** Named only while it is on: who never uses it need not read about it. */
function maintenanceOf(source: PageSource): readonly Condition[] {
  return source.lifecycle.maintenance ? [{ kind: 'condition', name: 'maintenance', failure: MAINTENANCE }] : [];
}

function conditionPage(check: HealthPage['check'], parts: readonly Condition[], source: PageSource): HealthPage {
  const healthy = parts.every((part) => part.failure === '');
  const draining = parts.some((part) => part.failure === DRAINING || part.failure === MAINTENANCE);
  return {
    check,
    healthy,
    status: healthy ? 'healthy' : draining ? 'draining' : 'starting',
    parts,
    unknownExcludes: [...source.excludes],
  };
}
