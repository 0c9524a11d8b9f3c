import { XxHash64 } from '../util/xx-hash64.ts';

/** The fewest points of a ring; Envoy: `minimum_ring_size`, gRPC A42: `min_ring_size`. */
export const MIN_RING_POINTS = 1024;
/**
 * Points that the lightest endpoint has in rings of many. Envoy goes on dividing `minimum_ring_size`, so that each of a hundred has eleven and
 * they get very unequal shares; and as each gets more points when one leaves, twice as many calls change places as need to.
 */
export const MIN_POINTS_EACH = 128;
/**
 * The most points that the rules above lead to: as many as are made within some hundredths of a second. Envoy goes to 8,388,608
 * (`maximum_ring_size`), which takes 3.2 s of the one thread here, 1.2 s at each change and 130 MiB; gRPC A42 caps rings at 4,096 by default.
 * Endpoints whose weights are further apart than 1 : 65,536 get the least share, of one point.
 */
export const MAX_RING_POINTS = 65_536;

/** Points and who owns them, in one number: the upper 32 bits of the hash times this, plus the owner. Exact up to 2^53. */
const OWNERS = 2 ** 21;

/** Room for a key, the underscore, and the digits of a number. */
const MAX_DIGITS = 10;

/** An endpoint on the ring. */
export interface RingMember {
  readonly key: string;
  /** 1 or more. */
  readonly weight: number;
}

/** How many points each unit of weight has: so many that the lightest endpoint has a whole number of them. */
export function pointsPerWeight(weights: readonly number[]): number {
  const sum = weights.reduce((total, weight) => total + weight, 0);
  const least = weights.reduce((minimum, weight) => Math.min(minimum, weight), Number.POSITIVE_INFINITY);
  // Envoy: the least-weighted host gets a whole number of hashes, and the ring may become larger for it.
  const wanted = Math.ceil((MIN_RING_POINTS * least) / sum);
  const allowed = Math.floor((MAX_RING_POINTS * least) / sum);
  return Math.min(Math.max(wanted, Math.min(MIN_POINTS_EACH, allowed)) / least, MAX_RING_POINTS / sum);
}

/**
 * Endpoints on a circle of 2^32 places, each at as many as its weight says: a call goes to the first one from its own place on, so that it
 * stays there whoever else comes or goes. Places are the upper halves of XXH64 of the key, an underscore and the number of the point, as with
 * Envoy and gRPC (A42): the same ring comes out wherever it is made, in whatever order endpoints are listed.
 */
export class HashRing {
  /** In ascending order. */
  readonly #places: Uint32Array;
  readonly #owners: Uint32Array;
  /** For each of equal parts of the circle, about as many as there are points, the index of the first point in it or behind. */
  readonly #firsts: Uint32Array;
  /** What leaves of a place the number of its part. */
  readonly #shift: number;

  /** `points`: of members that were on a ring before, which are taken from there, and all of these afterwards. */
  constructor(members: readonly RingMember[], points: PointCache) {
    const perWeight = pointsPerWeight(members.map(({ weight }) => weight));
    const counts = members.map(({ weight }) => Math.max(1, Math.round(perWeight * weight)));
    const packed = new Float64Array(counts.reduce((sum, count) => sum + count, 0));
    let at = 0;
    for (const [owner, { key }] of members.entries()) {
      const count = counts[owner] ?? 0;
      const places = points.of(key, count);
      for (let index = 0; index < count; index++) {
        packed[at++] = (places[index] ?? 0) * OWNERS + owner;
      }
    }
    packed.sort();
    this.#places = new Uint32Array(packed.length);
    this.#owners = new Uint32Array(packed.length);
    for (let index = 0; index < packed.length; index++) {
      const point = packed[index] ?? 0;
      const place = Math.floor(point / OWNERS);
      this.#places[index] = place;
      this.#owners[index] = point - place * OWNERS;
    }
    const bits = Math.ceil(Math.log2(packed.length + 2));
    this.#shift = 32 - bits;
    this.#firsts = findFirsts(this.#places, bits);
  }

  /** Points of all endpoints. */
  get size(): number {
    return this.#places.length;
  }

  /** The index of the first point at or after that place, around the end. */
  find(place: number): number {
    const places = this.#places;
    let index = this.#firsts[place >>> this.#shift] ?? 0;
    while (index < places.length && (places[index] ?? 0) < place) {
      index++;
    }
    return index === places.length ? 0 : index;
  }

  /** The index of the member that owns a point. */
  ownerAt(point: number): number {
    return this.#owners[point] ?? 0;
  }
}

/** For each of 2^bits parts, the index of the first place in it or behind. */
function findFirsts(places: Uint32Array, bits: number): Uint32Array {
  const firsts = new Uint32Array(2 ** bits);
  let index = 0;
  for (let part = 0; part < firsts.length; part++) {
    while (index < places.length && (places[index] ?? 0) >>> (32 - bits) < part) {
      index++;
    }
    firsts[part] = index;
  }
  return firsts;
}

/** The places of endpoints' points, so that those of survivors are not hashed anew when one comes or goes. */
export class PointCache {
  #known: ReadonlyMap<string, Uint32Array> = new Map();
  #used = new Map<string, Uint32Array>();
  readonly #hash = new XxHash64();

  /** At least that many points of an endpoint. */
  of(key: string, count: number): Uint32Array {
    const known = this.#known.get(key);
    const places = known !== undefined && known.length >= count ? known : this.#make(key, count);
    this.#used.set(key, places);
    return places;
  }

  /** Forgets what was not asked for since the last time. */
  sweep(): void {
    this.#known = this.#used;
    this.#used = new Map();
  }

  #make(key: string, count: number): Uint32Array {
    const places = new Uint32Array(count);
    const octets = Buffer.alloc(Buffer.byteLength(key) + 1 + MAX_DIGITS);
    const digitsAt = octets.write(`${key}_`);
    for (let index = 0; index < count; index++) {
      const end = digitsAt + octets.write(String(index), digitsAt, 'latin1');
      this.#hash.hash(octets, 0, end);
      places[index] = this.#hash.high;
    }
    return places;
  }
}
