/** One flag of the command line with its twin in the environment. */
export interface Flag {
  /** The environment variable that stands for it. */
  readonly variable: string;
  /** What stands for the value in the usage text; null for a switch, which has none. */
  readonly value: string | null;
  /** Whether it may be given several times; the variable then holds a list with commas. */
  readonly repeatable: boolean;
  /** The key it sets, below the cluster `default` where it begins with a dot; empty for none. */
  readonly path: string;
  /** One line for the usage text and the documentation. */
  readonly description: string;
}

/** The one table of flags, variables and the keys they set. */
export const FLAGS = {
  config: single('BRIDGE_CONFIG', 'FILE', '', 'configuration, YAML or JSON'),
  listen: repeated('BRIDGE_LISTEN', 'ADDR', 'listeners', 'where to answer: ip:port, unix:/path; tls://ADDR for TLS'),
  'tls-cert': single(
    'BRIDGE_TLS_CERT',
    'FILE',
    'listeners[].tls.certificateFile',
    'certificate of tls:// listeners, PEM; self-signed without',
  ),
  'tls-key': single('BRIDGE_TLS_KEY', 'FILE', 'listeners[].tls.privateKeyFile', 'private key of --tls-cert, PEM'),
  backend: repeated(
    'BRIDGE_BACKEND',
    'TARGET',
    '.discovery',
    'host:port, dns:///host:port, srv:///name, kubernetes:///svc.ns:port, ipv4:…, unix:/path',
  ),
  'envoy-admin': single(
    'BRIDGE_ENVOY_ADMIN',
    'URL',
    '.discovery.admin',
    'in place of --backend: the Envoy that knows them, http://host:port or unix:/path',
  ),
  'envoy-cluster': repeated('BRIDGE_ENVOY_CLUSTER', 'NAME', '.discovery.clusters', 'cluster of that Envoy; all of them without'),
  service: repeated('BRIDGE_SERVICE', 'NAME', '.healthCheck.services', 'gRPC service to check; the whole server without'),
  'check-interval': single('BRIDGE_CHECK_INTERVAL', 'DURATION', '.healthCheck.interval', 'pause between two checks (5s)'),
  'connect-timeout': single(
    'BRIDGE_CONNECT_TIMEOUT',
    'DURATION',
    '.connectTimeout',
    'TCP and TLS together, within --rpc-timeout (5s)',
  ),
  'rpc-timeout': single('BRIDGE_RPC_TIMEOUT', 'DURATION', '.healthCheck.timeout', 'one whole check (1s)'),
  'rpc-header': repeated('BRIDGE_RPC_HEADER', "'NAME: VALUE'", '.healthCheck.metadata', 'request header of every check'),
  'healthy-when': single('BRIDGE_HEALTHY_WHEN', 'any|all|NN%|N', '.healthyWhen', 'how many backends must be healthy (any)'),
  'backend-tls': onOff('BRIDGE_BACKEND_TLS', '.tls', 'TLS to the backends; implied by the flags below'),
  'backend-ca-cert': single('BRIDGE_BACKEND_CA_CERT', 'FILE', '.tls.caFile', 'certificates to trust, PEM'),
  'backend-client-cert': single('BRIDGE_BACKEND_CLIENT_CERT', 'FILE', '.tls.certificateFile', 'client certificate, PEM'),
  'backend-client-key': single(
    'BRIDGE_BACKEND_CLIENT_KEY',
    'FILE',
    '.tls.privateKeyFile',
    'private key of --backend-client-cert, PEM',
  ),
  'backend-server-name': single(
    'BRIDGE_BACKEND_SERVER_NAME',
    'NAME',
    '.tls.serverName',
    'name to ask for and to expect in the certificate',
  ),
  'backend-tls-no-verify': onOff('BRIDGE_BACKEND_TLS_NO_VERIFY', '.tls.insecureSkipVerify', 'accept any certificate'),
} as const satisfies Record<string, Flag>;

/** A flag without its dashes. */
export type FlagName = keyof typeof FLAGS;

/** Every flag in the order of the table. */
export const FLAG_NAMES: readonly FlagName[] = Object.keys(FLAGS).filter(isFlagName);

/** The flags of a command line as text, each with its values in order; a switch has the value `true`. */
export type FlagValues = Readonly<Partial<Record<FlagName, readonly string[]>>>;

/** Variables of an environment. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** The values of a flag, and what to call it in a problem: `--listen` or `BRIDGE_LISTEN`. */
export interface GivenFlag {
  readonly label: string;
  /** At least one; exactly one where the flag is not repeatable. */
  readonly values: readonly string[];
}

export type GivenFlags = ReadonlyMap<FlagName, GivenFlag>;

/** Joins flags and variables: a flag replaces its variable. An empty variable counts as absent, and any other name is ignored. */
export function readGivenFlags(flags: FlagValues, environment: Environment): GivenFlags {
  const given = new Map<FlagName, GivenFlag>();
  for (const name of FLAG_NAMES) {
    const { variable, repeatable } = FLAGS[name];
    const text = environment[variable] ?? '';
    const values = flags[name];
    if (values !== undefined) {
      given.set(name, { label: `--${name}`, values });
    } else if (text !== '') {
      given.set(name, { label: variable, values: repeatable ? text.split(',').map((item) => item.trim()) : [text] });
    }
  }
  return given;
}

export function isFlagName(text: string): text is FlagName {
  return Object.hasOwn(FLAGS, text);
}

/** The value of a switch in words of the environment; null for a text that is neither. */
export function parseSwitch(text: string): boolean | null {
  switch (text) {
    case 'true':
    case '1':
      return true;
    case 'false':
    case '0':
      return false;
    default:
      return null;
  }
}

/** Whether a flag sets a key of the cluster `default`. */
export function isClusterFlag(name: FlagName): boolean {
  return FLAGS[name].path.startsWith('.');
}

function single(variable: string, value: string, path: string, description: string): Flag {
  return { variable, value, repeatable: false, path, description };
}

function repeated(variable: string, value: string, path: string, description: string): Flag {
  return { variable, value, repeatable: true, path, description };
}

function onOff(variable: string, path: string, description: string): Flag {
  return { variable, value: null, repeatable: false, path, description };
}
