import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { BridgeProcess, type RawConfig } from '../peers/support/bridge.ts';
import { Child } from '../peers/support/child.ts';
import { freePorts } from '../peers/support/free-ports.ts';
import { type PairFiles, type TlsFiles, writeTlsFiles } from '../peers/support/tls-files.ts';
import { builtTool } from '../peers/support/tools.ts';
import { WorkFolder } from '../peers/support/work-folder.ts';
import { EchoBackend } from '../support/peers/echo-service.ts';
import { SPIFFE_ID, testTls } from '../support/tls.ts';

const METHOD = 'test.Echo/Once';
const PROTO = `syntax = "proto3"; package test;
message Octets { bytes data = 1; }
service Echo { rpc Once(Octets) returns (Octets); }`;
const VERSIONS = ['v1', 'v2', 'v3'] as const;
/** Of 100, in the order of the versions. */
const WEIGHTS = [80, 10, 10];

/** A mesh of three pods that want the certificate of a workload, and a gateway before them that wants one from its clients. */
class Mesh implements AsyncDisposable {
  readonly pods: readonly EchoBackend[];
  readonly files: TlsFiles;
  readonly bridge: BridgeProcess;
  readonly port: number;
  readonly #folder: WorkFolder;
  readonly #proto: string;
  /** What each pod had executed when it was looked at last. */
  #before: readonly number[];

  /** `cluster` and `config` are more keys of the cluster and of the whole. */
  static async start({
    cluster = {},
    config = {},
  }: {
    readonly cluster?: RawConfig;
    readonly config?: RawConfig;
  }): Promise<Mesh> {
    const folder = await WorkFolder.create();
    const files = await writeTlsFiles(folder);
    const { spiffe, ca } = await testTls();
    const pods = await Promise.all(VERSIONS.map(() => EchoBackend.start({ tls: { pair: spiffe, clientCa: ca } })));
    const [port = 0, adminPort = 0] = await freePorts(2);
    const bridge = await BridgeProcess.start(
      {
        listeners: [
          {
            name: 'gateway',
            address: `127.0.0.1:${port}`,
            tls: {
              certificateFile: files.server.cert,
              privateKeyFile: files.server.key,
              clientCertificates: 'required',
              clientCaFile: files.ca,
              clientSubjectAltNames: ['client.test'],
            },
          },
        ],
        admin: { address: `127.0.0.1:${adminPort}` },
        clusters: [
          {
            name: 'pods',
            discovery: {
              type: 'static',
              endpoints: pods.map(({ endpoint }, index) => ({
                address: endpoint.key,
                labels: { version: VERSIONS[index] ?? '' },
              })),
            },
            healthCheck: { type: 'none' },
            tls: {
              caFile: files.ca,
              certificateFile: files.spiffe.cert,
              privateKeyFile: files.spiffe.key,
              subjectAltNames: [SPIFFE_ID],
            },
            ...cluster,
          },
        ],
        routes: [{ name: 'echo', match: { prefix: '/test.Echo/' }, cluster: 'pods' }],
        ...config,
      },
      { url: `http://127.0.0.1:${adminPort}` },
    );
    return new Mesh({ pods, files, bridge, port, folder, proto: await folder.write('echo.proto', PROTO) });
  }

  private constructor(
    parts: Pick<Mesh, 'pods' | 'files' | 'bridge' | 'port'> & { readonly folder: WorkFolder; readonly proto: string },
  ) {
    this.pods = parts.pods;
    this.files = parts.files;
    this.bridge = parts.bridge;
    this.port = parts.port;
    this.#folder = parts.folder;
    this.#proto = parts.proto;
    this.#before = parts.pods.map(() => 0);
  }

  /** One call by grpcurl. */
  async grpcurl(client: PairFiles | null, ...headers: readonly string[]): Promise<{ code: number | null; said: string }> {
    const shown = client === null ? [] : ['-cert', client.cert, '-key', client.key];
    const args = ['-max-time', '10', '-cacert', this.files.ca, ...shown, ...headers.flatMap((header) => ['-H', header])];
    const call = [
      '-proto',
      this.#proto,
      '-import-path',
      this.#folder.path,
      '-d',
      '{"data":"aGk="}',
      `localhost:${this.port}`,
      METHOD,
    ];
    await using child = await Child.start(builtTool('grpcurl'), [...args, ...call]);
    const { code } = await child.exit(20_000);
    return { code, said: child.stdout + child.stderr };
  }

  /** Calls by ghz over one connection, so many at a time; how often each status came. */
  async ghz(count: number, atATime: number): Promise<string> {
    const { ca, client } = this.files;
    const security = ['--cacert', ca, '--cert', client.cert, '--key', client.key];
    const call = ['--proto', this.#proto, '--call', 'test.Echo.Once', '-d', '{"data":"aGk="}'];
    const load = ['-n', String(count), '-c', String(atATime), '--connections', '1', '--format', 'json', `localhost:${this.port}`];
    await using child = await Child.start(builtTool('ghz'), [...security, ...call, ...load]);
    const { code } = await child.exit(60_000);
    assert.equal(code, 0, child.stderr);
    const report: { statusCodeDistribution: Readonly<Record<string, number>> } = JSON.parse(child.stdout);
    return Object.entries(report.statusCodeDistribution)
      .map(([word, times]) => `${times} ${word}`)
      .join(', ');
  }

  /** Calls that each pod has executed since the last look. */
  calls(): readonly number[] {
    const now = this.pods.map(({ executed }) => executed.length);
    const calls = now.map((count, index) => count - (this.#before[index] ?? 0));
    this.#before = now;
    return calls;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.bridge[Symbol.asyncDispose]();
    await Promise.all(this.pods.map((pod) => pod[Symbol.asyncDispose]()));
    await this.#folder[Symbol.asyncDispose]();
  }
}

function show(t: TestContext, what: string, seen: string): void {
  t.diagnostic(`S3 | ${what} | ${seen}`);
}

describe('S3, a mesh: a gateway with mutual TLS on both sides', { timeout: 240_000 }, () => {
  it('serves grpcurl that shows a certificate, and shows its own, with trace context and metrics', async (t) => {
    await using mesh = await Mesh.start({});
    const traceId = '0af7651916cd43dd8448eb211c80319c';
    const served = await mesh.grpcurl(mesh.files.client, `traceparent: 00-${traceId}-b7ad6b7169203331-01`);
    assert.deepEqual([served.code, JSON.parse(served.said)], [0, { data: 'aGk=' }]);
    const [pod] = mesh.pods.filter(({ executed }) => executed.length > 0);
    assert.ok(pod !== undefined);
    assert.match(pod.clientNames, new RegExp(`URI:${SPIFFE_ID}`));
    assert.match(String(pod.metadata.get('traceparent')[0]), new RegExp(`^00-${traceId}-`));
    const without = await mesh.grpcurl(null);
    assert.deepEqual([without.code, mesh.calls().reduce((sum, count) => sum + count)], [64 + 16, 1], without.said);
    const { body } = await mesh.bridge.get('/metrics');
    assert.match(body, /^grpc_health_bridge_calls_handled_total\{[^}]*route="echo"[^}]*code="OK"[^}]*\} 1$/m);
    show(t, 'mTLS on gateway and upstream, grpcurl', 'OK with a certificate, UNAUTHENTICATED without; SPIFFE IDs checked');
    show(t, 'Jaeger and Kiali', 'traceparent passed on, calls by route counted');
  });

  it('spreads the calls of one client connection over all pods', async (t) => {
    await using mesh = await Mesh.start({});
    assert.equal(await mesh.ghz(30, 1), '30 OK');
    const calls = mesh.calls();
    assert.deepEqual(calls, [10, 10, 10]);
    show(t, 'one client connection over all pods', calls.join(' / '));
  });

  it('opens a connection for each sequential call with pool limits of 1', async (t) => {
    const connectionPool = { maxConnections: 1, maxPendingRequests: 1, maxRequests: 1, maxRequestsPerConnection: 1 };
    await using mesh = await Mesh.start({ cluster: { connectionPool } });
    assert.equal(await mesh.ghz(30, 1), '30 OK');
    const opened = mesh.pods.map(({ accepted }) => accepted);
    const calls = mesh.calls();
    for (const [index, count] of calls.entries()) {
      const more = (opened[index] ?? 0) - count;
      // One may stand ready for the next call.
      assert.ok(more === 0 || more === 1, `${count} calls, ${opened[index]} connections`);
    }
    show(t, 'pool limits 1/1/1/1', `${calls.join(' / ')} calls, ${opened.join(' / ')} connections`);
  });

  it('opens few connections with pool limits of 50 and 100', async (t) => {
    const connectionPool = { maxConnections: 50, maxPendingRequests: 100, maxRequests: 100, maxRequestsPerConnection: 100 };
    await using mesh = await Mesh.start({ cluster: { connectionPool } });
    assert.equal(await mesh.ghz(750, 10), '750 OK');
    const opened = mesh.pods.map(({ accepted }) => accepted);
    const calls = mesh.calls();
    for (const [index, count] of calls.entries()) {
      assert.ok((opened[index] ?? 0) <= Math.ceil(count / 100), `${count} calls, ${opened[index]} connections`);
    }
    show(t, 'pool limits 50/100', `${calls.join(' / ')} calls, ${opened.join(' / ')} connections`);
  });

  it('gives each version its share by weighted subsets, and one of them by a header', async (t) => {
    const ways = VERSIONS.map((version, index) => ({ name: 'pods', subset: { version }, weight: WEIGHTS[index] }));
    const toThird = {
      match: { headers: [{ name: 'x-canary', exact: '3' }] },
      clusters: [{ name: 'pods', subset: { version: 'v3' } }],
    };
    await using mesh = await Mesh.start({
      cluster: { subsets: { keys: ['version'] } },
      config: {
        routes: [
          { name: 'third', ...toThird },
          { name: 'shares', match: { prefix: '/test.Echo/' }, clusters: ways },
        ],
      },
    });
    assert.equal(await mesh.ghz(3_000, 10), '3000 OK');
    const calls = mesh.calls();
    for (const [index, weight] of WEIGHTS.entries()) {
      // Each call goes by chance: five standard deviations are a failure in a million runs.
      const spread = 5 * Math.sqrt(3_000 * (weight / 100) * (1 - weight / 100));
      assert.ok(Math.abs((calls[index] ?? 0) - 30 * weight) < spread, calls.join(' / '));
    }
    for (let count = 0; count < 3; count++) {
      const { code, said } = await mesh.grpcurl(mesh.files.client, 'x-canary: 3');
      assert.equal(code, 0, said);
    }
    assert.deepEqual(mesh.calls(), [0, 0, 3]);
    show(t, 'subsets v1/v2/v3, 80/10/10', `${calls.join(' / ')} of 3000; by header 0 / 0 / 3`);
  });
});
