import type { Endpoint } from './endpoint.ts';

/**
 * What a discovery source reports: a whole endpoint set, possibly empty, or that it could not get one. A failure may bring endpoints:
 * what is known in spite of it, in place of the set of before.
 */
export type DiscoveryUpdate =
  | { readonly kind: 'endpoints'; readonly endpoints: readonly Endpoint[] }
  | { readonly kind: 'failed'; readonly reason: string; readonly endpoints?: readonly Endpoint[] };
