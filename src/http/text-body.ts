import { countedState, isAvailable } from '../aggregation/cluster-verdict.ts';
import type { ClusterVerdict } from '../aggregation/verdict.ts';
import type { Endpoint, EndpointOrigin, Labels } from '../model/endpoint.ts';
import type { EndpointHealth } from '../model/health-view.ts';
import { type Details, type EntryFormat, writeEntries } from './body-entries.ts';
import type { HealthPage, PagePart } from './health-page.ts';
import { MAX_ORIGIN_NAME_LENGTH, MAX_REASON_LENGTH, toPrintable } from './printable.ts';

/** What of the names in `?exclude=` that match nothing is repeated: enough to see a typing error. */
const MAX_UNKNOWN_NAMES = 8;
const MAX_UNKNOWN_NAME_LENGTH = 63;
/** Lines about priorities whose health a source ignores. */
const MAX_PANICS = 8;
/** Labels of an endpoint that its line shows. */
const MAX_SHOWN_LABELS = 8;

/** The body without `?verbose`: a word that people know from Kubernetes and from Envoy recipes, without a line end. */
export function renderWord(page: HealthPage): string {
  return page.healthy ? 'ok' : 'unavailable';
}

/** The text of `?verbose`, as Kubernetes' API server writes it: a line per part, then whether the check passed. */
export function renderVerboseText(page: HealthPage, details: Details, maxBytes: number): string {
  const tail = `${warnings(page.unknownExcludes)}${page.check} check ${page.healthy ? 'passed' : 'failed'}\n`;
  if (details === 'none') {
    return tail;
  }
  const reservedBytes = Buffer.byteLength(tail) + omittedLine(Number.MAX_SAFE_INTEGER).length;
  const { entries, omitted } = writeEntries(page.parts, details, maxBytes - reservedBytes, details === 'full' ? FULL : COUNTS);
  const lines = entries.map((entry) => entry.open + entry.pieces.join('')).join('');
  return lines + omittedLine(omitted) + tail;
}

function omittedLine(omitted: number): string {
  return omitted === 0 ? '' : `omitted: ${omitted}\n`;
}

const COUNTS: EntryFormat = { open: partLine, own: () => [], endpoint: indentedEndpointLine, overheadBytes: 0 };
const FULL: EntryFormat = { ...COUNTS, own: sourceLines };

function partLine(part: PagePart): string {
  switch (part.kind) {
    case 'cluster':
      return part.excluded ? `[+]${part.verdict.name} excluded: ok\n` : clusterLine(part.verdict, part.optional);
    case 'endpoint':
      return endpointLine(part.endpoint);
    case 'condition':
      return part.failure === '' ? `[+]${part.name} ok\n` : `[-]${part.name} failed: ${part.failure}\n`;
  }
}

function clusterLine(verdict: ClusterVerdict, optional: boolean): string {
  const remark = optional ? ' (optional)' : '';
  if (!verdict.healthy) {
    return `[-]${verdict.name} failed: ${verdict.summary}${remark}\n`;
  }
  return isFlawless(verdict) ? `[+]${verdict.name} ok\n` : `[+]${verdict.name} ok: ${verdict.summary}${remark}\n`;
}

/** Every endpoint is healthy and discovery works, so that `ok` says it all. */
function isFlawless({ status, available, endpoints, discoveryReason }: ClusterVerdict): boolean {
  return status === 'healthy' && available > 0 && available === endpoints.length && discoveryReason === '';
}

/** What the source of the endpoints is not able to do, or does that the answer does not follow. */
function sourceLines(part: PagePart): readonly string[] {
  if (part.kind !== 'cluster' || part.excluded) {
    return [];
  }
  const { discoveryReason, endpoints } = part.verdict;
  const failure = discoveryReason === '' ? [] : [`    discovery failed: ${toPrintable(discoveryReason, MAX_REASON_LENGTH)}\n`];
  return [...failure, ...panicLines(endpoints)];
}

function panicLines(endpoints: readonly EndpointHealth[]): readonly string[] {
  const panicking = new Set<string>();
  for (const {
    endpoint: { origin },
  } of endpoints) {
    if (origin?.panic === true && panicking.size < MAX_PANICS) {
      panicking.add(`priority ${origin.priority} of ${JSON.stringify(toPrintable(origin.cluster, MAX_ORIGIN_NAME_LENGTH))}`);
    }
  }
  return [...panicking].map(
    (what) => `    panic: Envoy ignores health within ${what}, as less than half is healthy, unless it is configured otherwise\n`,
  );
}

function indentedEndpointLine(health: EndpointHealth): string {
  return `    ${endpointLine(health)}`;
}

function endpointLine(health: EndpointHealth): string {
  const { endpoint, state, reason, sinceMs } = health;
  const available = isAvailable(countedState(health));
  const key = toPrintable(endpoint.key, MAX_REASON_LENGTH);
  const place = endpointRemark(endpoint, available);
  if (state === 'healthy') {
    return `[+]${key} ok${place}\n`;
  }
  const why = reason === '' ? '' : `: ${toPrintable(reason, MAX_REASON_LENGTH)}`;
  return `[${available ? '+' : '-'}]${key} ${state} since ${new Date(sinceMs).toISOString()}${place}${why}\n`;
}

/** What sets an endpoint apart from one that is configured by its address alone. */
function endpointRemark({ origin, labels, weight = 1, priority = 0 }: Endpoint, available: boolean): string {
  const words = [
    ...rankWords(origin?.priority ?? priority, origin?.weight ?? weight),
    ...(labels === undefined ? [] : labelWords(labels)),
    ...(origin === undefined ? [] : originWords(origin, available)),
  ];
  return words.length === 0 ? '' : ` (${words.join(', ')})`;
}

function rankWords(priority: number, weight: number): readonly string[] {
  return [...(priority === 0 ? [] : [`priority ${priority}`]), ...(weight === 1 ? [] : [`weight ${weight}`])];
}

/** A line has room for a few; the JSON has them all. */
function labelWords(labels: Labels): readonly string[] {
  const words = Object.entries(labels).map(([name, value]) => toPrintable(`${name}=${value}`, MAX_ORIGIN_NAME_LENGTH));
  const more = words.length - MAX_SHOWN_LABELS;
  return more > 0 ? [...words.slice(0, MAX_SHOWN_LABELS), `${more} labels more`] : words;
}

function originWords(origin: EndpointOrigin, available: boolean): readonly string[] {
  const { locality, hintZones, canary, sourceState } = origin;
  const { region, zone, subZone } = locality;
  const place = [region, zone, subZone].filter((name) => name !== '').join('/');
  return [
    ...(place === '' ? [] : [toPrintable(place, MAX_ORIGIN_NAME_LENGTH)]),
    ...(hintZones === undefined ? [] : [toPrintable(`for ${hintZones.join(' ')}`, MAX_ORIGIN_NAME_LENGTH)]),
    ...(canary === true ? ['canary'] : []),
    // The reason says it of one that is not available.
    ...(sourceState === null || !available ? [] : [`its Envoy is ${sourceState}`]),
  ];
}

function warnings(unknown: readonly string[]): string {
  if (unknown.length === 0) {
    return '';
  }
  const shown = unknown.slice(0, MAX_UNKNOWN_NAMES).map((name) => JSON.stringify(toPrintable(name, MAX_UNKNOWN_NAME_LENGTH)));
  const more = unknown.length > shown.length ? ` and ${unknown.length - shown.length} more` : '';
  return `warn: nothing to exclude is named ${shown.join(', ')}${more}\n`;
}
