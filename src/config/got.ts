import { shorten } from './paths.ts';

/** What shells, envsubst and Compose would fill in. A file is taken as it stands, and many expect otherwise. */
const VARIABLE_REFERENCE = /\$(?:\{|\()?[A-Za-z_]/;

/** Shows the value that was met, as the end of a problem. Of objects and lists only the kind: they may hold secrets. */
export function describeGot(value: unknown): string {
  return `(got ${describe(value)})`;
}

function describe(value: unknown): string {
  if (typeof value === 'string') {
    const shown = JSON.stringify(shorten(value));
    return VARIABLE_REFERENCE.test(value) ? `${shown}: variables are not put in` : shown;
  }
  if (Array.isArray(value)) {
    return 'a list';
  }
  if (typeof value === 'object' && value !== null) {
    return 'an object';
  }
  return String(value);
}
