import { type Field, type FieldList, NameId } from '../http2/index.ts';
import type { Random } from '../util/random.ts';
import { XxHash64 } from '../util/xx-hash64.ts';

/** Something of a request that may decide where it goes. Envoy: `hash_policy` of a route. */
export type HashTerm =
  /** The values of all header fields of that name, which is in small letters. `host` is `:authority` as well. Envoy: `header`. */
  | { readonly kind: 'header'; readonly name: string }
  /** The path with its query; Envoy: `header` of the name `:path`. */
  | { readonly kind: 'path' }
  /** The address of the connection's other end, without port; a unix socket has none. Envoy: `connection_properties.source_ip`. */
  | { readonly kind: 'sourceAddress' };

/** A request that is known as text; a character stands for an octet. */
export interface TextRequest {
  readonly path: string;
  /** Null for none. */
  readonly authority: string | null;
  /** The values of all header fields of that name, in small letters. */
  valuesOf(name: string): readonly string[];
}

/** Longer values are copied. Octets. */
const SCRATCH_OCTETS = 4096;
const PLACES = 2 ** 32;

/**
 * Hashes requests by what they have in common: XXH64 of each term, and of several the exclusive or, after what came before has been rotated by
 * a bit, as Envoy does it. One object serves all requests of a cluster; of a request with a value for each term it makes no garbage.
 */
export class RequestHash {
  readonly #terms: readonly HashTerm[];
  readonly #random: Random;
  readonly #hash = new XxHash64();
  readonly #scratch = Buffer.alloc(SCRATCH_OCTETS);
  #high = 0;
  #low = 0;
  #isEmpty = true;

  /** `random` gives the hashes of requests that have none of the terms: Envoy picks any endpoint for them, too. */
  constructor(terms: readonly HashTerm[], random: Random) {
    this.#terms = terms;
    this.#random = random;
  }

  /** The hash of an HTTP/2 request: 32 bits, unsigned, the upper half of Envoy's. */
  of(fields: FieldList, remoteAddress: string): number {
    this.#isEmpty = true;
    for (let index = 0; index < this.#terms.length; index++) {
      const term = this.#terms[index];
      if (term?.kind === 'header') {
        this.#takeFields(fields, term.name);
      } else if (term?.kind === 'path') {
        this.#takeField(fields.get(NameId.PATH));
      } else {
        this.#takeAddress(remoteAddress);
      }
    }
    return this.#end();
  }

  /** The same of a request that is known as text. */
  ofText(request: TextRequest, remoteAddress: string): number {
    this.#isEmpty = true;
    for (const term of this.#terms) {
      if (term.kind === 'header') {
        const isHost = term.name === 'host' && request.authority !== null;
        this.#takeTexts(isHost ? [request.authority] : request.valuesOf(term.name));
      } else if (term.kind === 'path') {
        this.#takeText(request.path);
      } else {
        this.#takeAddress(remoteAddress);
      }
    }
    return this.#end();
  }

  #takeFields(fields: FieldList, name: string): void {
    const authority = name === 'host' ? fields.get(NameId.AUTHORITY) : null;
    if (authority !== null) {
      this.#takeField(authority);
      return;
    }
    let found: Field | null = null;
    for (let index = 0; index < fields.length; index++) {
      const field = fields.at(index);
      if (field.name.text === name) {
        if (found !== null) {
          this.#takeTexts(valuesOf(fields, name));
          return;
        }
        found = field;
      }
    }
    this.#takeField(found);
  }

  #takeField(field: Field | null): void {
    if (field === null) {
      return;
    }
    const length = field.copyValue(this.#scratch);
    if (length >= 0) {
      this.#take(this.#scratch, length);
    } else {
      const octets = field.valueOctets();
      this.#take(octets, octets.length);
    }
  }

  /** Fields of one name count alike in whatever order they come. */
  #takeTexts(values: readonly string[]): void {
    if (values.length > 0) {
      this.#takeText(values.toSorted().join(''));
    }
  }

  #takeAddress(address: string): void {
    if (address !== '') {
      this.#takeText(address);
    }
  }

  #takeText(text: string): void {
    if (text.length <= SCRATCH_OCTETS) {
      this.#take(this.#scratch, this.#scratch.write(text, 'latin1'));
    } else {
      this.#take(Buffer.from(text, 'latin1'), text.length);
    }
  }

  #take(octets: Buffer, length: number): void {
    const hash = this.#hash;
    hash.hash(octets, 0, length);
    const high = this.#isEmpty ? 0 : (this.#high << 1) | (this.#low >>> 31);
    const low = this.#isEmpty ? 0 : (this.#low << 1) | (this.#high >>> 31);
    this.#high = (high ^ hash.high) >>> 0;
    this.#low = (low ^ hash.low) >>> 0;
    this.#isEmpty = false;
  }

  #end(): number {
    return this.#isEmpty ? Math.floor(this.#random() * PLACES) : this.#high;
  }
}

function valuesOf(fields: FieldList, name: string): readonly string[] {
  const values: string[] = [];
  for (let index = 0; index < fields.length; index++) {
    const field = fields.at(index);
    if (field.name.text === name) {
      values.push(field.valueText());
    }
  }
  return values;
}
