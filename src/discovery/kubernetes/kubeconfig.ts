import { dirname, resolve } from 'node:path';
import { parse } from 'yaml';
import type { ApiAccess } from './access.ts';

/** Reads a file that a kubeconfig names. */
export type ReadNamed = (path: string) => Promise<string>;

type Fields = Readonly<Record<string, unknown>>;

/** Ways to log in that would run programs or need other parties. */
const UNSUPPORTED = ['exec', 'auth-provider', 'username', 'as'] as const;
const MAX_ALIASES = 100;

/**
 * Reads the current context of a kubeconfig: server, authorities, and a token or client certificate, in place or by file.
 *
 * @throws Error in words for an operator, without any of the content.
 */
export async function parseKubeconfig(text: string, path: string, read: ReadNamed): Promise<ApiAccess> {
  const root = fieldsOf(parseYaml(text));
  const contextName = textOf(root['current-context']) ?? '';
  const context = entryOf(root, 'context', contextName);
  const cluster = entryOf(root, 'cluster', textOf(context['cluster']) ?? '');
  const user = entryOf(root, 'user', textOf(context['user']) ?? '');
  const method = UNSUPPORTED.find((key) => user[key] !== undefined);
  if (method !== undefined) {
    throw new Error(`logs in by ${method}, which is not supported: use a token or a client certificate`);
  }
  if (cluster['proxy-url'] !== undefined) {
    throw new Error('wants a proxy, which is not supported');
  }
  const server = textOf(cluster['server']) ?? '';
  if (!/^https?:\/\/[^/?#]+\/?$/.test(server)) {
    throw new Error('its server is no http(s)://host:port');
  }
  const load = (fields: Fields, key: string): Promise<string | null> => loadPem(fields, key, { folder: dirname(path), read });
  const tokenFile = textOf(user['tokenFile']);
  return {
    server,
    namespace: textOf(context['namespace']) ?? 'default',
    ca: await load(cluster, 'certificate-authority'),
    cert: await load(user, 'client-certificate'),
    key: await load(user, 'client-key'),
    token: textOf(user['token']) ?? (tokenFile === null ? null : (await read(resolve(dirname(path), tokenFile))).trim()),
    serverName: textOf(cluster['tls-server-name']),
    insecureSkipVerify: cluster['insecure-skip-tls-verify'] === true,
  };
}

function parseYaml(text: string): unknown {
  try {
    return parse(text, { maxAliasCount: MAX_ALIASES, logLevel: 'error' });
  } catch {
    throw new Error('is no YAML');
  }
}

/** `contexts`, `clusters` and `users` are lists of names with what they stand for. */
function entryOf(root: Fields, kind: 'context' | 'cluster' | 'user', name: string): Fields {
  const list = root[`${kind}s`];
  const entry = (Array.isArray(list) ? list : []).map(fieldsOf).find((item) => item['name'] === name);
  if (name === '' || entry === undefined) {
    throw new Error(
      name === '' ? `names no ${kind === 'context' ? 'current-context' : kind}` : `has no ${kind} ${JSON.stringify(name)}`,
    );
  }
  return fieldsOf(entry[kind]);
}

async function loadPem(
  fields: Fields,
  key: string,
  { folder, read }: { readonly folder: string; readonly read: ReadNamed },
): Promise<string | null> {
  const data = textOf(fields[`${key}-data`]);
  const file = textOf(fields[key]);
  if (data !== null) {
    return Buffer.from(data, 'base64').toString('utf8');
  }
  return file === null ? null : read(resolve(folder, file));
}

function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.fromEntries(Object.entries(value)) : {};
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}
