import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { toError } from '../../errors.ts';
import { parseKubeconfig } from './kubeconfig.ts';

/** How an API server is reached, and as whom. */
export interface ApiAccess {
  /** Such as `https://10.0.0.1:443`. */
  readonly server: string;
  /** The namespace that stands for none. */
  readonly namespace: string;
  /** PEM; null trusts Node's own authorities. */
  readonly ca: string | null;
  readonly cert: string | null;
  readonly key: string | null;
  /** Never logged. */
  readonly token: string | null;
  /** The name that the server's certificate is for; null takes that of the URL. */
  readonly serverName: string | null;
  readonly insecureSkipVerify: boolean;
}

export type AccessResult =
  | { readonly kind: 'access'; readonly access: ApiAccess }
  | { readonly kind: 'failed'; readonly reason: string };

/** Reads the access anew for every request: tokens and certificates rotate. Never rejects. */
export type ReadAccess = () => Promise<AccessResult>;

/** Where the kubelet puts the credentials of a pod's service account. */
const POD_FOLDER = '/var/run/secrets/kubernetes.io/serviceaccount';
/** Larger files hold no credentials. Octets. */
const MAX_CREDENTIAL_BYTES = 1_048_576;
const DEFAULT_NAMESPACE = 'default';

export interface AccessEnvironment {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Default that of a pod. */
  readonly podFolder: string;
  /** Default that of the user. */
  readonly homeFolder: string;
}

/** `KUBECONFIG` if it is set, the pod's service account in a cluster, else `~/.kube/config`: as clients of Kubernetes do. */
export function findAccess(where: Partial<AccessEnvironment> = {}): ReadAccess {
  // These variables are Kubernetes' own, not settings of the bridge, and are read nowhere else.
  // oxlint-disable-next-line node/no-process-env
  const { environment = process.env, podFolder = POD_FOLDER, homeFolder = homedir() } = where;
  const { KUBECONFIG: kubeconfig = '', KUBERNETES_SERVICE_HOST: host = '', KUBERNETES_SERVICE_PORT: port = '443' } = environment;
  if (kubeconfig === '' && host !== '') {
    return () => readPodAccess(podFolder, `https://${host.includes(':') ? `[${host}]` : host}:${port}`);
  }
  if (kubeconfig.includes(delimiter)) {
    return () => Promise.resolve({ kind: 'failed', reason: 'KUBECONFIG names several files: name one' });
  }
  return () => readKubeconfig(kubeconfig === '' ? join(homeFolder, '.kube', 'config') : kubeconfig);
}

async function readPodAccess(folder: string, server: string): Promise<AccessResult> {
  try {
    const token = await readSmall(join(folder, 'token'));
    const ca = await readSmall(join(folder, 'ca.crt'));
    const namespace = await readSmall(join(folder, 'namespace')).catch(() => DEFAULT_NAMESPACE);
    return {
      kind: 'access',
      access: {
        server,
        namespace: namespace.trim(),
        ca,
        cert: null,
        key: null,
        token: token.trim(),
        serverName: null,
        insecureSkipVerify: false,
      },
    };
  } catch (thrown) {
    return { kind: 'failed', reason: `no service account: ${toError(thrown).message}` };
  }
}

async function readKubeconfig(path: string): Promise<AccessResult> {
  try {
    return { kind: 'access', access: await parseKubeconfig(await readSmall(path), path, readSmall) };
  } catch (thrown) {
    return { kind: 'failed', reason: `kubeconfig ${path}: ${toError(thrown).message}` };
  }
}

/** @throws Error that names the file, never its content. */
async function readSmall(path: string): Promise<string> {
  try {
    await using file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const buffer = Buffer.alloc(MAX_CREDENTIAL_BYTES + 1);
    let length = 0;
    for (let read = -1; read !== 0 && length <= MAX_CREDENTIAL_BYTES; length += read) {
      ({ bytesRead: read } = await file.read(buffer, length));
    }
    if (length <= MAX_CREDENTIAL_BYTES) {
      return buffer.toString('utf8', 0, length);
    }
  } catch (thrown) {
    throw new Error(`${path} cannot be read (${String(Reflect.get(toError(thrown), 'code'))})`, { cause: thrown });
  }
  throw new Error(`${path} is larger than ${MAX_CREDENTIAL_BYTES} octets`);
}
