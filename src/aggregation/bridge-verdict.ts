import assert from 'node:assert';
import type { ClusterHealth, HealthView } from '../model/health-view.ts';
import { type ClusterPolicy, judgeCluster, judgeService, judgeUnknownCluster } from './cluster-verdict.ts';
import { judgeGroup } from './group-verdict.ts';
import type { BridgeVerdict, ClusterVerdict, GroupVerdict, HealthyWhen, MemberVerdict } from './verdict.ts';

/** A cluster as a member of a group or of the whole. */
export interface MemberPolicy {
  readonly name: string;
  /** Its failure degrades and never fails the group. */
  readonly optional: boolean;
}

/** How several clusters are judged together. */
export interface GroupPolicy {
  readonly name: string;
  /** How many of the members that are not optional must be healthy. */
  readonly healthyWhen: HealthyWhen;
  readonly clusters: readonly MemberPolicy[];
}

/** Everything a verdict depends on beside the view. Every member names one of `clusters`. */
export interface VerdictOptions {
  readonly clusters: readonly ClusterPolicy[];
  readonly health: {
    /** Over the clusters of the whole, and over those that check a service. */
    readonly healthyWhen: HealthyWhen;
    readonly clusters: readonly MemberPolicy[];
    readonly groups: readonly GroupPolicy[];
  };
}

/** What was computed of one cluster, and from which object. */
interface ClusterMemo {
  readonly health: ClusterHealth | undefined;
  readonly verdict: ClusterVerdict;
  /** By gRPC service name. */
  readonly services: ReadonlyMap<string, ClusterVerdict>;
}

/**
 * Turns each published view into verdicts. A cluster whose `ClusterHealth` is the object of the last view keeps its
 * verdict, and a view in which nothing changed keeps the whole one, so that readers may compare by identity.
 */
export class VerdictComputer {
  readonly #options: VerdictOptions;
  readonly #memos = new Map<string, ClusterMemo>();
  #last: BridgeVerdict | null = null;

  constructor(options: VerdictOptions) {
    const names = new Set(options.clusters.map((cluster) => cluster.name));
    const { clusters, groups } = options.health;
    for (const { name } of [clusters, ...groups.map((group) => group.clusters)].flat()) {
      assert(names.has(name), `health names the cluster ${name}, which does not exist`);
    }
    this.#options = options;
  }

  compute(view: HealthView): BridgeVerdict {
    const last = this.#last;
    const changed = this.#judgeClusters(view);
    if (last !== null && !changed) {
      return last;
    }
    const { health } = this.#options;
    const verdict: BridgeVerdict = {
      whole: judgeGroup('', health.healthyWhen, this.#members(health.clusters)),
      clusters: new Map([...this.#memos].map(([name, memo]) => [name, memo.verdict])),
      groups: new Map(
        health.groups.map((group) => [group.name, judgeGroup(group.name, group.healthyWhen, this.#members(group.clusters))]),
      ),
      services: this.#judgeServices(),
      initialized: health.clusters.every(({ name, optional }) => optional || view.clusters.get(name)?.initialized === true),
    };
    this.#last = verdict;
    return verdict;
  }

  /** Returns whether any cluster changed. */
  #judgeClusters(view: HealthView): boolean {
    let changed = false;
    for (const policy of this.#options.clusters) {
      const health = view.clusters.get(policy.name);
      const memo = this.#memos.get(policy.name);
      if (memo === undefined || memo.health !== health) {
        this.#memos.set(policy.name, judge(policy, health));
        changed = true;
      }
    }
    return changed;
  }

  #members(policies: readonly MemberPolicy[]): readonly MemberVerdict[] {
    return policies.flatMap(({ name, optional }) => {
      const memo = this.#memos.get(name);
      return memo === undefined ? [] : [{ verdict: memo.verdict, optional }];
    });
  }

  /** Whoever asks for a service by name wants to know about it, so that no cluster is optional in the answer. */
  #judgeServices(): ReadonlyMap<string, GroupVerdict> {
    const members = new Map<string, MemberVerdict[]>();
    for (const { services } of this.#memos.values()) {
      for (const [service, verdict] of services) {
        const member = { verdict, optional: false };
        const others = members.get(service);
        if (others === undefined) {
          members.set(service, [member]);
        } else {
          others.push(member);
        }
      }
    }
    const { healthyWhen } = this.#options.health;
    return new Map([...members].map(([service, verdicts]) => [service, judgeGroup(service, healthyWhen, verdicts)]));
  }
}

/** Judges a view once. Who judges view after view keeps a `VerdictComputer`, which reuses what did not change. */
export function computeVerdict(view: HealthView, options: VerdictOptions): BridgeVerdict {
  return new VerdictComputer(options).compute(view);
}

function judge(policy: ClusterPolicy, health: ClusterHealth | undefined): ClusterMemo {
  if (health === undefined) {
    return { health, verdict: judgeUnknownCluster(policy), services: new Map() };
  }
  const verdict = judgeCluster(policy, health);
  // With a single service the worst of the services is that service.
  const byService = (service: string): ClusterVerdict =>
    health.services.length === 1 ? verdict : judgeService(policy, health, service);
  return { health, verdict, services: new Map(health.services.map((service) => [service, byService(service)])) };
}
