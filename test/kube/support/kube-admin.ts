import assert from 'node:assert/strict';
import { Agent, request } from 'undici';
import { parseAllDocuments } from 'yaml';

/** Longer than anything takes on a busy machine. Milliseconds. */
const DEADLINE_MS = 20_000;
/** The least that an API server grants. Seconds. */
const TOKEN_S = 600;

/** Whoever asks the API server. */
export interface KubeLogin {
  readonly server: string;
  /** PEM. */
  readonly ca: Buffer;
  readonly token: string;
}

/** An object of Kubernetes, in JSON. */
export interface KubeObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly labels?: Readonly<Record<string, string>> };
  readonly [key: string]: unknown;
}

export interface KubeAnswer {
  readonly status: number;
  readonly body: unknown;
}

/** Paths of the kinds that tests make. */
const PATHS: ReadonlyMap<string, string> = new Map([
  ['Namespace', '/api/v1/namespaces'],
  ['Pod', '/api/v1/namespaces/NAMESPACE/pods'],
  ['Service', '/api/v1/namespaces/NAMESPACE/services'],
  ['ServiceAccount', '/api/v1/namespaces/NAMESPACE/serviceaccounts'],
  ['ConfigMap', '/api/v1/namespaces/NAMESPACE/configmaps'],
  ['EndpointSlice', '/apis/discovery.k8s.io/v1/namespaces/NAMESPACE/endpointslices'],
  ['Role', '/apis/rbac.authorization.k8s.io/v1/namespaces/NAMESPACE/roles'],
  ['RoleBinding', '/apis/rbac.authorization.k8s.io/v1/namespaces/NAMESPACE/rolebindings'],
]);

/** A client of an API server that may do whatever its token may: kubectl in small. */
export class KubeAdmin implements AsyncDisposable {
  readonly #login: KubeLogin;
  readonly #agent: Agent;

  constructor(login: KubeLogin) {
    this.#login = login;
    this.#agent = new Agent({ allowH2: false, connect: { ca: login.ca } });
  }

  /** The answer, whatever its status. */
  async ask(method: string, path: string, body?: { readonly type: string; readonly value: unknown }): Promise<KubeAnswer> {
    const { server, token } = this.#login;
    const answer = await request(server + path, {
      method,
      dispatcher: this.#agent,
      headers: {
        authorization: `Bearer ${token}`,
        accept: 'application/json',
        ...(body === undefined ? {} : { 'content-type': body.type }),
      },
      body: body === undefined ? null : JSON.stringify(body.value),
      signal: AbortSignal.timeout(DEADLINE_MS),
    });
    const text = await answer.body.text();
    return { status: answer.statusCode, body: text.startsWith('{') ? JSON.parse(text) : text };
  }

  /** Makes an object, or makes it what is given (server-side apply). Returns the object as it is then. */
  async apply(object: KubeObject, namespace = object.metadata.namespace ?? 'default'): Promise<unknown> {
    const path = `${pathOf(object.kind, namespace)}/${object.metadata.name}?fieldManager=test&force=true`;
    const answer = await this.ask('PATCH', path, { type: 'application/apply-patch+yaml', value: object });
    assert.ok(answer.status === 200 || answer.status === 201, `${path}: ${JSON.stringify(answer)}`);
    return answer.body;
  }

  /** Applies every document of a manifest. */
  async applyManifest(text: string, namespace: string): Promise<void> {
    for (const document of parseAllDocuments(text)) {
      const object: KubeObject = document.toJS();
      await this.apply(object, namespace);
    }
  }

  async remove(kind: string, name: string, namespace = 'default'): Promise<void> {
    const answer = await this.ask('DELETE', `${pathOf(kind, namespace)}/${name}`);
    assert.ok(answer.status === 200 || answer.status === 202, JSON.stringify(answer));
  }

  /** A token of a service account, as a kubelet gets it for a pod (TokenRequest). */
  async createToken(account: string, namespace = 'default'): Promise<string> {
    const path = `${pathOf('ServiceAccount', namespace)}/${account}/token`;
    const value = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { expirationSeconds: TOKEN_S } };
    const { body } = await this.ask('POST', path, { type: 'application/json', value });
    const token = textAt(body, 'status', 'token');
    assert.ok(token !== '', JSON.stringify(body));
    return token;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#agent.destroy();
  }
}

/** The text at the end of these keys; empty if there is none. */
export function textAt(value: unknown, ...keys: readonly string[]): string {
  const found = keys.reduce<unknown>(
    (node, key) => (typeof node === 'object' && node !== null ? Reflect.get(node, key) : undefined),
    value,
  );
  return typeof found === 'string' ? found : '';
}

function pathOf(kind: string, namespace: string): string {
  const path = PATHS.get(kind);
  assert.ok(path !== undefined, `no path for ${kind}`);
  return path.replace('NAMESPACE', namespace);
}
