import { isHostName, isIpLiteral, parseAddress } from '../model/address.ts';

/** A source of endpoints in the words of a file. */
export type TargetSource =
  | { readonly type: 'static'; readonly endpoints: readonly string[] }
  | { readonly type: 'dns'; readonly host: string; readonly port: number }
  | { readonly type: 'srv'; readonly name: string }
  | { readonly type: 'kubernetes'; readonly service: string; readonly namespace?: string; readonly port: string };

/** What a gRPC name stands for, or why it is none. */
export type TargetResult =
  | { readonly kind: 'source'; readonly source: TargetSource }
  | { readonly kind: 'invalid'; readonly message: string };

/** Schemes of gRPC that have no meaning here. */
const UNSUPPORTED_SCHEMES: readonly string[] = ['xds', 'unix-abstract', 'vsock', 'google-c2p'];
const PORT = /^\d+$/;
/** RFC 1123 labels of a Service and of its namespace, and a port by name or number. */
const KUBERNETES = /^([a-z0-9][a-z0-9-]{0,62})(?:\.([a-z0-9][a-z0-9-]{0,62}))?:([a-z0-9][a-z0-9-]{0,62})$/;
const SCHEME = /^([a-z][a-z0-9+.-]*):(.*)$/;

/**
 * Parses a gRPC name (gRPC naming, name syntax): `dns:///host:port`, `dns:host:port`, `host:port`, `ipv4:a:p,b:p`,
 * `ipv6:[a]:p`, `unix:/path`, `unix:///path`, and of other resolvers `srv:///_grpc._tcp.name`, `kubernetes:///service.namespace:port`.
 * A port must be given where records do not bring it: gRPC's default of 443 would be a surprise for a backend.
 */
export function parseTarget(text: string): TargetResult {
  const [, scheme = '', rest = ''] = SCHEME.exec(text) ?? [];
  if (PORT.test(rest)) {
    // A host may be called like a scheme.
    return parseHostPort(text);
  }
  switch (scheme) {
    case 'dns':
      return parseDns(rest);
    case 'ipv4':
    case 'ipv6':
      return parseAddresses(rest, scheme);
    case 'unix':
      return parseUnix(rest);
    case 'srv':
      return parseSrv(rest);
    case 'kubernetes':
      return parseKubernetes(rest);
    default:
      return rest.startsWith('//') || UNSUPPORTED_SCHEMES.includes(scheme) ? unsupported(scheme) : parseHostPort(text);
  }
}

function unsupported(scheme: string): TargetResult {
  return invalid(`has the scheme ${scheme}, which this version does not support: use dns, srv, kubernetes, ipv4, ipv6 or unix`);
}

function parseDns(rest: string): TargetResult {
  if (!rest.startsWith('//')) {
    return parseHostPort(rest);
  }
  if (!rest.startsWith('///')) {
    return invalid('names a DNS server: write dns:///host:port, and resolvers in a file');
  }
  return parseHostPort(rest.slice('///'.length));
}

/** Whether it is a service's name is left to the schema of the source. */
function parseSrv(rest: string): TargetResult {
  if (rest.startsWith('//') && !rest.startsWith('///')) {
    return invalid('names a DNS server: write srv:///name, and resolvers in a file');
  }
  const name = rest.replace(/^\/\/\//, '');
  if (name.includes(':')) {
    return invalid('has a port, which the SRV records bring: write srv:///name');
  }
  return isHostName(name) && !isIpLiteral(name)
    ? { kind: 'source', source: { type: 'srv', name } }
    : invalid('has no name of SRV records: write srv:///_service._proto.name');
}

/** Of a longer name such as `router.default.svc.cluster.local` nothing but the Service and its namespace could be looked up anyway. */
function parseKubernetes(rest: string): TargetResult {
  const [, target = ''] = /^(?:\/\/\/)?([^/].*)$/.exec(rest) ?? [];
  const [, service = '', namespace, port = ''] = KUBERNETES.exec(target) ?? [];
  if (service === '') {
    return invalid('must be written kubernetes:///service.namespace:port, with the name or the number of a port');
  }
  return { kind: 'source', source: { type: 'kubernetes', service, ...(namespace === undefined ? {} : { namespace }), port } };
}

/** A name becomes DNS discovery, which sees all its addresses; an IP address is an endpoint. */
function parseHostPort(text: string): TargetResult {
  const result = parseAddress(text);
  if (result.kind === 'invalid') {
    return invalid(result.message);
  }
  if (result.address.kind === 'unix') {
    return invalid('has two schemes');
  }
  const { host, port } = result.address;
  return { kind: 'source', source: isIpLiteral(host) ? { type: 'static', endpoints: [text] } : { type: 'dns', host, port } };
}

function parseAddresses(list: string, scheme: 'ipv4' | 'ipv6'): TargetResult {
  const endpoints = list.replace(/^\/\/\//, '').split(',');
  for (const endpoint of endpoints) {
    const result = parseAddress(endpoint);
    if (result.kind === 'invalid') {
      return invalid(result.message);
    }
    const { address } = result;
    if (address.kind === 'unix' || !isIpLiteral(address.host) || address.host.includes(':') !== (scheme === 'ipv6')) {
      return invalid(`has ${JSON.stringify(endpoint)}, which is no ${scheme === 'ipv4' ? 'IPv4' : 'IPv6'} address with a port`);
    }
  }
  return { kind: 'source', source: { type: 'static', endpoints } };
}

function parseUnix(rest: string): TargetResult {
  const address = `unix:${rest.replace(/^\/\/\//, '/')}`;
  const result = parseAddress(address);
  return result.kind === 'invalid'
    ? invalid(result.message)
    : { kind: 'source', source: { type: 'static', endpoints: [address] } };
}

function invalid(message: string): TargetResult {
  return { kind: 'invalid', message };
}
