import type { TSchema } from 'typebox';

/**
 * Annotations of ours that schemas carry beside JSON Schema's own: they word problems and fill the documentation. The
 * published JSON Schema is without them.
 */
export interface KeyNotes {
  /** Completes `must be …`. */
  readonly expects?: string;
  /** What the documentation shows as the type, with the unit. */
  readonly kind?: string;
  /** What the documentation shows as the range. */
  readonly range?: string;
  /** What the documentation shows as the default where it is computed. */
  readonly defaultText?: string;
  /** The value is never repeated in a problem. */
  readonly secret?: boolean;
}

/** The annotations of a schema; a text that it has not is empty. */
export type SchemaNotes = Readonly<Required<KeyNotes>> & { readonly description: string };

export function readNotes(schema: TSchema): SchemaNotes {
  const values = new Map<string, unknown>(Object.entries(schema));
  const text = (key: keyof SchemaNotes): string => {
    const value = values.get(key);
    return typeof value === 'string' ? value : '';
  };
  return {
    description: text('description'),
    expects: text('expects'),
    kind: text('kind'),
    range: text('range'),
    defaultText: text('defaultText'),
    secret: values.get('secret') === true,
  };
}

/** Whether a key may be left out of a file: it has a default, or does without. */
export function isRequired(schema: TSchema): boolean {
  return !('~optional' in schema) && !('default' in schema);
}
