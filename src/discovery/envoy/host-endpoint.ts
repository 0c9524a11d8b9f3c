import { isHostName, isIpLiteral } from '../../model/address.ts';
import type { Endpoint, ReportedHealth } from '../../model/endpoint.ts';
import { classifyFlags, type UnknownFlags } from './health-flags.ts';
import type { EnvoyCluster } from './listing.ts';
import { panickingPriorities } from './panic.ts';
import type { ServerState } from './poll.ts';

/** What holds for all hosts of one poll. */
export interface PollFacts {
  readonly atMs: number;
  readonly pollMs: number;
  readonly unknownFlags: UnknownFlags;
  /** Null if Envoy did not tell. */
  readonly serverState: ServerState | null;
  /** Whether no host counts, whatever Envoy lists, while its state is not LIVE. */
  readonly requireLive: boolean;
}

/** The worst first: what an address is that several hosts have. */
const WORST_FIRST: readonly ReportedHealth['state'][] = [
  'unhealthy',
  'ejected',
  'draining',
  'excluded',
  'pending',
  'degraded',
  'healthy',
];

/** The hosts of a cluster as endpoints with what Envoy says of them. */
export function toEndpoints({ name, hosts }: EnvoyCluster, facts: PollFacts): readonly Endpoint[] {
  const counted = hosts.map((host) => ({ ...host, state: classifyFlags(host.flags, facts.unknownFlags) }));
  // One that initializes does not balance yet.
  const panicking = isInitializing(facts.serverState) ? new Set<number>() : panickingPriorities(counted);
  const common = { cluster: name, sourceState: facts.serverState === 'LIVE' ? null : facts.serverState };
  return counted.map((host) => ({
    address: host.address,
    key: host.key,
    hostname: toHostname(host.hostname),
    // Envoy: a host without a weight of its own has 1.
    ...(host.weight > 1 ? { weight: host.weight } : {}),
    reported: toReport(host, facts),
    origin: {
      ...common,
      priority: host.priority,
      weight: host.weight,
      locality: host.locality,
      canary: host.canary,
      panic: panicking.has(host.priority),
    },
  }));
}

/**
 * One endpoint for each address, in order: the same address in several clusters, or twice in one, is as good as the worst of its hosts.
 * Of equals, the cluster whose name comes first has it, as Envoy lists clusters in another order each time.
 */
export function mergeEndpoints(endpoints: readonly Endpoint[]): readonly Endpoint[] {
  const byKey = new Map<string, Endpoint>();
  for (const endpoint of endpoints) {
    const other = byKey.get(endpoint.key);
    if (other === undefined || isWorse(endpoint, other)) {
      byKey.set(endpoint.key, endpoint);
    }
  }
  return [...byKey.values()];
}

function isInitializing(state: ServerState | null): boolean {
  return state === 'INITIALIZING' || state === 'PRE_INITIALIZING';
}

/** What to say of an Envoy that is not LIVE; empty for one that is, and for one that did not tell. */
function describeServerState(state: ServerState | null): string {
  switch (state) {
    case null:
    case 'LIVE':
      return '';
    case 'DRAINING':
      return 'Envoy is draining (state DRAINING)';
    case 'PRE_INITIALIZING':
    case 'INITIALIZING':
      return `Envoy is still initializing (state ${state})`;
  }
}

function toReport(
  { flags, state }: Pick<ReportedHealth, 'flags' | 'state'>,
  { atMs, pollMs, serverState, requireLive }: PollFacts,
): ReportedHealth {
  const stateFailure = requireLive ? describeServerState(serverState) : '';
  const words = flags.length === 0 ? '' : `Envoy says ${flags.join(', ')}`;
  const common = { flags, atMs, pollMs, failedPolls: 0, failure: '' };
  if (stateFailure !== '') {
    return { ...common, state: 'unhealthy', reason: words === '' ? stateFailure : `${stateFailure}; ${words}` };
  }
  return { ...common, state, reason: state === 'healthy' ? '' : words };
}

/** The name for authority and certificate: hosts of a dynamic forward proxy have a port behind it, and some texts are no names. */
function toHostname(text: string): string | null {
  const name = /^(.*):\d{1,5}$/.exec(text)?.[1] ?? text;
  return isHostName(name) && !isIpLiteral(name) ? name : null;
}

function isWorse(one: Endpoint, other: Endpoint): boolean {
  const ranks = rankOf(one) - rankOf(other);
  const missed = (other.reported?.failedPolls ?? 0) - (one.reported?.failedPolls ?? 0);
  const order = ranks === 0 ? missed : ranks;
  return order === 0 ? (one.origin?.cluster ?? '') < (other.origin?.cluster ?? '') : order < 0;
}

function rankOf({ reported }: Endpoint): number {
  return reported === undefined ? WORST_FIRST.length : WORST_FIRST.indexOf(reported.state);
}
