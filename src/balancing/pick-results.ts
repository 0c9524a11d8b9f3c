import type { Random } from '../util/random.ts';
import type { BalancedEndpoint, PickResult } from './balancer.ts';

/** The result of a pick that found nothing. */
export const UNAVAILABLE: { readonly kind: 'unavailable' } = Object.freeze({ kind: 'unavailable' as const });

/** What picks of these endpoints give, made once, so that a pick makes no object. */
export function toResults<T extends BalancedEndpoint>(endpoints: readonly T[]): readonly PickResult<T>[] {
  return endpoints.map((picked) => Object.freeze({ kind: 'picked' as const, picked }));
}

/** A whole number from 0 to `below` - 1, each as likely as the others; 0 if there is none. */
export function drawIndex(random: Random, below: number): number {
  return Math.floor(random() * below);
}

/** The first index from `start` on, around the end, whose endpoint is accepted; -1 for none. */
export function findAccepted<T>(endpoints: readonly T[], start: number, accepts: (candidate: T) => boolean): number {
  for (let step = 0; step < endpoints.length; step++) {
    const index = (start + step) % endpoints.length;
    const candidate = endpoints[index];
    if (candidate !== undefined && accepts(candidate)) {
      return index;
    }
  }
  return -1;
}
