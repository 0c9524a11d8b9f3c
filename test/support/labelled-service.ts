import type { DiscoveryUpdate } from '../../src/model/discovery-update.ts';
import { type KubeApi, type SliceBody, sliceOf } from './peers/kube-api.ts';
import { plainAccess, WatchedService } from './watched-service.ts';

/** A slice whose endpoints are pods, by their addresses. */
export function podSlice(pods: Readonly<Record<string, string>>, port?: number): SliceBody {
  const endpoints = Object.entries(pods).map(([address, name]) => ({
    addresses: [address],
    conditions: { ready: true },
    targetRef: { kind: 'Pod', name, namespace: 'shop' },
  }));
  return { ...sliceOf([], {}, port), endpoints };
}

/** A source that watches pods, and the labels that its endpoints had last. */
export class LabelledService implements AsyncDisposable {
  readonly service: WatchedService;
  #last: DiscoveryUpdate | null = null;

  constructor(api: KubeApi) {
    const onUpdate = (update: DiscoveryUpdate): void => {
      this.#last = update;
    };
    const readAccess = (): Promise<{ kind: 'access'; access: ReturnType<typeof plainAccess> }> =>
      Promise.resolve({ kind: 'access', access: plainAccess(api.url) });
    this.service = new WatchedService(readAccess, { podLabels: true, onUpdate });
  }

  get labels(): unknown {
    return this.#last?.endpoints?.map(({ labels }) => labels ?? null);
  }

  /** What comes last has these labels, or none for null. */
  until(...wanted: readonly (Readonly<Record<string, string>> | null)[]): Promise<void> {
    return this.service.until(() => JSON.stringify(this.labels) === JSON.stringify(wanted));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.service[Symbol.asyncDispose]();
  }
}
