import { ApiFailure } from './api-client.ts';
import type { Resource } from './resource.ts';

/** Pages of one list: an API server may send fewer objects than it was asked for, but not less than some. */
export const MAX_PAGES = 20;

/** All objects of a kind at one moment. */
export interface ResourceList<Item> {
  /** By name. */
  readonly items: Map<string, Item>;
  /** Where a watch begins that misses nothing. */
  readonly resourceVersion: string;
}

/**
 * Asks page by page (Kubernetes API concepts, "Retrieving large results sets in chunks").
 *
 * @param ask for the page that these parameters name.
 * @throws ApiFailure, or RangeError when there is more than there may be.
 */
export async function listItems<Item extends { readonly name: string }>(
  resource: Resource<Item>,
  ask: (query: Readonly<Record<string, string>>) => Promise<unknown>,
): Promise<ResourceList<Item>> {
  const items = new Map<string, Item>();
  let next = '';
  for (let pages = 1; pages <= MAX_PAGES; pages += 1) {
    const page = readPage(resource, await ask({ limit: String(resource.pageItems), continue: next }));
    page.items.forEach((item) => items.set(item.name, item));
    checkItemCount(resource, items.size);
    if (page.next === '') {
      return { items, resourceVersion: page.resourceVersion };
    }
    ({ next } = page);
  }
  throw new RangeError(`the API server sent more than ${MAX_PAGES} pages`);
}

/** @throws RangeError */
export function checkItemCount({ noun, maxItems }: { readonly noun: string; readonly maxItems: number }, count: number): void {
  if (count > maxItems) {
    throw new RangeError(`more than ${maxItems} ${noun}s`);
  }
}

interface Page<Item> {
  readonly items: readonly Item[];
  /** Where the next page begins; empty for the last. */
  readonly next: string;
  readonly resourceVersion: string;
}

function readPage<Item extends { readonly name: string }>({ noun, parse }: Resource<Item>, value: unknown): Page<Item> {
  const found: unknown = typeof value === 'object' && value !== null && 'items' in value ? value.items : undefined;
  const metadata: unknown = typeof value === 'object' && value !== null && 'metadata' in value ? value.metadata : undefined;
  if (typeof metadata !== 'object' || metadata === null || !('resourceVersion' in metadata)) {
    throw new ApiFailure(0, `the API server sent no list of ${noun}s`);
  }
  const items = (Array.isArray(found) ? found : []).flatMap((each) => {
    const result = parse(each);
    if (result.kind === 'invalid') {
      throw new ApiFailure(0, result.reason);
    }
    return result.kind === 'item' ? [result.item] : [];
  });
  const next = 'continue' in metadata && typeof metadata.continue === 'string' ? metadata.continue : '';
  return { items, next, resourceVersion: String(metadata.resourceVersion) };
}
