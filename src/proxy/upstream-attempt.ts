import { ErrorCode, type Http2Stream } from '../http2/index.ts';
import type { Endpoint } from '../model/endpoint.ts';
import {
  type ClusterSubset,
  NoConnectionReason,
  type StreamWaiter,
  type UpstreamStreamHandler,
} from '../upstream/stream-handler.ts';
import type { UpstreamCluster } from '../upstream/upstream-cluster.ts';
import type { UpstreamConnection } from '../upstream/upstream-connection.ts';
import type { RequestSide } from './request-side.ts';

/** A connection that was given may have lost its last place: so often another is asked for. */
const MAX_ACQUISITIONS = 8;

/** Whose attempt it is: it hears of the stream as well. */
export interface AttemptOwner extends UpstreamStreamHandler {
  /** The stream is open, and the request's header section on its way: what is behind that follows now. */
  onAttempt(stream: Http2Stream, connection: UpstreamConnection): void;
  /** There will be no stream. */
  onNoAttempt(reason: NoConnectionReason): void;
}

/** The way of one call to an endpoint, from asking for a connection to the end of the stream there; after that it may go another way. */
export class UpstreamAttempt implements StreamWaiter {
  excluded: Endpoint | null = null;
  hash = 0;
  /** Which endpoints the call may go to; null is all of the cluster. */
  subset: ClusterSubset | null = null;
  /** Null while there is none. It is there until its owner has been told that it is closed. */
  stream: Http2Stream | null = null;
  #cluster: UpstreamCluster | null = null;
  /** Whether the cluster is to call onConnection or onNoConnection. */
  #isQueued = false;
  readonly #owner: AttemptOwner;
  readonly #request: RequestSide;

  /** @param request what the owner sends, whatever call it serves. */
  constructor(owner: AttemptOwner, request: RequestSide) {
    this.#owner = owner;
    this.#request = request;
  }

  /** The first attempt of a call. The owner may hear of it before this returns. */
  begin(cluster: UpstreamCluster): void {
    this.#cluster = cluster;
    this.#acquire(cluster);
  }

  /** Another attempt of the same call; the stream of the one before is closed. */
  beginAgain(): void {
    if (this.#cluster !== null) {
      this.#acquire(this.#cluster);
    }
  }

  /** Nothing more is wanted of the endpoint. A stream that has ended does not mind. */
  leave(): void {
    if (this.#isQueued) {
      this.#isQueued = false;
      this.#cluster?.cancel(this);
    }
    this.stream?.reset(ErrorCode.CANCEL);
  }

  /** The call is over. */
  clear(): void {
    this.#cluster = null;
    this.excluded = null;
    this.subset = null;
  }

  onConnection(connection: UpstreamConnection): void {
    this.#isQueued = false;
    if (!this.#open(connection)) {
      this.beginAgain();
    }
  }

  onNoConnection(reason: NoConnectionReason): void {
    this.#isQueued = false;
    this.#owner.onNoAttempt(reason);
  }

  /** Takes a connection now, or is told later. */
  #acquire(cluster: UpstreamCluster): void {
    for (let acquisition = 0; acquisition < MAX_ACQUISITIONS; acquisition++) {
      const connection = cluster.acquire(this);
      if (connection === null) {
        this.#isQueued = true;
        return;
      }
      if (this.#open(connection)) {
        return;
      }
    }
    this.#owner.onNoAttempt(NoConnectionReason.TOO_MANY_REQUESTS);
  }

  #open(connection: UpstreamConnection): boolean {
    const { fields, isBare } = this.#request;
    const stream = connection.open(fields, isBare, this.#owner);
    if (stream === null) {
      return false;
    }
    this.stream = stream;
    this.#owner.onAttempt(stream, connection);
    return true;
  }
}
