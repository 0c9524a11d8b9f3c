import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type TSchema, Type } from 'typebox';
import { FLAG_NAMES, FLAGS } from '../src/config/flags.ts';
import { MAX_CONFIG_BYTES, MAX_YAML_ALIASES } from '../src/config/limits.ts';
import { isRequired, readNotes } from '../src/config/notes.ts';
import { ConfigSchema } from '../src/config/schema.ts';

const PAGE = fileURLToPath(new URL('../docs/configuration.md', import.meta.url));
/** The cluster that flags configure, as paths in the documentation have it. */
const FLAG_CLUSTER_PATH = 'clusters[default]';

/** An object of the configuration: its own heading and table. */
interface Section {
  /** Where it may stand. */
  readonly paths: readonly string[];
  readonly schema: Type.TObject;
}

const HEAD = `<!-- Written by \`npm run docs:config\` from src/config. Change it there. -->
# Configuration

One file, YAML or JSON, named by \`--config\`; or flags alone. \`grpc-health-bridge validate\` names every problem of a configuration at once, \`validate --print\` shows the one in force,
\`schema\` prints its JSON Schema for editors.

- A key that is not listed here is an error: nothing is accepted and ignored.
- Durations are a whole number and a unit: \`250ms\`, \`5s\`, \`1m\`, \`1h\`. A number without a unit is an error.
- Paths of files are relative to the working directory. PEM throughout.
- Names of clusters, groups, routes and listeners have 1 to 63 letters, digits, dots, dashes and underscores.
- A file has at most ${MAX_CONFIG_BYTES / 1_048_576} MiB and is UTF-8; YAML aliases may be used ${MAX_YAML_ALIASES} times; a key that stands twice is an error.
- **bold** keys are required.

## Example

\`\`\`yaml
`;

/** Shows every section; test/unit/config checks that it resolves. */
const EXAMPLE = `listeners:
  - name: public
    address: 0.0.0.0:8443               # "[::]:8443" or unix:/run/bridge.sock
    tls: { certificateFile: /etc/bridge/tls/tls.crt, privateKeyFile: /etc/bridge/tls/tls.key }   # or { selfSigned: true }
    routes: [canary, router, search]
  - name: plain
    address: 0.0.0.0:8080               # HTTP/1.x and HTTP/2 on one port
    routes: []                          # health URLs alone
admin: { address: 127.0.0.1:9902 }      # /metrics, and the health URLs with full details
clusters:
  - name: router
    discovery: { type: dns, host: router.default.svc.cluster.local., port: 50051 }   # a headless Service
    connectTimeout: 250ms
    tls: { caFile: /etc/bridge/backend-ca.crt, serverName: router.example }          # {} trusts the system; without the key cleartext
    healthCheck:
      services: [route.Router]          # every one must be SERVING; without the key the whole server
      interval: 5s
      timeout: 1s
      healthyThreshold: 3
      unhealthyThreshold: 1
      metadata: { x-probe: bridge, authorization: { file: /run/secrets/token } }
    healthyWhen: { percent: 50 }        # any | all | { percent: 50 } | { count: 2 }
  - name: search
    discovery: { type: static, endpoints: ["127.0.0.1:50061", "127.0.0.1:50062"] }
  - { name: canary, discovery: { type: static, endpoints: ["127.0.0.1:50071"] } }
routes:                                 # the first that matches; GET and HEAD on health URLs never get here
  - { name: canary, match: { prefix: /router.Router/, headers: [{ name: x-canary, exact: "1" }] }, cluster: canary }
  - { name: router, match: { prefix: /router.Router/ }, cluster: router }
  - { name: search, match: { prefix: /search.Search/, authority: api.example }, cluster: search, timeout: 30s }
health:
  clusters: [router, { name: search, optional: true }]   # search only degrades the answer, canary does not count
  groups: [{ name: frontend, healthyWhen: all, clusters: [router, search] }]
  details: counts
logging: { level: info }
drain: { delay: 5s, timeout: 20s }
`;

const FLAGS_HEAD = `## Flags and variables

Order: **flags over environment over file over defaults**. Each flag sets one key:

- \`--listen\` replaces the file's \`listeners\`. \`tls://ADDR\` is a listener with TLS: by \`--tls-cert\` and \`--tls-key\`, or else with a self-signed certificate.
- The others set a key of the cluster \`default\`. \`--backend\` adds that cluster where the file has none; where it has one, its other keys and the other clusters stay as they are.
- All \`--backend\` targets join that cluster. A name is looked up in DNS again and again, all its addresses count; \`srv:///\` takes the ports from SRV records, \`kubernetes:///\` asks the API server.
- Where a file is not needed, nor is \`--config\`: \`grpc-health-bridge --listen 0.0.0.0:8080 --backend 127.0.0.1:50051 --service route.Router\`.
- A repeatable flag (…) replaces the whole list of its variable, which separates by commas; a value with a comma in it therefore needs the flag. An empty variable counts as absent.
- A switch is \`true\` or \`false\` in its variable. Other \`BRIDGE_…\` variables are ignored, as Kubernetes sets such for a Service named bridge.

| flag | variable | key | |
|---|---|---|---|
`;

/** The whole of docs/configuration.md. */
export function renderConfigPage(): string {
  const sections = mergeSections(collectSections('', ConfigSchema)).map(renderSection).join('\n');
  const flags = FLAG_NAMES.map((name) => {
    const { value, repeatable, variable, path, description } = FLAGS[name];
    const flag = `--${name}${value === null ? '' : ` ${value}`}${repeatable ? ' …' : ''}`;
    const key = path.startsWith('.') ? `${FLAG_CLUSTER_PATH}${path}` : path;
    return row([code(flag), code(variable), key === '' ? '' : code(key), description]);
  });
  return `${HEAD}${EXAMPLE}\`\`\`\n\n${sections}\n${FLAGS_HEAD}${flags.join('\n')}\n`;
}

/** A section and all below it, each before its own parts. */
function collectSections(path: string, schema: TSchema): readonly Section[] {
  if (Type.IsArray(schema)) {
    return collectSections(`${path}[]`, schema.items);
  }
  if (Type.IsUnion(schema)) {
    // Of a list of what may also stand alone, only what stands alone.
    return schema.anyOf.filter((branch) => !Type.IsArray(branch)).flatMap((branch) => collectSections(path, branch));
  }
  if (!Type.IsObject(schema) || isSmall(schema)) {
    return [];
  }
  const parts = Object.entries(schema.properties).flatMap(([key, property]) => collectSections(join(path, key), property));
  return [{ paths: [path], schema }, ...parts];
}

/** One section for a schema that is used in several places. */
function mergeSections(sections: readonly Section[]): readonly Section[] {
  const merged = new Map<string, Section>();
  for (const { paths, schema } of sections) {
    const identity = JSON.stringify(schema);
    merged.set(identity, { paths: [...(merged.get(identity)?.paths ?? []), ...paths], schema });
  }
  return [...merged.values()];
}

/** Objects of one key are told where they are used, such as `{ count }`. */
function isSmall(schema: Type.TObject): boolean {
  return Object.keys(schema.properties).length === 1 && readNotes(schema).description.length < 40;
}

function renderSection({ paths, schema }: Section): string {
  const rows = Object.entries(schema.properties).map(([key, property]) => renderKey(key, property));
  const [type] = wordsOf(schema.properties['type']);
  const isOneOfSeveral = type !== undefined && isRequired(schema.properties['type'] ?? {});
  const names = paths.map((path) => (path === '' ? 'The file' : code(path))).join(' and ');
  const title = `${names}${isOneOfSeveral ? ` of type ${code(type)}` : ''}`;
  return `## ${title}\n\n${readNotes(schema).description}\n\n| key | type | range | default | meaning |\n|---|---|---|---|---|\n${rows.join('\n')}\n`;
}

function renderKey(key: string, schema: TSchema): string {
  const { kind, range, description } = readNotes(schema);
  const name = isRequired(schema) ? `**\`${key}\`**` : code(key);
  return row([
    name,
    escape(kind === '' ? kindOf(schema) : kind),
    range === '' ? lengthOf(schema) : range,
    defaultOf(schema),
    description,
  ]);
}

function kindOf(schema: TSchema): string {
  if (!Type.IsArray(schema)) {
    return 'object';
  }
  const { kind } = readNotes(schema.items);
  return kind === '' ? 'list' : `list of ${kind}`;
}

/** The limits of a list. */
function lengthOf(schema: TSchema): string {
  if (!Type.IsArray(schema)) {
    return '';
  }
  const limits = new Map<string, unknown>(Object.entries(schema));
  const [least, most] = [limits.get('minItems') ?? 0, limits.get('maxItems')];
  return typeof least === 'number' && typeof most === 'number' ? `${least} to ${most} items` : '';
}

function defaultOf(schema: TSchema): string {
  const { defaultText } = readNotes(schema);
  if (defaultText !== '') {
    return defaultText;
  }
  if (!('default' in schema)) {
    return isRequired(schema) ? '' : 'none';
  }
  return code(typeof schema.default === 'string' ? schema.default : JSON.stringify(schema.default));
}

function wordsOf(schema: TSchema | undefined): readonly string[] {
  return schema !== undefined && Type.IsEnum(schema) ? schema.enum.map(String) : [];
}

function row(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`;
}

function code(text: string): string {
  return `\`${escape(text)}\``;
}

function escape(text: string): string {
  return text.replaceAll('|', '\\|');
}

function join(path: string, key: string): string {
  return path === '' ? key : `${path}.${key}`;
}

if (import.meta.main) {
  const page = renderConfigPage();
  if (!process.argv.includes('--check')) {
    writeFileSync(PAGE, page);
  } else if (page !== readFileSync(PAGE, 'utf8')) {
    process.stderr.write('docs/configuration.md is not what src/config says: run npm run docs:config\n');
    process.exitCode = 1;
  }
}
