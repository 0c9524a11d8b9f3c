import { isEnough } from './healthy-when.ts';
import type { GroupVerdict, HealthyWhen, MemberVerdict, VerdictStatus } from './verdict.ts';

/** Judges several clusters together. Optional ones only degrade, so that a group of optional ones alone is healthy. */
export function judgeGroup(name: string, healthyWhen: HealthyWhen, members: readonly MemberVerdict[]): GroupVerdict {
  const required = members.filter((member) => !member.optional);
  const healthyCount = required.filter((member) => member.verdict.healthy).length;
  const healthy = required.length === 0 || isEnough(healthyWhen, healthyCount, required.length);
  return { name, healthyWhen, healthy, status: groupStatus(healthy, healthyWhen, members), members };
}

/**
 * The group as it would be without the members of these names: they do not count, for or against, and a number in
 * `healthyWhen` asks for no more than are left. Without any member left it passes, as Kubernetes' `?exclude=` does.
 */
export function excludeMembers(group: GroupVerdict, excluded: ReadonlySet<string>): GroupVerdict {
  const members = group.members.filter((member) => !excluded.has(member.verdict.name));
  if (members.length === group.members.length) {
    return group;
  }
  const required = members.filter((member) => !member.optional).length;
  return judgeGroup(group.name, atMost(group.healthyWhen, required), members);
}

function atMost(healthyWhen: HealthyWhen, required: number): HealthyWhen {
  return typeof healthyWhen === 'object' && 'count' in healthyWhen && healthyWhen.count > required
    ? { count: required }
    : healthyWhen;
}

function groupStatus(healthy: boolean, healthyWhen: HealthyWhen, members: readonly MemberVerdict[]): VerdictStatus {
  if (healthy) {
    return members.every((member) => member.verdict.status === 'healthy') ? 'healthy' : 'degraded';
  }
  const required = members.filter((member) => !member.optional);
  const withStale = required.filter(({ verdict }) => verdict.healthy || verdict.status === 'stale').length;
  return isEnough(healthyWhen, withStale, required.length) ? 'stale' : 'unhealthy';
}
