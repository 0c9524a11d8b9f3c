import { isHostName } from '../model/address.ts';
import type { SrvRecord } from './dns-client.ts';
import type { NamedTarget } from './named-endpoints.ts';

/** Records of one answer: each target is looked up on its own, and again and again. */
export const MAX_SRV_RECORDS = 1024;

/** Names and ports of an answer, or what is wrong with it. */
export type SrvTargets =
  | { readonly kind: 'targets'; readonly targets: readonly NamedTarget[] }
  | { readonly kind: 'failed'; readonly reason: string };

/** The root as a target. RFC 2782: the service is decidedly not available. */
const NO_SERVICE = '';
/** Characters of a name that a message repeats. */
const MAX_QUOTE_LENGTH = 60;

/**
 * The targets with their ranks: the priority numbers that there are become levels from 0 on, and those of a higher level get calls while the
 * ones before it have no healthy endpoint (RFC 2782, "Priority"). A weight counts among records of one priority, where they differ; it is
 * that of every address of the target. 0 is as little as can be, which is 1 here (RFC 2782, "Weight").
 */
export function chooseTargets(records: readonly SrvRecord[]): SrvTargets {
  if (records.length > MAX_SRV_RECORDS) {
    return { kind: 'failed', reason: `more than ${MAX_SRV_RECORDS} SRV records` };
  }
  const offered = records.filter(({ name }) => name !== NO_SERVICE);
  const bad = offered.find(({ name, port }) => !isHostName(name) || port === 0);
  if (bad !== undefined) {
    const name = JSON.stringify(bad.name.slice(0, MAX_QUOTE_LENGTH));
    return { kind: 'failed', reason: bad.port === 0 ? `${name} is at port 0` : `the target ${name} is no host name` };
  }
  const levels = [...new Set(offered.map(({ priority }) => priority))].toSorted((one, other) => one - other);
  const unique = new Map<string, NamedTarget>();
  for (const [level, number] of levels.entries()) {
    for (const target of toLevel(
      offered.filter(({ priority }) => priority === number),
      level,
    )) {
      const key = `${target.host}:${target.port}`;
      unique.set(key, unique.get(key) ?? target);
    }
  }
  return { kind: 'targets', targets: [...unique.values()] };
}

/** Equal weights say nothing, and most DNS servers of clusters give such. */
function toLevel(records: readonly SrvRecord[], level: number): readonly NamedTarget[] {
  const isWeighted = records.some(({ weight }) => weight !== records[0]?.weight);
  return records.map(({ name, port, weight }) => ({
    host: toComplete(name),
    port,
    traits: { ...(level === 0 ? {} : { priority: level }), ...(isWeighted ? { weight: Math.max(1, weight) } : {}) },
  }));
}

/** Targets are complete names: no search list, no hosts file. */
function toComplete(name: string): string {
  return name.endsWith('.') ? name.toLowerCase() : `${name.toLowerCase()}.`;
}
