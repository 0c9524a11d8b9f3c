import { naiveXxHash64 } from './naive-xx-hash64.ts';

/** A ring as Envoy describes it, in whole numbers of any size and without a search: what the fast one must equal. */
export class NaiveRing {
  readonly #points: readonly { readonly place: bigint; readonly key: string }[];

  constructor(members: readonly { readonly key: string; readonly points: number }[]) {
    this.#points = members
      .flatMap(({ key, points }) =>
        Array.from({ length: points }, (_, index) => ({ place: naiveXxHash64(Buffer.from(`${key}_${index}`)), key })),
      )
      .toSorted((one, other) => (one.place < other.place ? -1 : 1));
  }

  /** The owner of the first point at or after the place that begins with these 32 bits. */
  ownerOf(hash: number): string {
    const place = BigInt(hash) << 32n;
    return (this.#points.find((point) => point.place >= place) ?? this.#points[0])?.key ?? 'none';
  }

  /** The part of all places that leads to a member, from 0 to 1. */
  shareOf(key: string): number {
    let before = Number(this.#points.at(-1)?.place ?? 0n) - 2 ** 64;
    let share = 0;
    for (const point of this.#points) {
      const place = Number(point.place);
      share += point.key === key ? place - before : 0;
      before = place;
    }
    return share / 2 ** 64;
  }
}
