import { isGrpcContentType } from '../grpc/content-type.ts';
import { type FieldList, type Http2Stream, NameId } from '../http2/index.ts';
import { DeadlineWheel } from '../proxy/deadline-wheel.ts';
import { LocalReason } from '../proxy/local-reason.ts';
import { LocalReplies } from '../proxy/local-replies.ts';
import type { ListedRoute, LocalRoute } from '../proxy/router.ts';
import type { UnroutedCall } from '../proxy/unrouted-call.ts';
import type { Turn } from '../transport/turn.ts';
import type { Clock } from '../util/clock.ts';
import { HealthCall, type HealthCallHome, type HealthMethod } from './health-call.ts';
import { HealthReplies } from './health-replies.ts';
import type { ServingState } from './serving-names.ts';
import { WatchList } from './watch-list.ts';

/** Who answers, and where. */
export interface GrpcHealthOptions {
  /** Who answers grpc.health.v1: `auto`, the endpoints if a route leads there, else this service; `local`, this service; `forward`, endpoints alone. */
  readonly grpc: 'auto' | 'local' | 'forward';
  /** The path of a method that ends OK or UNAVAILABLE, as the whole is; null for none. */
  readonly grpcStatusPath: string | null;
}

export interface GrpcHealthDeps {
  readonly turn: Turn;
  readonly clock: Clock;
  /** What is known now. Read once per answer; it must not compute anything. */
  readonly state: () => ServingState;
  /** A call was answered: `path` is one of a handful, `code` what a GET would have been answered with. */
  readonly onAnswer: (path: string, code: number) => void;
}

const SERVICE_PATH = '/grpc.health.v1.Health/';
const METHOD_PATHS: readonly (readonly [path: string, method: HealthMethod])[] = [
  [`${SERVICE_PATH}Check`, 'check'],
  [`${SERVICE_PATH}List`, 'list'],
  [`${SERVICE_PATH}Watch`, 'watch'],
];

/**
 * The bridge's own grpc.health.v1: what the health URLs answer, for those who ask by gRPC. It stands among the routes of every listener that
 * answers health URLs, and shares their connections.
 */
export class GrpcHealthService {
  readonly #onAnswer: GrpcHealthDeps['onAnswer'];
  readonly #localReplies = new LocalReplies();
  readonly #watches = new WatchList();
  readonly #parts: Omit<HealthCallHome, 'onAnswer'>;

  constructor({ turn, clock, state, onAnswer }: GrpcHealthDeps) {
    this.#onAnswer = onAnswer;
    this.#parts = {
      clock,
      wheel: new DeadlineWheel(turn),
      replies: new HealthReplies(),
      localReplies: this.#localReplies,
      watches: this.#watches,
      state,
    };
  }

  /** Watches that are open. */
  get watches(): number {
    return this.#watches.size;
  }

  /** The routes of a listener together with those that lead here: before them all, or behind where they go first. */
  withRoutes(routes: readonly ListedRoute[], { grpc, grpcStatusPath }: GrpcHealthOptions): readonly ListedRoute[] {
    const status = grpcStatusPath === null ? [] : [this.#route(grpcStatusPath, 'status')];
    const methods = grpc === 'forward' ? [] : METHOD_PATHS.map(([path, method]) => this.#route(path, method));
    return grpc === 'local' ? [...status, ...methods, ...routes] : [...status, ...routes, ...methods];
  }

  /** What is known has changed: whoever watches is told, in this turn of the event loop. */
  tell(): void {
    this.#watches.tellAll();
  }

  /** Ends every Watch with UNAVAILABLE, those to come as well: streams that never end must not hold the drain up. May be called again. */
  startDrain(): void {
    this.#watches.startDrain();
  }

  #route(path: string, method: HealthMethod): LocalRoute {
    const home: HealthCallHome = { ...this.#parts, onAnswer: (code) => this.#onAnswer(path, code) };
    return {
      kind: 'local',
      name: `local${path}`,
      match: {
        path: { kind: 'exact', value: path },
        authority: null,
        // gRPC over HTTP/2, "Requests". Whatever else is asked for there goes on to the other routes.
        headers: [
          { name: ':method', kind: 'exact', value: 'POST' },
          { name: 'content-type', kind: 'prefix', value: 'application/grpc' },
        ],
      },
      timeoutMs: 0,
      onStream: (stream, fields, { peer, log }) =>
        isGrpcContentType(fields.get(NameId.CONTENT_TYPE)?.valueText() ?? '')
          ? startCall(new HealthCall(stream, { method, peer, log }, home), fields)
          : this.#refuse(stream, log),
    };
  }

  /** gRPC-Web begins with the same letters, and is another protocol. */
  #refuse(stream: Http2Stream, log: UnroutedCall | null): null {
    this.#localReplies.send(stream, LocalReason.NO_ROUTE, { isGrpc: false, isHead: false, hasHeaders: false });
    log?.record.onLocalAnswer(LocalReason.NO_ROUTE, false);
    log?.end(this.#parts.clock.now());
    return null;
  }
}

function startCall(call: HealthCall, fields: FieldList): HealthCall {
  call.start(fields);
  return call;
}
