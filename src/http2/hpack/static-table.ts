import { createField, Field } from './field.ts';
import { knownName } from './field-name.ts';
import { STATIC_ENTRIES } from './static-entries.ts';

/** Entries of the static table (RFC 7541, appendix A). */
export const STATIC_ENTRY_COUNT = 61;

const NO_FIELD: Field = new Field();

const STATIC_FIELDS: readonly Field[] = STATIC_ENTRIES.map(toField);

function toField([name, value]: (typeof STATIC_ENTRIES)[number], place: number): Field {
  const field = createField(knownName(name), Buffer.from(value));
  field.staticIndex = place + 1;
  return field;
}

/** The entry at an index from 1 to STATIC_ENTRY_COUNT. */
export function staticField(index: number): Field {
  return STATIC_FIELDS[index - 1] ?? NO_FIELD;
}

/** The entry of that name and value, if there is one. */
export function findStaticField(field: Field): Field | null {
  const first = field.name.staticIndex;
  for (let index = first; index > 0 && index <= STATIC_ENTRY_COUNT; index++) {
    const entry = staticField(index);
    if (entry.name !== field.name) {
      return null;
    }
    if (entry.valueText() === field.valueText()) {
      return entry;
    }
  }
  return null;
}
