import { type Static, Type } from 'typebox';
import { closed, switchKey, textKey, wordKey } from '../keys.ts';
import { sourceLabelsKey } from './labels.ts';

/** RFC 1123 labels: what Kubernetes allows for namespaces, and for Services at the most. */
const LABEL = '[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?';
/** A port's name, none, or a number. */
const PORT = /^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)?$/;
const DIGITS = /^\d+$/;

/** A source of `type: kubernetes`. */
export const KubernetesSourceSchema = Type.Object(
  {
    type: wordKey(['kubernetes'], {
      description:
        "The endpoints of a Service, by list and watch of its EndpointSlices: the ready ones, or if there are none those that still serve while they terminate. As whom: `KUBECONFIG` if set, else the pod's service account, else `~/.kube/config`. gRPC: `kubernetes:///` of other resolvers.",
    }),
    service: textKey({
      description: 'The name of the Service, headless or not.',
      expects: 'the name of a Service, of at most 63 small letters, digits and dashes',
      kind: 'name',
      pattern: `^${LABEL}$`,
    }),
    namespace: Type.Optional(
      textKey({
        description: 'The namespace of the Service.',
        defaultText: "that of the bridge's pod, or of the kubeconfig's context",
        expects: 'the name of a namespace, of at most 63 small letters, digits and dashes',
        kind: 'name',
        pattern: `^${LABEL}$`,
      }),
    ),
    port: textKey(
      {
        description:
          'The name of a port of the Service, or the number that its endpoints listen on, as text; "" for the only port, without a name.',
        expects: 'the name of a port, or the number that endpoints listen on, as text',
        kind: 'name or number, as text',
        maxLength: 63,
      },
      (text) => PORT.test(text) && (!DIGITS.test(text) || (Number(text) >= 1 && Number(text) <= 65_535)),
    ),
    family: wordKey(['auto', 'all', 'v4', 'v6'], {
      description: 'auto: IPv6 addresses if any endpoint in use has one, else IPv4. all: both, each an endpoint of its own.',
      default: 'auto',
    }),
    podLabels: switchKey({
      description:
        'Whether endpoints have the labels of their pods, for subsets to choose by; they go before `labels`. It needs `list` and `watch` of `pods`. Envoy: `metadata` of `LbEndpoint`; gRPC: no twin.',
      default: false,
    }),
    labels: sourceLabelsKey(),
  },
  closed({ description: 'Endpoints that a Kubernetes API server knows.' }),
);

/** Endpoints of a Service. */
export interface KubernetesSourceConfig {
  readonly type: 'kubernetes';
  readonly service: string;
  /** Null is the namespace that the credentials belong to. */
  readonly namespace: string | null;
  /** A name, empty for a port without one; or a number. */
  readonly port: string | number;
  /** Default `auto`: IPv6 if any, else IPv4. */
  readonly family: 'auto' | 'all' | 'v4' | 'v6';
  /** Whether endpoints have the labels of their pods. Default false. */
  readonly podLabels: boolean;
}

export function toKubernetesConfig(section: Static<typeof KubernetesSourceSchema>): KubernetesSourceConfig {
  const { service, namespace, port, family, podLabels } = section;
  return {
    type: 'kubernetes',
    service,
    namespace: namespace ?? null,
    port: DIGITS.test(port) ? Number(port) : port,
    family,
    podLabels,
  };
}
