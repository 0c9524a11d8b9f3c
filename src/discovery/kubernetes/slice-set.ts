import type { DiscoveryUpdate } from '../../model/discovery-update.ts';
import { createEndpoint, type Endpoint, type EndpointOrigin, withTraits } from '../../model/endpoint.ts';
import type { AddressFamily } from '../host-lookup.ts';
import { parseSlice, type Slice, type SliceEndpoint } from './endpoint-slice.ts';
import type { Pod } from './pod.ts';
import type { ItemResult, Resource } from './resource.ts';

/** Slices of one Service: a hundred thousand endpoints at the controller's default of 100. */
export const MAX_SLICES = 1000;
/** Endpoints of one Service, all slices together. */
export const MAX_SERVICE_ENDPOINTS = 10_000;

export interface SliceChoice {
  /** The name of a port, empty for one without; or its number. */
  readonly port: string | number;
  /** Default `auto`: IPv6 if any endpoint has it, else IPv4. */
  readonly family: AddressFamily;
  readonly service: string;
  readonly namespace: string;
  /** The time, in milliseconds since 1970. */
  readonly nowMs: number;
  /** Pods by name, whose labels their endpoints have; absent where labels do not matter. */
  readonly pods?: ReadonlyMap<string, Pod>;
}

/** Slices that are asked for at once. */
const PAGE_SLICES = 500;

/** The slices of one Service. */
export function slicesOf(service: string): Resource<Slice> {
  return {
    noun: 'EndpointSlice',
    plural: 'endpointslices',
    api: '/apis/discovery.k8s.io/v1',
    labelSelector: `kubernetes.io/service-name=${service}`,
    asMetadata: false,
    maxItems: MAX_SLICES,
    pageItems: PAGE_SLICES,
    parse: toItem,
    // Every word of the controller is told, so that whoever waits for one sees it.
    isSame: () => false,
  };
}

function toItem(value: unknown): ItemResult<Slice> {
  const result = parseSlice(value);
  return result.kind === 'slice' ? { kind: 'item', item: result.slice } : result;
}

interface Candidate {
  readonly endpoint: Endpoint;
  ready: boolean;
  serving: boolean;
  terminating: boolean;
}

/**
 * Joins the slices of a Service into its endpoints. An endpoint may be in two slices for a moment, so that it counts while any slice has
 * it, in its best condition. The ready ones get traffic; if there are none, those that still serve while they terminate, as kube-proxy does
 * (KEP-1669); if there are none, nobody. The others that terminate are reported as draining, until Kubernetes has removed them.
 */
export function joinSlices(slices: Iterable<Slice>, choice: SliceChoice): DiscoveryUpdate {
  const families: Record<Slice['family'], Map<string, Candidate>> = { v4: new Map(), v6: new Map() };
  const otherPorts = new Set<string>();
  let hasEndpoints = false;
  for (const slice of slices) {
    const ports = slice.ports.filter(({ name, port }) => (typeof choice.port === 'number' ? port : name) === choice.port);
    hasEndpoints ||= slice.endpoints.length > 0;
    if (ports.length === 0) {
      slice.ports.forEach(({ name, port }) => otherPorts.add(name === '' ? String(port) : name));
    }
    for (const { port } of ports) {
      slice.endpoints.forEach((endpoint) => add(families[slice.family], endpoint, { ...choice, port }));
    }
  }
  const found = families.v4.size + families.v6.size;
  if (found === 0 && hasEndpoints) {
    return { kind: 'failed', reason: describeMissingPort(choice, otherPorts) };
  }
  if (found > MAX_SERVICE_ENDPOINTS) {
    return { kind: 'failed', reason: `more than ${MAX_SERVICE_ENDPOINTS} endpoints` };
  }
  const candidates = chooseFamily([...families.v6.values()], [...families.v4.values()], choice.family);
  const chosen = new Set(usable(candidates));
  const leaving = candidates.filter((candidate) => candidate.terminating && !chosen.has(candidate));
  return {
    kind: 'endpoints',
    endpoints: [...[...chosen].map(({ endpoint }) => endpoint), ...leaving.map((each) => toDraining(each, choice.nowMs))],
  };
}

interface Place {
  readonly service: string;
  readonly namespace: string;
  readonly port: number;
  readonly pods?: ReadonlyMap<string, Pod>;
}

function add(candidates: Map<string, Candidate>, found: SliceEndpoint, { service, namespace, port, pods }: Place): void {
  const named = createEndpoint({ kind: 'tcp', host: found.host, port }, `${service}.${namespace}.svc`);
  const origin = toOrigin(found, `${namespace}/${service}`);
  const pod = found.pod === null ? undefined : pods?.get(found.pod);
  const endpoint = withTraits(origin === null ? named : { ...named, origin }, pod === undefined ? {} : { labels: pod.labels });
  const candidate = candidates.get(endpoint.key) ?? { endpoint, ready: false, serving: false, terminating: false };
  candidate.ready ||= found.ready;
  candidate.serving ||= found.serving;
  candidate.terminating ||= found.terminating;
  candidates.set(endpoint.key, candidate);
}

/** Zones are shown and choose nothing: every endpoint is as near as any other. Null where there is nothing to show. */
function toOrigin({ zone, hintZones }: SliceEndpoint, cluster: string): EndpointOrigin | null {
  if (zone === null && hintZones.length === 0) {
    return null;
  }
  const locality = { region: '', zone: zone ?? '', subZone: '' };
  const hints = hintZones.length === 0 ? {} : { hintZones };
  return { cluster, priority: 0, weight: 1, locality, ...hints, canary: null, panic: false, sourceState: null };
}

/** A family is chosen before conditions within it, as each is a whole view of the same pods. */
function chooseFamily(v6: readonly Candidate[], v4: readonly Candidate[], family: AddressFamily): readonly Candidate[] {
  switch (family) {
    case 'v4':
      return v4;
    case 'v6':
      return v6;
    case 'all':
      return [...v6, ...v4];
    case 'auto':
      return usable(v6).length > 0 || (usable(v4).length === 0 && v6.length > 0) ? v6 : v4;
  }
}

function usable(candidates: readonly Candidate[]): readonly Candidate[] {
  const ready = candidates.filter((candidate) => candidate.ready);
  return ready.length > 0 ? ready : candidates.filter(({ serving, terminating }) => serving && terminating);
}

function toDraining({ endpoint, serving }: Candidate, nowMs: number): Endpoint {
  const flags = serving ? ['terminating'] : ['terminating', 'not serving'];
  const reason = `the pod is terminating${serving ? '' : ' and no longer serves'}`;
  return { ...endpoint, reported: { state: 'draining', flags, reason, atMs: nowMs, pollMs: 0, failedPolls: 0, failure: '' } };
}

function describeMissingPort({ port }: SliceChoice, others: ReadonlySet<string>): string {
  const wanted = port === '' ? 'without a name' : typeof port === 'number' ? String(port) : `named ${port}`;
  const have = others.size === 0 ? 'none for TCP' : [...others].slice(0, 10).join(', ');
  return `no endpoint has a port ${wanted} (they have ${have})`;
}
