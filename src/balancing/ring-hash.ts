import type { BalancedEndpoint, Balancer, PickContext, Picker, PickResult } from './balancer.ts';
import { HashRing, PointCache } from './hash-ring.ts';
import { toResults, UNAVAILABLE } from './pick-results.ts';
import { weightOf } from './weights.ts';

/**
 * The endpoint that the call's hash leads to on a ring: calls of one hash go to one endpoint, and when that cannot be used all of them go to
 * the next one on the ring. Envoy: `RING_HASH`; gRPC: `ring_hash_experimental` (A42).
 */
export class RingHash<T extends BalancedEndpoint> implements Balancer<T> {
  readonly #points = new PointCache();

  update(endpoints: readonly T[]): Picker<T> {
    const ring = new HashRing(
      endpoints.map((each) => ({ key: each.endpoint.key, weight: weightOf(each) })),
      this.#points,
    );
    this.#points.sweep();
    return new RingPicker(endpoints, ring);
  }
}

class RingPicker<T extends BalancedEndpoint> implements Picker<T> {
  readonly size: number;
  readonly #endpoints: readonly T[];
  readonly #results: readonly PickResult<T>[];
  readonly #ring: HashRing;

  constructor(endpoints: readonly T[], ring: HashRing) {
    this.size = endpoints.length;
    this.#endpoints = endpoints;
    this.#results = toResults(endpoints);
    this.#ring = ring;
  }

  pick({ excluded, hash }: PickContext): PickResult<T> {
    const point = this.#ring.find(hash);
    const owner = this.#ring.ownerAt(point);
    if (excluded === null || this.size < 2 || this.#endpoints[owner]?.endpoint.key !== excluded.key) {
      return this.#results[owner] ?? UNAVAILABLE;
    }
    return this.#results[this.#behind(point, owner)] ?? UNAVAILABLE;
  }

  pickAmong({ hash }: PickContext, accepts: (candidate: T) => boolean): PickResult<T> {
    const refused = new Set<number>();
    const ring = this.#ring;
    const start = ring.find(hash);
    for (let step = 0; step < ring.size && refused.size < this.size; step++) {
      const owner = ring.ownerAt((start + step) % ring.size);
      const candidate = this.#endpoints[owner];
      if (candidate !== undefined && !refused.has(owner) && accepts(candidate)) {
        return this.#results[owner] ?? UNAVAILABLE;
      }
      refused.add(owner);
    }
    return UNAVAILABLE;
  }

  /** The owner of the first point behind that one which is not the same owner's: there are two at least, each with a point. */
  #behind(point: number, owner: number): number {
    const ring = this.#ring;
    let next = point;
    do {
      next = next + 1 === ring.size ? 0 : next + 1;
    } while (ring.ownerAt(next) === owner);
    return ring.ownerAt(next);
  }
}
