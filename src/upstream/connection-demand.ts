/** What an endpoint's connections are, and may be. */
export interface ConnectionSupply {
  /** Connections that are ready and not leaving. */
  readonly usable: number;
  /** Streams that the widest of those carries at most; 0 while none is usable. */
  readonly width: number;
  /** Streams that a connection carries in its life; 0 = any number. */
  readonly maxRequestsPerConnection: number;
}

/**
 * How many more connections `waiting` calls seem to need. Before the first one nobody knows how many streams the endpoint allows on one, so that
 * it is one for all of them, or as many as it takes where each ends after a number of calls.
 */
export function connectionsWanted(waiting: number, supply: ConnectionSupply): number {
  const { usable, width, maxRequestsPerConnection } = supply;
  const most = maxRequestsPerConnection === 0 ? waiting : maxRequestsPerConnection;
  const each = usable === 0 ? most : Math.min(most, width);
  return Math.ceil(waiting / Math.max(1, each));
}
