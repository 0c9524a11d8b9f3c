import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { join } from 'node:path';
import { Child } from '../../peers/support/child.ts';
import { eventually } from '../../peers/support/eventually.ts';
import { freePorts } from '../../peers/support/free-ports.ts';
import { get } from '../../peers/support/get.ts';
import { type TlsFiles, writeTlsFiles } from '../../peers/support/tls-files.ts';
import { builtTool } from '../../peers/support/tools.ts';
import { WorkFolder } from '../../peers/support/work-folder.ts';
import { testTls } from '../../support/tls.ts';
import { KubeAdmin, textAt } from './kube-admin.ts';

const ADMIN_TOKEN = 'admin-token';
/** An API server needs some 5 s; on a busy machine more. Milliseconds. */
const START_MS = 60_000;

interface Parts {
  readonly folder: WorkFolder;
  readonly files: TlsFiles;
  readonly ca: Buffer;
  readonly etcdPort: number;
  readonly apiPort: number;
}

/** etcd and kube-apiserver with RBAC: what a cluster decides and remembers, without anything that runs pods or makes EndpointSlices. */
export class ControlPlane implements AsyncDisposable {
  readonly admin: KubeAdmin;
  readonly #parts: Parts;
  readonly #etcd: Child;
  #api: Child;

  private constructor(parts: Parts, etcd: Child, api: Child) {
    this.#parts = parts;
    this.#etcd = etcd;
    this.#api = api;
    this.admin = new KubeAdmin({ server: `https://127.0.0.1:${parts.apiPort}`, ca: parts.ca, token: ADMIN_TOKEN });
  }

  static async start(): Promise<ControlPlane> {
    const [folder, [etcdPort, peerPort, apiPort], { ca }] = await Promise.all([WorkFolder.create(), freePorts(3), testTls()]);
    assert.ok(etcdPort !== undefined && peerPort !== undefined && apiPort !== undefined);
    const parts = { folder, files: await writeTlsFiles(folder), ca, etcdPort, apiPort };
    await writeLogins(folder);
    const etcd = await startEtcd(folder, etcdPort, peerPort);
    const started = new ControlPlane(parts, etcd, await startApi(parts));
    await started.#ready();
    return started;
  }

  get server(): string {
    return `https://127.0.0.1:${this.#parts.apiPort}`;
  }

  get apiPort(): number {
    return this.#parts.apiPort;
  }

  /** The path of the authority that signed the API server's certificate. */
  get caFile(): string {
    return this.#parts.files.ca;
  }

  get ca(): Buffer {
    return this.#parts.ca;
  }

  /** A client with that token alone. */
  login(token: string): KubeAdmin {
    return new KubeAdmin({ server: this.server, ca: this.ca, token });
  }

  /** Writes a kubeconfig for that token, or for the administrator's, and returns its path. */
  async writeKubeconfig(name: string, token: string = ADMIN_TOKEN, namespace = 'default'): Promise<string> {
    const config = {
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': 'test',
      clusters: [{ name: 'test', cluster: { server: this.server, 'certificate-authority': this.caFile } }],
      users: [{ name: 'test', user: { token } }],
      contexts: [{ name: 'test', context: { cluster: 'test', user: 'test', namespace } }],
    };
    // JSON is YAML.
    return await this.#parts.folder.write(name, JSON.stringify(config));
  }

  /** Ends the API server at once; etcd stays. */
  killApi(): Promise<void> {
    return this.#api.kill();
  }

  /** Starts an API server on the same address and data, once the one of before is dead. */
  async startApi(): Promise<void> {
    this.#api = await startApi(this.#parts);
    await this.#ready();
  }

  /** Lets etcd forget everything but the present. */
  async compact(): Promise<void> {
    const now = await this.#etcdCall('range', { key: Buffer.from('/').toString('base64'), count_only: true });
    const revision = textAt(now, 'header', 'revision');
    await this.#etcdCall('compaction', { revision, physical: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.admin[Symbol.asyncDispose]();
    await this.#api.kill();
    await this.#etcd.kill();
    await this.#parts.folder[Symbol.asyncDispose]();
  }

  async #etcdCall(method: string, body: object): Promise<unknown> {
    const url = `http://127.0.0.1:${this.#parts.etcdPort}/v3/kv/${method}`;
    const answer = await get(url, { method: 'POST', body: JSON.stringify(body) });
    assert.equal(answer.status, 200, answer.body);
    return JSON.parse(answer.body);
  }

  async #ready(): Promise<void> {
    const look = async (): Promise<string> => {
      this.#api.assertRunning();
      const answer = await this.admin.ask('GET', '/readyz').catch((error: unknown) => ({ status: 0, body: error }));
      return `${answer.status} ${String(answer.body)}`;
    };
    await eventually('the API server is ready', look, (seen) => seen === '200 ok', { deadlineMs: START_MS });
  }
}

/** The key that service-account tokens are signed with, and the administrator's token. */
async function writeLogins(folder: WorkFolder): Promise<void> {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  await folder.write('sa.key', String(privateKey.export({ type: 'pkcs1', format: 'pem' })));
  await folder.write('sa.pub', String(publicKey.export({ type: 'spki', format: 'pem' })));
  await folder.write('tokens.csv', `${ADMIN_TOKEN},admin,admin,system:masters\n`);
}

function startEtcd(folder: WorkFolder, port: number, peerPort: number): Promise<Child> {
  const client = `http://127.0.0.1:${port}`;
  const peer = `http://127.0.0.1:${peerPort}`;
  return Child.start('etcd', [
    '--data-dir',
    join(folder.path, 'etcd'),
    '--listen-client-urls',
    client,
    '--advertise-client-urls',
    client,
    '--listen-peer-urls',
    peer,
    '--initial-advertise-peer-urls',
    peer,
    '--initial-cluster',
    `default=${peer}`,
    '--unsafe-no-fsync',
    '--log-level',
    'error',
  ]);
}

function startApi({ folder, files, etcdPort, apiPort }: Parts): Promise<Child> {
  const path = (name: string): string => join(folder.path, name);
  return Child.start(builtTool('kube-apiserver', 'scripts/install-kube.sh'), [
    `--etcd-servers=http://127.0.0.1:${etcdPort}`,
    '--bind-address=127.0.0.1',
    `--secure-port=${apiPort}`,
    // Told to pods, which there are none of.
    '--advertise-address=10.244.0.1',
    '--endpoint-reconciler-type=none',
    '--service-cluster-ip-range=10.96.0.0/24',
    `--tls-cert-file=${files.server.cert}`,
    `--tls-private-key-file=${files.server.key}`,
    '--authorization-mode=RBAC',
    `--token-auth-file=${path('tokens.csv')}`,
    '--service-account-issuer=https://kubernetes.default.svc',
    `--service-account-signing-key-file=${path('sa.key')}`,
    `--service-account-key-file=${path('sa.pub')}`,
  ]);
}
