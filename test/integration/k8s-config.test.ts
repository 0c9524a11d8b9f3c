import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parse, parseAllDocuments } from 'yaml';
import { loadConfig } from '../../src/config/load.ts';
import type { Config } from '../../src/config/schema.ts';
import { DemoClient } from '../support/demo-client.ts';
import { GrpcBackend } from '../support/peers/grpc-backend.ts';
import { TestBridge } from '../support/test-bridge.ts';

const ROOT = fileURLToPath(new URL('../../k8s/', import.meta.url));
const OVERLAYS = ['base', 'overlays/gke-ingress', 'overlays/kubernetes-discovery', 'overlays/monitoring'] as const;

function config(folder: string): Config {
  return loadConfig({ flags: { config: [`${ROOT}${folder}/bridge.yaml`] }, environment: {} });
}

async function readYaml(path: string): Promise<unknown> {
  return parse(await readFile(`${ROOT}${path}`, 'utf8'));
}

/** Follows keys and list positions through parsed YAML. */
function at(tree: unknown, ...path: readonly (string | number)[]): unknown {
  return path.reduce<unknown>(
    (node, key) => (typeof node === 'object' && node !== null ? Reflect.get(node, key) : undefined),
    tree,
  );
}

/** The folder's configuration on free ports, in front of that backend alone. */
async function startBridge(folder: string, backend: GrpcBackend): Promise<TestBridge> {
  const raw = await readYaml(`${folder}/bridge.yaml`);
  const [cluster, ...others] = listOf(at(raw, 'clusters'));
  assert.equal(others.length, 0);
  return TestBridge.start({
    listeners: listOf(at(raw, 'listeners')).map((listener) => Object.assign({}, listener, { address: '127.0.0.1:0' })),
    clusters: [Object.assign({}, cluster, { discovery: { type: 'static', endpoints: [backend.key] } })],
    routes: at(raw, 'routes'),
  });
}

function listOf(value: unknown): readonly unknown[] {
  assert.ok(Array.isArray(value));
  return value;
}

function portOf({ listeners }: Config, name: string): number | null {
  const address = listeners.find((listener) => listener.name === name)?.address;
  return address?.kind === 'tcp' ? address.port : null;
}

describe('the manifests', () => {
  for (const folder of OVERLAYS) {
    it(`${folder}: its bridge.yaml is a valid configuration`, () => {
      assert.deepEqual(
        config(folder).clusters.map(({ name }) => name),
        ['router'],
      );
    });

    it(`${folder}: lists files that are there and are YAML`, async () => {
      const kustomization = await readYaml(`${folder}/kustomization.yaml`);
      const generated = at(kustomization, 'configMapGenerator', 0, 'files');
      assert.deepEqual(generated, ['bridge.yaml']);
      const resources = at(kustomization, 'resources');
      const patches = at(kustomization, 'patches') ?? [];
      assert.ok(Array.isArray(resources) && Array.isArray(patches));
      for (const file of [...resources, ...patches.map((patch) => at(patch, 'path'))].map(String)) {
        if (file.endsWith('.yaml')) {
          const documents = parseAllDocuments(await readFile(`${ROOT}${folder}/${file}`, 'utf8'));
          assert.ok(Array.isArray(documents) && documents.length > 0);
          assert.deepEqual(
            documents.flatMap(({ errors }) => errors),
            [],
          );
        }
      }
    });
  }

  for (const { folder, path } of [
    { folder: 'base', path: '/any.Service/Method' },
    { folder: 'overlays/gke-ingress', path: '/router.Router/Method' },
    { folder: 'overlays/kubernetes-discovery', path: '/any.Service/Method' },
  ]) {
    it(`${folder}: forwards calls, and answers probes itself`, async () => {
      await using backend = await GrpcBackend.start({ services: { 'route.Router': 'SERVING' } });
      await using bridge = await startBridge(folder, backend);
      await bridge.untilHealthy(true);
      for (const probe of ['/', '/healthz', '/startupz', '/livez', '/readyz']) {
        assert.equal((await bridge.get(probe)).status, 200, probe);
      }
      const address = bridge.bridge.addresses.get('public');
      using client = new DemoClient(`127.0.0.1:${address?.kind === 'tcp' ? address.port : 0}`, 'tls');
      // The backend's words, not ours: it was asked.
      await assert.rejects(client.call(path), { code: 12, details: /does not implement/ });
    });
  }

  it('probe and publish the ports that the bridge listens on', async () => {
    const pod = at(await readYaml('base/deployment.yaml'), 'spec', 'template', 'spec');
    const container = at(pod, 'containers', 0);
    const ports = Object.fromEntries(
      [0, 1].map((index) => [at(container, 'ports', index, 'name'), at(container, 'ports', index, 'containerPort')]),
    );
    for (const folder of OVERLAYS) {
      assert.deepEqual(ports, { https: portOf(config(folder), 'public'), http: portOf(config(folder), 'plain') });
    }
    assert.deepEqual(
      ['startupProbe', 'livenessProbe', 'readinessProbe'].map((probe) => [
        at(container, probe, 'httpGet', 'path'),
        at(container, probe, 'httpGet', 'port'),
      ]),
      [
        ['/startupz', 'http'],
        ['/livez', 'http'],
        ['/readyz', 'http'],
      ],
    );
    assert.equal(at(await readYaml('overlays/gke-ingress/backend-config.yaml'), 'spec', 'healthCheck', 'port'), ports['https']);
  });

  it('give a pod the time that its drain takes', async () => {
    const preStop = at(
      await readYaml('base/deployment.yaml'),
      'spec',
      'template',
      'spec',
      'containers',
      0,
      'lifecycle',
      'preStop',
      'sleep',
      'seconds',
    );
    for (const folder of OVERLAYS) {
      // What an overlay does not patch is as in the base.
      const graces = [`${folder}/deployment.yaml`, 'base/deployment.yaml'].map(async (path) =>
        at(await readYaml(path), 'spec', 'template', 'spec', 'terminationGracePeriodSeconds'),
      );
      const grace = (await Promise.all(graces)).find((each) => each !== undefined);
      const { delayMs, timeoutMs } = config(folder).drain;
      assert.ok(Number(grace) * 1000 >= Number(preStop) * 1000 + delayMs + timeoutMs + 5_000, folder);
    }
  });

  it('let the bridge read EndpointSlices, and nothing else, where it finds its endpoints by them', async () => {
    const folder = 'overlays/kubernetes-discovery';
    assert.deepEqual(at(await readYaml(`${folder}/role.yaml`), 'rules'), [
      { apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: ['list', 'watch'] },
    ]);
    const account = at(await readYaml('base/service-account.yaml'), 'metadata', 'name');
    assert.deepEqual(at(await readYaml(`${folder}/role-binding.yaml`), 'subjects'), [
      { kind: 'ServiceAccount', name: account, namespace: 'default' },
    ]);
    assert.equal(
      at(await readYaml(`${folder}/role-binding.yaml`), 'roleRef', 'name'),
      at(await readYaml(`${folder}/role.yaml`), 'metadata', 'name'),
    );
    // The base mounts no token, as DNS needs none.
    for (const [path, mounts] of [
      ['base', false],
      [folder, true],
    ] as const) {
      const pod = at(await readYaml(`${path}/deployment.yaml`), 'spec', 'template', 'spec');
      assert.equal(at(pod, 'automountServiceAccountToken'), mounts, path);
    }
  });

  it('let GKE ask for the path that answers', async () => {
    const { paths } = config('overlays/gke-ingress').health;
    const spec = at(await readYaml('overlays/gke-ingress/backend-config.yaml'), 'spec', 'healthCheck');
    assert.ok(paths.includes(String(at(spec, 'requestPath'))));
    assert.equal(at(spec, 'type'), 'HTTP2');
    const annotations = at(await readYaml('overlays/gke-ingress/service.yaml'), 'metadata', 'annotations');
    assert.deepEqual(JSON.parse(String(at(annotations, 'cloud.google.com/app-protocols'))), { https: 'HTTP2' });
    assert.equal(config('overlays/gke-ingress').listeners.find(({ name }) => name === 'public')?.tls?.selfSigned, true);
  });
});
