import type { DiscoveryUpdate } from '../../model/discovery-update.ts';
import type { Timer } from '../../util/clock.ts';
import type { Discovery } from '../discovery.ts';
import type { AddressFamily } from '../host-lookup.ts';
import type { Slice } from './endpoint-slice.ts';
import { PODS, type Pod } from './pod.ts';
import { Reflector, type ReflectorDeps } from './reflector.ts';
import { joinSlices, slicesOf } from './slice-set.ts';

/** Which Service's endpoints are wanted. */
export interface KubernetesDiscoveryOptions {
  readonly service: string;
  /** Null is the namespace of the bridge's own pod, or of the kubeconfig's context. */
  readonly namespace: string | null;
  /** The name of a port of the Service, empty for one without; or the number that the endpoints listen on. */
  readonly port: string | number;
  /** Default `auto`. */
  readonly family: AddressFamily;
  /** Whether endpoints have the labels of their pods, which are watched then too. Default false. */
  readonly podLabels: boolean;
}

/** Many changes in a row are told as one, so often at most. Milliseconds. */
export const COALESCE_MS = 50;

/** The endpoints of a Service, by list and watch of its EndpointSlices (Kubernetes API concepts, "Efficient detection of changes"). */
export class KubernetesDiscovery implements Discovery {
  readonly #options: KubernetesDiscoveryOptions;
  readonly #deps: ReflectorDeps;

  constructor(options: KubernetesDiscoveryOptions, deps: ReflectorDeps) {
    this.#options = options;
    this.#deps = deps;
  }

  async watch(onUpdate: (update: DiscoveryUpdate) => void, signal: AbortSignal): Promise<void> {
    const run = new ServiceRun(this.#options, this.#deps, onUpdate);
    try {
      await run.follow(signal);
    } finally {
      await run.close();
    }
  }
}

/** One run: slices, and pods where their labels are wanted, joined. */
class ServiceRun {
  readonly #options: KubernetesDiscoveryOptions;
  readonly #deps: ReflectorDeps;
  readonly #onUpdate: (update: DiscoveryUpdate) => void;
  readonly #slices: Reflector<Slice>;
  readonly #pods: Reflector<Pod> | null;
  /** Whether slices were ever known: before, no endpoints would mean nothing. */
  #hasSlices = false;
  /** Empty while slices are current, or did not say anything. */
  #sliceFailure = '';
  /** Empty while pods are current, or did not say anything. */
  #podFailure = '';
  #report: Timer | null = null;
  #reportedAt = Number.NEGATIVE_INFINITY;

  constructor(options: KubernetesDiscoveryOptions, deps: ReflectorDeps, onUpdate: (update: DiscoveryUpdate) => void) {
    this.#options = options;
    this.#deps = deps;
    this.#onUpdate = onUpdate;
    const onChanged = (): void => this.#tellSoon();
    this.#slices = new Reflector(slicesOf(options.service), options.namespace, deps, {
      onCurrent: () => {
        this.#hasSlices = true;
        this.#setSliceFailure('');
      },
      onChanged,
      onFailed: (reason) => this.#setSliceFailure(reason),
    });
    this.#pods = options.podLabels
      ? new Reflector(PODS, options.namespace, deps, {
          onCurrent: () => this.#setPodFailure(''),
          onChanged,
          onFailed: (reason) => this.#setPodFailure(`labels of pods: ${reason}`),
        })
      : null;
  }

  async follow(signal: AbortSignal): Promise<void> {
    await Promise.all([this.#slices.follow(signal), this.#pods?.follow(signal)]);
  }

  async close(): Promise<void> {
    this.#report?.cancel();
    await Promise.all([this.#slices.close(), this.#pods?.close()]);
  }

  #setSliceFailure(failure: string): void {
    this.#flush();
    this.#sliceFailure = failure;
    this.#tell();
  }

  #setPodFailure(failure: string): void {
    this.#flush();
    this.#podFailure = failure;
    this.#tell();
  }

  /** What came before a failure is told before it. */
  #flush(): void {
    if (this.#report !== null) {
      this.#tell();
    }
  }

  #tellSoon(): void {
    const { clock } = this.#deps;
    this.#report ??= clock.setTimer(Math.max(0, this.#reportedAt + COALESCE_MS - clock.now()), () => this.#tell());
  }

  /** While pods fail, endpoints change all the same, with the labels that are known; while slices fail, labels of the endpoints that are known do. */
  #tell(): void {
    this.#report?.cancel();
    this.#report = null;
    this.#reportedAt = this.#deps.clock.now();
    const update = this.#hasSlices ? this.#join() : null;
    const joinFailure = update?.kind === 'failed' ? update.reason : '';
    const reason = [this.#sliceFailure || joinFailure, this.#podFailure].filter((failure) => failure !== '').join('; ');
    if (reason !== '') {
      const known = update?.endpoints === undefined ? {} : { endpoints: update.endpoints };
      this.#onUpdate({ kind: 'failed', reason: `${this.#what()}: ${reason}`, ...known });
    } else if (update !== null) {
      this.#onUpdate(update);
    }
  }

  #join(): DiscoveryUpdate {
    const { service, port, family } = this.#options;
    const { namespace } = this.#slices;
    const pods = this.#pods === null ? {} : { pods: this.#pods.items };
    const nowMs = this.#deps.clock.wallNow();
    return joinSlices(this.#slices.items.values(), { service, namespace, port, family, nowMs, ...pods });
  }

  #what(): string {
    const namespace = this.#slices.namespace || (this.#pods?.namespace ?? '');
    return `Service ${namespace === '' ? '' : `${namespace}/`}${this.#options.service}`;
  }
}
