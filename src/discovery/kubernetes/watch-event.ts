import type { Resource } from './resource.ts';
import { serverWords } from './server-words.ts';

/**
 * One event of a watch. `gone`: the version that was asked for is too old, whatever came since is lost; `error`: anything else
 * that ends a watch.
 */
export type WatchEvent<Item> =
  | { readonly kind: 'put'; readonly item: Item; readonly resourceVersion: string }
  | { readonly kind: 'removed'; readonly name: string; readonly resourceVersion: string }
  | { readonly kind: 'bookmark'; readonly resourceVersion: string }
  | { readonly kind: 'gone' }
  | { readonly kind: 'error'; readonly reason: string };

/** Reads one line of a watch stream. */
export function parseWatchEvent<Item extends { readonly name: string }>(
  line: string,
  { noun, parse }: Pick<Resource<Item>, 'noun' | 'parse'>,
): WatchEvent<Item> {
  const event = parseJson(line);
  const type = field(event, 'type');
  const object = field(event, 'object');
  const metadata = field(object, 'metadata');
  const version = field(metadata, 'resourceVersion');
  const resourceVersion = typeof version === 'string' ? version : '';
  switch (type) {
    case 'ADDED':
    case 'MODIFIED': {
      const result = parse(object);
      if (result.kind === 'ignored') {
        return { kind: 'removed', name: result.name, resourceVersion };
      }
      return result.kind === 'item'
        ? { kind: 'put', item: result.item, resourceVersion }
        : { kind: 'error', reason: result.reason };
    }
    case 'DELETED': {
      const name = field(metadata, 'name');
      return typeof name === 'string'
        ? { kind: 'removed', name, resourceVersion }
        : { kind: 'error', reason: `a deleted ${noun} has no name` };
    }
    case 'BOOKMARK':
      return { kind: 'bookmark', resourceVersion };
    case 'ERROR':
      return isGone(object)
        ? { kind: 'gone' }
        : { kind: 'error', reason: `the API server ended the watch: ${serverWords(object)}` };
    default:
      return { kind: 'error', reason: 'the API server sent no watch event' };
  }
}

function isGone(status: unknown): boolean {
  const reason = field(status, 'reason');
  return field(status, 'code') === 410 || reason === 'Expired' || reason === 'Gone';
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name) ? Reflect.get(value, name) : undefined;
}
