import { type LineForm, LineWriter } from './line-writer.ts';

/** Texts that are kept; then it begins anew, as what comes often is back at once. */
export const MAX_CACHED_TEXTS = 1024;
/** What is shown of a text, escaped. Octets. */
const MAX_TEXT_OCTETS = 1024;

/** Texts that come again and again, such as addresses and names, as the octets that lines have for them. */
export class TextCache {
  readonly #form: LineForm;
  readonly #known = new Map<string, Uint8Array>();

  constructor(form: LineForm) {
    this.#form = form;
  }

  /** The escaped octets of a text. */
  octetsOf(text: string): Uint8Array {
    const known = this.#known.get(text);
    if (known !== undefined) {
      return known;
    }
    const writer = new LineWriter(this.#form);
    writer.octets = Buffer.alloc(MAX_TEXT_OCTETS);
    writer.end = MAX_TEXT_OCTETS;
    const octets = Buffer.from(text);
    writer.value(octets, 0, octets.length);
    const made = Uint8Array.from(writer.octets.subarray(0, writer.at));
    if (this.#known.size >= MAX_CACHED_TEXTS) {
      this.#known.clear();
    }
    this.#known.set(text, made);
    return made;
  }
}
