import { ApiFailure } from './api-client.ts';
import { parseSlice, type Slice } from './endpoint-slice.ts';
import { MAX_SLICES } from './slice-set.ts';

/** Slices that are asked for at once. */
const PAGE_SLICES = 500;
/** Pages of one list: an API server may send fewer slices than it was asked for, but not less than some. */
export const MAX_PAGES = 20;

/** All slices of a Service at one moment. */
export interface SliceList {
  /** By name. */
  readonly slices: ReadonlyMap<string, Slice>;
  /** Where a watch begins that misses nothing. */
  readonly resourceVersion: string;
}

/**
 * Asks page by page (Kubernetes API concepts, "Retrieving large results sets in chunks").
 *
 * @param ask for the page that these parameters name.
 * @throws ApiFailure, or RangeError when there is more than there may be.
 */
export async function listSlices(ask: (query: Readonly<Record<string, string>>) => Promise<unknown>): Promise<SliceList> {
  const slices = new Map<string, Slice>();
  let next = '';
  for (let pages = 1; pages <= MAX_PAGES; pages += 1) {
    const page = readPage(await ask({ limit: String(PAGE_SLICES), continue: next }));
    page.slices.forEach((slice) => slices.set(slice.name, slice));
    checkSliceCount(slices);
    if (page.next === '') {
      return { slices, resourceVersion: page.resourceVersion };
    }
    ({ next } = page);
  }
  throw new RangeError(`the API server sent more than ${MAX_PAGES} pages`);
}

/** @throws RangeError */
export function checkSliceCount(slices: ReadonlyMap<string, Slice>): void {
  if (slices.size > MAX_SLICES) {
    throw new RangeError(`more than ${MAX_SLICES} EndpointSlices`);
  }
}

interface Page {
  readonly slices: readonly Slice[];
  /** Where the next page begins; empty for the last. */
  readonly next: string;
  readonly resourceVersion: string;
}

function readPage(value: unknown): Page {
  const items: unknown = typeof value === 'object' && value !== null && 'items' in value ? value.items : undefined;
  const metadata: unknown = typeof value === 'object' && value !== null && 'metadata' in value ? value.metadata : undefined;
  if (typeof metadata !== 'object' || metadata === null || !('resourceVersion' in metadata)) {
    throw new ApiFailure(0, 'the API server sent no list of EndpointSlices');
  }
  const slices = (Array.isArray(items) ? items : []).flatMap((item) => {
    const result = parseSlice(item);
    if (result.kind === 'invalid') {
      throw new ApiFailure(0, result.reason);
    }
    return result.kind === 'slice' ? [result.slice] : [];
  });
  const next = 'continue' in metadata && typeof metadata.continue === 'string' ? metadata.continue : '';
  return { slices, next, resourceVersion: String(metadata.resourceVersion) };
}
