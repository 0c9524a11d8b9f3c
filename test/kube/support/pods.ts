import type { KubeObject } from './kube-admin.ts';

/** Addresses that the loopback device has while these suites run, for servers that stand for pods: see run.sh. */
export const POD_HOSTS = ['10.244.0.11', '10.244.0.12', '10.244.0.13', '10.244.0.14'] as const;

/** What the EndpointSlice controller says of a pod. */
export type PodPhase = 'ready' | 'notReady' | 'terminating' | 'terminated';

const CONDITIONS: Readonly<Record<PodPhase, object>> = {
  ready: { ready: true, serving: true, terminating: false },
  notReady: { ready: false, serving: false, terminating: false },
  terminating: { ready: false, serving: true, terminating: true },
  terminated: { ready: false, serving: false, terminating: true },
};

/** A pod as a slice has it. */
export interface Pod {
  readonly host: string;
  /** Default `ready`. */
  readonly phase?: PodPhase;
  readonly zone?: string;
  /** Of the object of the pod; default none. */
  readonly name?: string;
}

export interface SliceOptions {
  readonly service?: string;
  readonly namespace?: string;
  readonly family?: 'IPv4' | 'IPv6';
  /** Default one port `grpc`, 50051. */
  readonly ports?: readonly { readonly name: string; readonly port: number }[];
}

/** An EndpointSlice as the controller of a cluster writes it. */
export function endpointSlice(name: string, pods: readonly Pod[], options: SliceOptions = {}): KubeObject {
  const { service = 'app', namespace = 'default', family = 'IPv4', ports = [{ name: 'grpc', port: 50_051 }] } = options;
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name, namespace, labels: { 'kubernetes.io/service-name': service } },
    addressType: family,
    ports: ports.map((port) => ({ ...port, protocol: 'TCP' })),
    endpoints: pods.map(({ host, phase = 'ready', zone, name }) => ({
      addresses: [host],
      conditions: CONDITIONS[phase],
      ...(name === undefined ? {} : { targetRef: { kind: 'Pod', name, namespace } }),
      ...(zone === undefined ? {} : { zone, hints: { forZones: [{ name: zone }] } }),
    })),
  };
}

/** The object of a pod that nobody runs. */
export function podObject(name: string, labels: Readonly<Record<string, string>>): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'default', labels },
    spec: { containers: [{ name: 'app', image: 'app' }], automountServiceAccountToken: false },
  };
}

/** A headless Service with these named ports. */
export function headlessService(name: string, ports: readonly { readonly name: string; readonly port: number }[]): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace: 'default' },
    spec: { clusterIP: 'None', ports: ports.map((port) => ({ ...port, protocol: 'TCP' })) },
  };
}
