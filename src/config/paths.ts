/** The path of a value inside a list or an object: `a[0]`, `a.b`, or `a["b c"]` where the key is no plain word. */
export function joinPath(path: string, key: string | number): string {
  if (typeof key === 'number') {
    return `${path}[${key}]`;
  }
  if (!/^[A-Za-z_][\w-]{0,63}$/.test(key)) {
    return `${path}[${JSON.stringify(shorten(key))}]`;
  }
  return path === '' ? key : `${path}.${key}`;
}

/** Whether a value is what YAML's mappings and JSON's objects become. */
export function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && isPlainPrototype(Object.getPrototypeOf(value));
}

/** At most 60 characters of a text, or as many as are asked for, the end of a longer one replaced by an ellipsis. */
export function shorten(text: string, most = MAX_SHOWN): string {
  return text.length > most ? `${text.slice(0, most - 1)}…` : text;
}

const MAX_SHOWN = 60;

function isPlainPrototype(prototype: unknown): boolean {
  return prototype === Object.prototype || prototype === null;
}

/** A value and where it stands. */
export interface Placed<Value> {
  readonly path: string;
  readonly value: Value;
}
