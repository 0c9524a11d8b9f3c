import { isJsonSpace, JsonValue } from './json-value.ts';
import { ListingError } from './listing.ts';

/** The lists and objects of a `Clusters` message that are entered; everything else is read as one value. */
export type JsonPlace = 'root' | 'clusters' | 'cluster' | 'hosts';

/** Called as the pieces come. */
export interface JsonPieceHandler {
  /** A cluster begins. */
  onCluster(): void;
  /** A field of the root or of the current cluster with its text; `host_statuses` and `cluster_statuses` are entered instead. */
  onField(place: 'root' | 'cluster', key: string, text: string): void;
  /** Whether texts of hosts are wanted now: what is not wanted is passed over. */
  wantsHosts(): boolean;
  onHost(text: string): void;
  /** The list of that name begins. */
  onList(key: string): void;
  /** The cluster, all of it, has been read. */
  onClusterEnd(): void;
}

type Expected = 'value' | 'valueOrEnd' | 'key' | 'keyOrEnd' | 'colon' | 'commaOrEnd' | 'nothing';

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/** The keys whose values are entered. */
const ENTERED: Readonly<Record<JsonPlace, string>> = {
  root: 'cluster_statuses',
  cluster: 'host_statuses',
  clusters: '',
  hosts: '',
};

/**
 * Cuts the octets of a `Clusters` message in JSON into values that are small enough to be parsed at one go, as they come: parsing an
 * answer of tens of MiB as a whole would hold up everything else. Whether the values are JSON is for who parses them.
 */
export class JsonPieces {
  readonly #handler: JsonPieceHandler;
  readonly #places: JsonPlace[] = [];
  #expected: Expected = 'value';
  #key = '';
  readonly #value = new JsonValue();
  #isKey = false;

  constructor(handler: JsonPieceHandler) {
    this.#handler = handler;
  }

  push(octets: Buffer): void {
    let at = 0;
    while (at < octets.length) {
      at = this.#value.isOpen ? this.#readValue(octets, at) : this.#structure(octets, at);
    }
  }

  end(): void {
    if (this.#expected !== 'nothing') {
      throw new ListingError('the JSON is cut off');
    }
  }

  /** Takes white space and one sign, or finds where a value begins. */
  #structure(octets: Buffer, from: number): number {
    let at = from;
    while (at < octets.length && isJsonSpace(octets[at])) {
      at += 1;
    }
    const sign = octets[at];
    if (sign === undefined) {
      return at;
    }
    switch (this.#expected) {
      case 'value':
        return this.#begin(sign, at);
      case 'valueOrEnd':
        return sign === CLOSE_LIST ? this.#leave(at) : this.#begin(sign, at);
      case 'key':
        return this.#beginKey(sign, at);
      case 'keyOrEnd':
        return sign === CLOSE_OBJECT ? this.#leave(at) : this.#beginKey(sign, at);
      case 'colon':
        return this.#after(sign === COLON, 'value', at);
      case 'commaOrEnd':
        return this.#commaOrEnd(sign, at);
      case 'nothing':
        throw new ListingError('something follows the JSON');
    }
  }

  #after(fits: boolean, expected: Expected, at: number): number {
    if (!fits) {
      throw notJson();
    }
    this.#expected = expected;
    return at + 1;
  }

  #commaOrEnd(sign: number, at: number): number {
    const inObject = this.#place === 'root' || this.#place === 'cluster';
    return sign === (inObject ? CLOSE_OBJECT : CLOSE_LIST)
      ? this.#leave(at)
      : this.#after(sign === COMMA, inObject ? 'key' : 'value', at);
  }

  get #place(): JsonPlace | undefined {
    return this.#places.at(-1);
  }

  #beginKey(sign: number, at: number): number {
    if (sign !== QUOTE) {
      throw notJson();
    }
    this.#isKey = true;
    return this.#beginValue(sign, at);
  }

  /** Enters the lists and objects that are known by place, and reads everything else as one value. */
  #begin(sign: number, at: number): number {
    const place = this.#place;
    if (place === undefined) {
      return this.#enter('root', sign === OPEN_OBJECT, at);
    }
    if (place === 'clusters') {
      this.#handler.onCluster();
      return this.#enter('cluster', sign === OPEN_OBJECT, at);
    }
    if (place !== 'hosts' && this.#key === ENTERED[place]) {
      this.#handler.onList(this.#key);
      return this.#enter(place === 'root' ? 'clusters' : 'hosts', sign === OPEN_LIST, at);
    }
    if (place === 'hosts' && sign !== OPEN_OBJECT) {
      throw new ListingError('a host in the JSON is no object');
    }
    return this.#beginValue(sign, at);
  }

  #enter(place: JsonPlace, fits: boolean, at: number): number {
    this.#places.push(place);
    return this.#after(fits, place === 'root' || place === 'cluster' ? 'keyOrEnd' : 'valueOrEnd', at);
  }

  #leave(at: number): number {
    if (this.#places.pop() === 'cluster') {
      this.#handler.onClusterEnd();
    }
    this.#expected = this.#places.length === 0 ? 'nothing' : 'commaOrEnd';
    return at + 1;
  }

  #beginValue(sign: number, at: number): number {
    this.#value.begin(sign);
    return at;
  }

  /** Reads on in a value until it ends or the octets do. */
  #readValue(octets: Buffer, from: number): number {
    const end = this.#value.read(octets, from, this.#isWanted());
    if (end === null) {
      return octets.length;
    }
    this.#deliver(octets.subarray(from, end));
    return end;
  }

  #isWanted(): boolean {
    return this.#place !== 'hosts' || this.#handler.wantsHosts();
  }

  #deliver(lastPiece: Buffer): void {
    if (this.#isKey) {
      this.#isKey = false;
      this.#key = parseKey(this.#value.text(lastPiece));
      this.#expected = 'colon';
      return;
    }
    this.#expected = 'commaOrEnd';
    const place = this.#place;
    if (place === 'root' || place === 'cluster') {
      this.#handler.onField(place, this.#key, this.#value.text(lastPiece));
    } else if (this.#isWanted()) {
      this.#handler.onHost(this.#value.text(lastPiece));
    }
  }
}

function parseKey(text: string): string {
  try {
    return String(JSON.parse(text));
  } catch {
    throw notJson();
  }
}

function notJson(): ListingError {
  return new ListingError('it is no JSON');
}
