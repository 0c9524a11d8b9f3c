import { type Field, type FieldList, NameId } from '../../http2/index.ts';

const LAST_ID: number = Math.max(...Object.values(NameId));
const NONE = 255;
const LENGTH_BITS = 31;

/** Finds the fields that a format shows in one pass over a section. */
export class FieldSlots {
  /** The first field of each name, in the order of `names`; null where there is none. */
  readonly fields: (Field | null)[];
  readonly #names: readonly string[];
  /** The slot of each NameId. */
  readonly #slotOfId: Uint8Array;
  readonly #slotOfText: ReadonlyMap<string, number>;
  /** Lengths of the names in `#slotOfText`, as bits modulo 32: most names of others are of no such length. */
  readonly #lengths: number;

  /** @param names in small letters, at most 128, none twice. */
  constructor(names: readonly string[]) {
    this.#names = names;
    this.fields = names.map(() => null);
    this.#slotOfId = new Uint8Array(LAST_ID + 1).fill(NONE);
    const others = new Map<string, number>();
    for (const [slot, name] of names.entries()) {
      const id = idOf(name);
      if (id === null) {
        others.set(name, slot);
      } else {
        this.#slotOfId[id] = slot;
      }
    }
    this.#slotOfText = others;
    this.#lengths = [...others.keys()].reduce((bits, { length }) => bits | (1 << (length & LENGTH_BITS)), 0);
  }

  /** Takes a section, or null for none. The fields are those of the list: good as long as it is. */
  read(list: FieldList | null): void {
    const { fields } = this;
    for (let slot = 0; slot < fields.length; slot++) {
      fields[slot] = null;
    }
    if (list === null || fields.length === 0) {
      return;
    }
    for (let index = 0; index < list.length; index++) {
      const field = list.at(index);
      const slot = this.#slotOf(field);
      if (slot !== NONE && fields[slot] === null) {
        fields[slot] = field;
      }
    }
  }

  /** The slot of a name that was given. */
  slotOfName(name: string): number {
    return this.#names.indexOf(name);
  }

  #slotOf({ name }: Field): number {
    if (name.id > 0 && name.id <= LAST_ID) {
      return this.#slotOfId[name.id] ?? NONE;
    }
    return (this.#lengths & (1 << (name.length & LENGTH_BITS))) === 0 ? NONE : (this.#slotOfText.get(name.text) ?? NONE);
  }
}

function idOf(name: string): number | null {
  const key = name.replace(/^:/, '').toUpperCase().replaceAll('-', '_');
  const found = Object.entries(NameId).find(([each]) => each === key)?.[1] ?? null;
  // A pseudo-header field is not the field of the same letters, as in :path and path.
  return found !== null && found <= NameId.PROTOCOL === name.startsWith(':') ? found : null;
}
