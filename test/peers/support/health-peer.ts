import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { Child } from './child.ts';
import { get } from './get.ts';
import { builtTool, debianPython } from './tools.ts';

/** The words of grpc.health.v1. */
export type ServingWord = 'UNKNOWN' | 'SERVING' | 'NOT_SERVING' | 'SERVICE_UNKNOWN';

/** What a health call meets: the truth, silence, the truth later, a gRPC error, a TCP reset, or a server without the service. */
export type Behaviour =
  | { readonly kind: 'answer' | 'hang' | 'unimplemented' | 'reset' }
  | { readonly kind: 'delay'; readonly delayMs: number }
  | { readonly kind: 'error'; readonly code: number };

/** What came in so far, and what is in now. */
export interface PeerCounts {
  readonly checks: number;
  readonly checksInFlight: number;
  readonly watches: number;
  readonly openWatches: number;
}

/** A part of a peer's state: what is left out stays as it is, null forgets a service. */
export interface PeerChange {
  readonly statuses?: Readonly<Record<string, ServingWord | null>>;
  readonly behaviour?: Behaviour;
}

/** Files, PEM. */
export interface PeerTls {
  readonly cert: string;
  readonly key: string;
  /** Client certificates must be of this CA. */
  readonly clientCa?: string;
}

export interface PeerOptions {
  /** Default `['127.0.0.1:0']`. */
  readonly listen?: readonly string[];
  readonly tls?: PeerTls;
  /** grpc-go alone: a file to which it appends a line for the begin and the end of each call that has an `x-call-id`. */
  readonly record?: string;
}

/** Which implementation of gRPC. */
export type PeerKind = 'grpc-go' | 'C-core';

const CORE_BACKEND = fileURLToPath(new URL('../core-backend/core_backend.py', import.meta.url));

/** A health server on an implementation of gRPC that is not ours, steered while it runs. */
export class HealthPeer {
  /** Such as `127.0.0.1:40001`, as many as it was to listen on. */
  readonly addresses: readonly string[];
  readonly child: Child;
  readonly #kind: PeerKind;
  readonly #options: PeerOptions;
  readonly #control: string;

  private constructor(child: Child, kind: PeerKind, options: PeerOptions, ready: unknown) {
    assert.ok(typeof ready === 'object' && ready !== null && 'grpc' in ready && 'control' in ready);
    assert.ok(Array.isArray(ready.grpc));
    this.child = child;
    this.#kind = kind;
    this.#options = options;
    this.addresses = ready.grpc.map(String);
    this.#control = `http://${String(ready.control)}/state`;
  }

  static async start(kind: PeerKind, options: PeerOptions = {}): Promise<HealthPeer> {
    const flag = kind === 'grpc-go' ? '-' : '--';
    const given: readonly (readonly [string, string | undefined])[] = [
      ['listen', options.listen?.join(',')],
      ['cert', options.tls?.cert],
      ['key', options.tls?.key],
      ['client-ca', options.tls?.clientCa],
      ['record', options.record],
    ];
    const flags = given.flatMap(([name, value]) => (value === undefined ? [] : [flag + name, value]));
    const child =
      kind === 'grpc-go'
        ? await Child.start(builtTool('healthserver'), flags)
        : await Child.start(debianPython(), [CORE_BACKEND, ...flags]);
    const [line] = await child.match('stdout', /^.*\n/);
    return new HealthPeer(child, kind, options, JSON.parse(line));
  }

  /** The first address. */
  get address(): string {
    const [first] = this.addresses;
    assert.ok(first !== undefined);
    return first;
  }

  get port(): number {
    return Number(this.address.slice(this.address.lastIndexOf(':') + 1));
  }

  /** Changes what it answers; the change holds when this resolves. */
  async set(change: PeerChange): Promise<void> {
    const answer = await get(this.#control, { method: 'PATCH', body: JSON.stringify(change) });
    assert.equal(answer.status, 204, answer.body);
  }

  async counts(): Promise<PeerCounts> {
    const { counts }: { readonly counts: PeerCounts } = JSON.parse((await get(this.#control)).body);
    return counts;
  }

  /** Half-open: the kernel still accepts connections and octets, the process does nothing with them. */
  stop(): void {
    this.child.signal('SIGSTOP');
  }

  continue(): void {
    this.child.signal('SIGCONT');
  }

  /** A new process on the same addresses, with nothing but SERVING for the empty name; call it when this one is dead. */
  restart(): Promise<HealthPeer> {
    assert.ok(this.child.ended !== null);
    return HealthPeer.start(this.#kind, { ...this.#options, listen: this.addresses });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.child.kill();
  }
}
