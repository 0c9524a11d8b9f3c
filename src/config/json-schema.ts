import { type TSchema, Type } from 'typebox';
import { isRequired, type KeyNotes, readNotes } from './notes.ts';
import { ConfigSchema } from './schema.ts';

type JsonSchema = Record<string, unknown>;

/** Our annotations: their content goes into the descriptions. */
const NOTES: ReadonlySet<string> = new Set(['rule', 'expects', 'kind', 'range', 'defaultText', 'secret'] satisfies (
  | keyof KeyNotes
  | 'rule'
)[]);

/**
 * The JSON Schema (draft 2020-12) of a configuration file, for editors. It accepts whatever the bridge accepts and refuses
 * unknown keys; ranges of durations, and what one key means for another, only the bridge itself checks.
 */
export function createJsonSchema(): JsonSchema {
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'grpc-health-bridge configuration',
    ...convert(ConfigSchema),
  };
}

function convert(schema: TSchema): JsonSchema {
  const plain: JsonSchema = Object.fromEntries(Object.entries(schema).filter(([key]) => !NOTES.has(key)));
  const description = describe(schema);
  const result = description === '' ? plain : { ...plain, description };
  if (Type.IsObject(schema)) {
    return { ...result, properties: mapValues(schema.properties, convert), required: requiredKeys(schema) };
  }
  if (Type.IsRecord(schema)) {
    return { ...result, patternProperties: mapValues(schema.patternProperties, convert) };
  }
  if (Type.IsArray(schema)) {
    return { ...result, items: convert(schema.items) };
  }
  return Type.IsUnion(schema) ? { ...result, anyOf: schema.anyOf.map(convert) } : result;
}

/** TypeBox demands keys with a default too, as it describes a configuration that is complete. */
function requiredKeys({ properties }: Type.TObject): readonly string[] {
  return Object.entries(properties)
    .filter(([, property]) => isRequired(property))
    .map(([key]) => key);
}

function describe(schema: TSchema): string {
  const { description, range, defaultText } = readNotes(schema);
  const parts = [description, range === '' ? '' : `Range: ${range}.`, defaultText === '' ? '' : `Default: ${defaultText}.`];
  return parts.filter((part) => part !== '').join(' ');
}

function mapValues(record: Readonly<Record<string, TSchema>>, map: (schema: TSchema) => JsonSchema): Record<string, JsonSchema> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value)]));
}
