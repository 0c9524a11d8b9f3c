import { shorten } from './paths.ts';

/** Shows the value that was met, as the end of a problem. Of objects and lists only the kind: they may hold secrets. */
export function describeGot(value: unknown): string {
  return `(got ${describe(value)})`;
}

function describe(value: unknown): string {
  if (typeof value === 'string') {
    return JSON.stringify(shorten(value));
  }
  if (Array.isArray(value)) {
    return 'a list';
  }
  if (typeof value === 'object' && value !== null) {
    return 'an object';
  }
  return String(value);
}
