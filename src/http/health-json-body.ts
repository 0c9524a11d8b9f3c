import { countedState, isAvailable } from '../aggregation/cluster-verdict.ts';
import type { ClusterVerdict } from '../aggregation/verdict.ts';
import type { EndpointOrigin, EndpointTraits, Labels } from '../model/endpoint.ts';
import type { EndpointHealth } from '../model/health-view.ts';
import { type Details, type EntryFormat, writeEntries } from './body-entries.ts';
import type { HealthPage, PagePart } from './health-page.ts';
import { MAX_ORIGIN_NAME_LENGTH, MAX_REASON_LENGTH, toPrintable } from './printable.ts';

/** The words of draft-inadarei-api-health-check-06, section 3.1: `warn` goes with 200 as `pass` does. */
type HealthWord = 'pass' | 'warn' | 'fail';

/** What stands around the entries: `{"status":"pass","checks":{`, `},"omitted":` with a number, `}`. */
const FRAME_BYTES = 64;

/**
 * The body in health+json (draft-inadarei-api-health-check-06). Keys of `checks` are cluster names, and `bridge:NAME` for
 * facts about the process, as no cluster name holds a colon. Own keys: `state`, `flags`, `since`, `available`, `total`, `optional`,
 * `excluded`, and `omitted` at the root; of an endpoint what `EndpointTraits` has, and from an Envoy or Kubernetes what `EndpointOrigin` has.
 */
export function renderHealthJson(page: HealthPage, details: Details, maxBytes: number): string {
  const status = pageWord(page);
  if (details === 'none') {
    return `{"status":"${status}"}`;
  }
  const { entries, omitted } = writeEntries(page.parts, details, maxBytes - FRAME_BYTES, details === 'full' ? FULL : COUNTS);
  const checks = entries.map((entry) => `${entry.open}${entry.pieces.join(',')}]`).join(',');
  return `{"status":"${status}","checks":{${checks}}${omitted === 0 ? '' : `,"omitted":${omitted}`}}`;
}

// The two octets are the comma or the bracket after each piece, and the comma after the bracket.
const COUNTS: EntryFormat = { open: openCheck, own: countObjects, endpoint: endpointObject, overheadBytes: 2 };
const FULL: EntryFormat = { ...COUNTS, own: fullObjects };

function openCheck(part: PagePart): string {
  switch (part.kind) {
    case 'cluster':
      return `${JSON.stringify(part.verdict.name)}:[`;
    case 'endpoint':
      return `${JSON.stringify(part.cluster)}:[`;
    case 'condition':
      return `"bridge:${part.name}":[`;
  }
}

/** One object per part, without addresses or reasons. */
function countObjects(part: PagePart): readonly string[] {
  switch (part.kind) {
    case 'cluster':
      return [part.excluded ? EXCLUDED : clusterObject(part.verdict, part.optional)];
    case 'endpoint':
      return [endpointObject(part.endpoint)];
    case 'condition':
      return [part.failure === '' ? '{"status":"pass"}' : JSON.stringify({ status: 'fail', output: part.failure })];
  }
}

const EXCLUDED = '{"status":"pass","excluded":true}';

/** What the objects of the endpoints do not say: that there are none, or that they may be out of date. */
function fullObjects(part: PagePart): readonly string[] {
  if (part.kind !== 'cluster' || part.excluded) {
    return countObjects(part);
  }
  const { endpoints, discoveryReason, summary, healthy } = part.verdict;
  if (endpoints.length > 0 && discoveryReason === '') {
    return [];
  }
  const reason = discoveryReason === '' ? '' : `: ${toPrintable(discoveryReason, MAX_REASON_LENGTH)}`;
  return [JSON.stringify({ status: healthy ? 'warn' : 'fail', output: `${summary}${reason}` })];
}

function clusterObject(verdict: ClusterVerdict, optional: boolean): string {
  const { available, total, summary, healthy } = verdict;
  const status: HealthWord = healthy ? (verdict.status === 'healthy' ? 'pass' : 'warn') : 'fail';
  return JSON.stringify({
    status,
    available,
    total,
    ...(status === 'pass' ? {} : { output: summary }),
    ...(optional ? { optional } : {}),
  });
}

function endpointObject(health: EndpointHealth): string {
  const { endpoint, state, reason, sinceMs, lastResultMs, checkMs, flags } = health;
  const status = endpointWord(health);
  return JSON.stringify({
    componentId: endpoint.key,
    status,
    ...(lastResultMs === null ? {} : { time: new Date(lastResultMs).toISOString() }),
    ...(checkMs === null ? {} : { observedValue: Math.round(checkMs * 1000) / 1000, observedUnit: 'ms' }),
    ...(status === 'pass' || reason === '' ? {} : { output: toPrintable(reason, MAX_REASON_LENGTH) }),
    since: new Date(sinceMs).toISOString(),
    state,
    ...(flags === undefined ? {} : { flags }),
    ...traitFields(endpoint),
    ...(endpoint.origin === undefined ? {} : originFields(endpoint.origin)),
  });
}

/** What is not told is left out. */
function traitFields({ labels, weight, priority }: EndpointTraits): object {
  return {
    ...(labels === undefined ? {} : { labels: printLabels(labels) }),
    ...(weight === undefined ? {} : { weight }),
    ...(priority === undefined ? {} : { priority }),
  };
}

/** Names and values are what somebody else configured. */
function printLabels(labels: Labels): object {
  return Object.fromEntries(
    Object.entries(labels).map(([name, value]) => [
      toPrintable(name, MAX_ORIGIN_NAME_LENGTH),
      toPrintable(value, MAX_ORIGIN_NAME_LENGTH),
    ]),
  );
}

/** The names are what somebody else configured, and may be of any length. What is empty is left out. */
function originFields(origin: EndpointOrigin): object {
  const { cluster, priority, weight, locality, hintZones, canary, panic, sourceState } = origin;
  const texts = Object.entries({ region: locality.region, zone: locality.zone, subZone: locality.subZone });
  const place = texts.flatMap(([key, text]) => (text === '' ? [] : [[key, toPrintable(text, MAX_ORIGIN_NAME_LENGTH)]]));
  return {
    cluster: toPrintable(cluster, MAX_ORIGIN_NAME_LENGTH),
    priority,
    weight,
    ...(place.length === 0 ? {} : { locality: Object.fromEntries(place) }),
    ...(hintZones === undefined ? {} : { hintZones: hintZones.map((zone) => toPrintable(zone, MAX_ORIGIN_NAME_LENGTH)) }),
    ...(canary === null ? {} : { canary }),
    ...(panic ? { panic } : {}),
    ...(sourceState === null ? {} : { sourceState }),
  };
}

function pageWord({ healthy, status }: HealthPage): HealthWord {
  return healthy ? (status === 'degraded' ? 'warn' : 'pass') : 'fail';
}

function endpointWord(health: EndpointHealth): HealthWord {
  return isAvailable(countedState(health)) ? (health.state === 'healthy' ? 'pass' : 'warn') : 'fail';
}
