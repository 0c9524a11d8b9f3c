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
 * Chooses the records that count: those of the lowest priority number. RFC 2782 keeps the others for when none of the first can be
 * reached; a list of endpoints without ranks would send them calls all the time, so they are left out. Weights do not count: every endpoint
 * gets its equal share, as DNS servers of clusters give equal weights anyway.
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
  const first = offered.reduce((least, { priority }) => Math.min(least, priority), Number.POSITIVE_INFINITY);
  const chosen = offered.filter(({ priority }) => priority === first);
  const targets = chosen.map(({ name, port }) => ({ host: toComplete(name), port }));
  const unique = new Map(targets.map((target) => [`${target.host}:${target.port}`, target]));
  return { kind: 'targets', targets: [...unique.values()] };
}

/** Targets are complete names: no search list, no hosts file. */
function toComplete(name: string): string {
  return name.endsWith('.') ? name.toLowerCase() : `${name.toLowerCase()}.`;
}
