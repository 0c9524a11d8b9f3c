/**
 * XXH64 with seed 0, as Envoy and gRPC (A42) place endpoints and calls on a ring. BigInt would make garbage for every call, so 64-bit numbers
 * are two halves of 32 bits here, added and multiplied by hand. The constants, and the steps, are those of the xxHash specification.
 */

const PRIME_1_HIGH = 0x9e3779b1;
const PRIME_1_LOW = 0x85ebca87;
const PRIME_2_HIGH = 0xc2b2ae3d;
const PRIME_2_LOW = 0x27d4eb4f;
const PRIME_3_HIGH = 0x165667b1;
const PRIME_3_LOW = 0x9e3779f9;
const PRIME_4_HIGH = 0x85ebca77;
const PRIME_4_LOW = 0xc2b2ae63;
const PRIME_5_HIGH = 0x27d4eb2f;
const PRIME_5_LOW = 0x165667c5;

/** Octets of one step over long input: a lane of eight for each of four sums. */
const STRIPE_OCTETS = 32;

/** The four sums begin with the first prime and the second, the second, nothing, and less than nothing by the first. */
const LANE_STARTS = [0x60ea27ee, 0xadc0b5d6, PRIME_2_HIGH, PRIME_2_LOW, 0, 0, 0x61c8864e, 0x7a143579] as const;
const LANE_TURNS = [1, 7, 12, 18] as const;

/** A hash and the work on it. The object is used again for any number of hashes and makes no garbage. */
export class XxHash64 {
  /** The upper half of the hash, unsigned. */
  high = 0;
  /** The lower half, unsigned. */
  low = 0;
  /** The halves of the four sums, one after the other. */
  readonly #lanes = new Uint32Array(LANE_STARTS.length);

  /** Hashes the octets from `start` up to `end`. */
  hash(octets: Uint8Array, start: number, end: number): void {
    const length = end - start;
    let at = start;
    if (length >= STRIPE_OCTETS) {
      at = this.#hashStripes(octets, start, end);
    } else {
      this.high = PRIME_5_HIGH;
      this.low = PRIME_5_LOW;
    }
    this.#add(0, length);
    this.#hashRest(octets, at, end);
    this.#shiftXor(33);
    this.#multiply(PRIME_2_HIGH, PRIME_2_LOW);
    this.#shiftXor(29);
    this.#multiply(PRIME_3_HIGH, PRIME_3_LOW);
    this.#shiftXor(32);
  }

  /** The first octet that is in no whole stripe. */
  #hashStripes(octets: Uint8Array, start: number, end: number): number {
    const lanes = this.#lanes;
    lanes.set(LANE_STARTS);
    let at = start;
    for (; at + STRIPE_OCTETS <= end; at += STRIPE_OCTETS) {
      for (let lane = 0; lane < 4; lane++) {
        this.#recall(lane);
        this.#round(readUint32(octets, at + 8 * lane + 4), readUint32(octets, at + 8 * lane));
        lanes[2 * lane] = this.high;
        lanes[2 * lane + 1] = this.low;
      }
    }
    let high = 0;
    let low = 0;
    for (let lane = 0; lane < 4; lane++) {
      this.#recall(lane);
      this.#rotate(LANE_TURNS[lane] ?? 0);
      this.#add(high, low);
      ({ high, low } = this);
    }
    for (let lane = 0; lane < 4; lane++) {
      const laneHigh = lanes[2 * lane] ?? 0;
      const laneLow = lanes[2 * lane + 1] ?? 0;
      this.#merge(laneHigh, laneLow);
      this.#multiply(PRIME_1_HIGH, PRIME_1_LOW);
      this.#add(PRIME_4_HIGH, PRIME_4_LOW);
    }
    return at;
  }

  /** Less than a stripe: by eight octets, by four, by one. */
  #hashRest(octets: Uint8Array, start: number, end: number): void {
    let at = start;
    for (; at + 8 <= end; at += 8) {
      this.#merge(readUint32(octets, at + 4), readUint32(octets, at));
      this.#rotate(27);
      this.#multiply(PRIME_1_HIGH, PRIME_1_LOW);
      this.#add(PRIME_4_HIGH, PRIME_4_LOW);
    }
    if (at + 4 <= end) {
      this.#mix(readUint32(octets, at), PRIME_1_HIGH, PRIME_1_LOW);
      this.#rotate(23);
      this.#multiply(PRIME_2_HIGH, PRIME_2_LOW);
      this.#add(PRIME_3_HIGH, PRIME_3_LOW);
      at += 4;
    }
    for (; at < end; at++) {
      this.#mix(octets[at] ?? 0, PRIME_5_HIGH, PRIME_5_LOW);
      this.#rotate(11);
      this.#multiply(PRIME_1_HIGH, PRIME_1_LOW);
    }
  }

  #recall(lane: number): void {
    this.high = this.#lanes[2 * lane] ?? 0;
    this.low = this.#lanes[2 * lane + 1] ?? 0;
  }

  /** One round over eight octets, on the sum that is in place. */
  #round(inputHigh: number, inputLow: number): void {
    const { high, low } = this;
    this.high = inputHigh;
    this.low = inputLow;
    this.#multiply(PRIME_2_HIGH, PRIME_2_LOW);
    this.#add(high, low);
    this.#rotate(31);
    this.#multiply(PRIME_1_HIGH, PRIME_1_LOW);
  }

  /** Takes in eight octets, after a round of their own. */
  #merge(inputHigh: number, inputLow: number): void {
    const { high, low } = this;
    this.high = 0;
    this.low = 0;
    this.#round(inputHigh, inputLow);
    this.high = (this.high ^ high) >>> 0;
    this.low = (this.low ^ low) >>> 0;
  }

  /** Takes in four octets or fewer, times a prime. */
  #mix(input: number, primeHigh: number, primeLow: number): void {
    const { high, low } = this;
    this.high = 0;
    this.low = input;
    this.#multiply(primeHigh, primeLow);
    this.high = (this.high ^ high) >>> 0;
    this.low = (this.low ^ low) >>> 0;
  }

  #add(high: number, low: number): void {
    const sum = this.low + low;
    this.low = sum >>> 0;
    this.high = (this.high + high + (sum > 0xffff_ffff ? 1 : 0)) >>> 0;
  }

  /** The lower 64 bits of the product. Halves of 16 bits keep every step within what a double holds exactly. */
  #multiply(high: number, low: number): void {
    const lowOfLow = this.low & 0xffff;
    const highOfLow = this.low >>> 16;
    const bottom = lowOfLow * (low & 0xffff);
    const middle = highOfLow * (low & 0xffff) + (bottom >>> 16);
    const other = lowOfLow * (low >>> 16) + (middle & 0xffff);
    const top = highOfLow * (low >>> 16) + Math.floor(middle / 0x1_0000) + Math.floor(other / 0x1_0000);
    this.high = (Math.imul(this.high, low) + Math.imul(this.low, high) + (top | 0)) >>> 0;
    this.low = (((other & 0xffff) << 16) | (bottom & 0xffff)) >>> 0;
  }

  /** To the left, by 1 to 31 bits. */
  #rotate(bits: number): void {
    const { high, low } = this;
    this.high = ((high << bits) | (low >>> (32 - bits))) >>> 0;
    this.low = ((low << bits) | (high >>> (32 - bits))) >>> 0;
  }

  /** Exclusive or with itself moved to the right by 29, 32 or 33 bits. */
  #shiftXor(bits: 29 | 32 | 33): void {
    const { high, low } = this;
    if (bits >= 32) {
      this.low = (low ^ (high >>> (bits - 32))) >>> 0;
      return;
    }
    this.high = (high ^ (high >>> bits)) >>> 0;
    this.low = (low ^ ((low >>> bits) | (high << (32 - bits)))) >>> 0;
  }
}

/** Little-endian, unsigned. */
function readUint32(octets: Uint8Array, at: number): number {
  return ((octets[at] ?? 0) | ((octets[at + 1] ?? 0) << 8) | ((octets[at + 2] ?? 0) << 16) | ((octets[at + 3] ?? 0) << 24)) >>> 0;
}
