import type { DiscoveryUpdate } from '../../model/discovery-update.ts';
import { createEndpoint, type Endpoint } from '../../model/endpoint.ts';
import type { AddressFamily } from '../host-lookup.ts';
import type { Slice, SliceEndpoint } from './endpoint-slice.ts';

/** Slices of one Service: a hundred thousand endpoints at the controller's default of 100. */
export const MAX_SLICES = 1000;
/** Endpoints of one Service, all slices together. */
export const MAX_SERVICE_ENDPOINTS = 10_000;

export interface SliceChoice {
  /** The name of a port, empty for one without; or its number. */
  readonly port: string | number;
  /** Default `auto`: IPv6 if any endpoint has it, else IPv4. */
  readonly family: AddressFamily;
  /** What the endpoints are called: their Service. */
  readonly hostname: string;
}

interface Candidate {
  readonly endpoint: Endpoint;
  ready: boolean;
  servingAlone: boolean;
}

/**
 * Joins the slices of a Service into the endpoints that may get traffic. An endpoint may be in two slices for a moment, so that it
 * counts while any slice has it, in its best condition. The ready ones are chosen; if there are none, those that still serve while
 * they terminate, as kube-proxy does (KEP-1669); if there are none, nobody.
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
      slice.endpoints.forEach((endpoint) => add(families[slice.family], endpoint, { port, hostname: choice.hostname }));
    }
  }
  const found = families.v4.size + families.v6.size;
  if (found === 0 && hasEndpoints) {
    return { kind: 'failed', reason: describeMissingPort(choice, otherPorts) };
  }
  if (found > MAX_SERVICE_ENDPOINTS) {
    return { kind: 'failed', reason: `more than ${MAX_SERVICE_ENDPOINTS} endpoints` };
  }
  return { kind: 'endpoints', endpoints: choose([...families.v6.values()], [...families.v4.values()], choice.family) };
}

function add(
  candidates: Map<string, Candidate>,
  { host, ready, serving, terminating }: SliceEndpoint,
  { port, hostname }: { readonly port: number; readonly hostname: string },
): void {
  const endpoint = createEndpoint({ kind: 'tcp', host, port }, hostname);
  const candidate = candidates.get(endpoint.key) ?? { endpoint, ready: false, servingAlone: false };
  candidate.ready ||= ready;
  candidate.servingAlone ||= serving && terminating;
  candidates.set(endpoint.key, candidate);
}

/** A family is chosen before conditions within it, as each is a whole view of the same pods. */
function choose(v6: readonly Candidate[], v4: readonly Candidate[], family: AddressFamily): readonly Endpoint[] {
  const [usable6, usable4] = [usable(v6), usable(v4)];
  switch (family) {
    case 'v4':
      return usable4;
    case 'v6':
      return usable6;
    case 'all':
      return usable([...v6, ...v4]);
    case 'auto':
      return usable6.length > 0 ? usable6 : usable4;
  }
}

function usable(candidates: readonly Candidate[]): readonly Endpoint[] {
  const ready = candidates.filter((candidate) => candidate.ready);
  const chosen = ready.length > 0 ? ready : candidates.filter((candidate) => candidate.servingAlone);
  return chosen.map(({ endpoint }) => endpoint);
}

function describeMissingPort({ port }: SliceChoice, others: ReadonlySet<string>): string {
  const wanted = port === '' ? 'without a name' : typeof port === 'number' ? String(port) : `named ${port}`;
  const have = others.size === 0 ? 'none for TCP' : [...others].slice(0, 10).join(', ');
  return `no endpoint has a port ${wanted} (they have ${have})`;
}
