import type { EndpointHealth } from '../model/health-view.ts';
import type { PagePart } from './health-page.ts';

/** How much of an answer's body may be told: nothing beyond the code, clusters with numbers, or endpoints with reasons. */
export type Details = 'none' | 'counts' | 'full';

/** How one format writes the pieces of a page. */
export interface EntryFormat {
  /** What opens a part. */
  open(part: PagePart): string;
  /** What a part says of itself beside its endpoints. */
  own(part: PagePart): readonly string[];
  endpoint(endpoint: EndpointHealth): string;
  /** Octets that go between, around or after each piece at most. */
  readonly overheadBytes: number;
}

/** A part that fits, with the pieces of it that fit. */
export interface Entry {
  readonly open: string;
  readonly pieces: readonly string[];
}

/** What of a page fits into a body. */
export interface Entries {
  /** In the order of the page. */
  readonly entries: readonly Entry[];
  /** How many parts and endpoints were left out. */
  readonly omitted: number;
}

interface Draft {
  readonly index: number;
  readonly open: string;
  readonly pieces: string[];
  readonly endpoints: readonly EndpointHealth[];
  /** How many of the endpoints, which stand first, are not available. */
  readonly failing: number;
  /** How many endpoints are written. */
  written: number;
}

/**
 * Writes as much of a page as fits into `maxBytes`: all parts before any endpoint, what fails before what does not, and
 * endpoints of every part in turn, so that one large cluster does not hide the others. Nothing that is left out is
 * written first, so that the cost follows the size of the body rather than that of the cluster.
 */
export function writeEntries(parts: readonly PagePart[], details: Details, maxBytes: number, format: EntryFormat): Entries {
  const budget = new Budget(maxBytes, format.overheadBytes);
  const drafts = openParts(parts, details, budget, format);
  writeEndpoints(drafts, (draft) => draft.failing, budget, format);
  writeEndpoints(drafts, (draft) => draft.endpoints.length, budget, format);
  const written = drafts.reduce((sum, draft) => sum + draft.written, drafts.length);
  const all = parts.reduce((sum, part) => sum + endpointsOf(part, details).length, parts.length);
  return { entries: drafts.toSorted((a, b) => a.index - b.index), omitted: all - written };
}

/** Octets left. Once something did not fit, nothing fits any more: a gap would look like an order. */
class Budget {
  #left: number;
  readonly #overheadBytes: number;

  constructor(maxBytes: number, overheadBytes: number) {
    this.#left = maxBytes;
    this.#overheadBytes = overheadBytes;
  }

  isExhausted(): boolean {
    return this.#left < 0;
  }

  take(...texts: readonly string[]): boolean {
    for (const text of texts) {
      this.#left -= Buffer.byteLength(text) + this.#overheadBytes;
    }
    return !this.isExhausted();
  }
}

function openParts(parts: readonly PagePart[], details: Details, budget: Budget, format: EntryFormat): Draft[] {
  const drafts: Draft[] = [];
  for (const failing of [true, false]) {
    for (const [index, part] of parts.entries()) {
      if (isFailing(part) === failing && !budget.isExhausted()) {
        const open = format.open(part);
        const pieces = [...format.own(part)];
        if (budget.take(open, ...pieces)) {
          const endpoints = endpointsOf(part, details);
          const available = part.kind === 'cluster' ? part.verdict.available : 0;
          drafts.push({ index, open, pieces, endpoints, failing: endpoints.length - available, written: 0 });
        }
      }
    }
  }
  return drafts;
}

function writeEndpoints(drafts: readonly Draft[], end: (draft: Draft) => number, budget: Budget, format: EntryFormat): void {
  let active = drafts.filter((draft) => draft.written < end(draft));
  while (active.length > 0 && !budget.isExhausted()) {
    for (const draft of active) {
      const endpoint = draft.endpoints[draft.written];
      if (endpoint === undefined || budget.isExhausted()) {
        return;
      }
      const text = format.endpoint(endpoint);
      if (budget.take(text)) {
        draft.pieces.push(text);
        draft.written += 1;
      }
    }
    active = active.filter((draft) => draft.written < end(draft));
  }
}

function isFailing(part: PagePart): boolean {
  switch (part.kind) {
    case 'cluster':
      return !part.excluded && !part.verdict.healthy;
    case 'endpoint':
      return false;
    case 'condition':
      return part.failure !== '';
  }
}

function endpointsOf(part: PagePart, details: Details): readonly EndpointHealth[] {
  return part.kind === 'cluster' && details === 'full' && !part.excluded ? part.verdict.endpoints : [];
}
