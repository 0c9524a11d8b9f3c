import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual } from 'node:util';
import { findAccess, type ReadAccess } from '../../src/discovery/kubernetes/access.ts';
import type { DiscoveryUpdate } from '../../src/model/discovery-update.ts';
import { WorkFolder } from '../peers/support/work-folder.ts';
import { WatchedService } from '../support/watched-service.ts';
import { ControlPlane } from './support/control-plane.ts';
import { endpointSlice, podObject } from './support/pods.ts';

const MANIFESTS = fileURLToPath(new URL('../../k8s/', import.meta.url));
const OVERLAY = 'overlays/kubernetes-discovery';
const ACCOUNT = 'grpc-health-bridge';

async function manifest(path: string): Promise<string> {
  return await readFile(join(MANIFESTS, path), 'utf8');
}

/** The Role of the overlay with the optional rule of its README. */
async function roleWithPods(): Promise<string> {
  const rule = /```yaml\n( {2}- apiGroups: \[""\]\n[^`]*)```/.exec(await manifest(`${OVERLAY}/README.md`))?.[1];
  assert.ok(rule !== undefined, 'the README has the rule');
  return `${await manifest(`${OVERLAY}/role.yaml`)}${rule}`;
}

/** As the kubelet gives it to a pod: a folder with token, authorities and namespace. */
async function mountAccount(plane: ControlPlane, folder: WorkFolder, token: string): Promise<ReadAccess> {
  await folder.write('token', token);
  await folder.write('ca.crt', plane.ca);
  await folder.write('namespace', 'default');
  const environment = { KUBERNETES_SERVICE_HOST: '127.0.0.1', KUBERNETES_SERVICE_PORT: String(plane.apiPort) };
  return findAccess({ environment, podFolder: folder.path });
}

describe('the permissions of the manifests, before a real API server', { timeout: 120_000 }, () => {
  let plane: ControlPlane;
  before(async () => {
    plane = await ControlPlane.start();
    await plane.admin.applyManifest(await manifest('base/service-account.yaml'), 'default');
    await plane.admin.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } });
    await plane.admin.apply(endpointSlice('app-1', [{ host: '10.244.0.11' }]));
  });
  after(() => plane[Symbol.asyncDispose]());

  it('are named when they are missing, and suffice as soon as they are there', async () => {
    await using folder = await WorkFolder.create();
    const access = await mountAccount(plane, folder, await plane.admin.createToken(ACCOUNT));
    await using service = new WatchedService(access);
    await service.until((last) => last.startsWith('failed'));
    assert.match(
      service.last,
      /^failed: Service default\/app: the service account may not list and watch endpointslices \(403\): endpointslices\.discovery\.k8s\.io is forbidden: User "system:serviceaccount:default:grpc-health-bridge" cannot list resource/,
    );
    await plane.admin.applyManifest(await manifest(`${OVERLAY}/role.yaml`), 'default');
    await plane.admin.applyManifest(await manifest(`${OVERLAY}/role-binding.yaml`), 'default');
    await service.until('10.244.0.11');
    await plane.admin.apply(endpointSlice('app-1', [{ host: '10.244.0.12' }]));
    await service.until('10.244.0.12');
  });

  it('allow nothing else', async () => {
    await using account = plane.login(await plane.admin.createToken(ACCOUNT));
    const slices = '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices';
    assert.equal((await account.ask('GET', slices)).status, 200);
    for (const [method, path] of [
      ['GET', `${slices}/app-1`],
      ['DELETE', `${slices}/app-1`],
      ['GET', '/apis/discovery.k8s.io/v1/endpointslices'],
      ['GET', '/apis/discovery.k8s.io/v1/namespaces/shop/endpointslices'],
      ['GET', '/api/v1/namespaces/default/secrets'],
      ['GET', '/api/v1/namespaces/default/pods'],
      ['GET', '/api/v1/nodes'],
    ] as const) {
      assert.equal((await account.ask(method, path)).status, 403, `${method} ${path}`);
    }
  });

  it('hold for each namespace on its own', async () => {
    await plane.admin.apply(endpointSlice('app-1', [{ host: '10.244.0.13' }], { namespace: 'shop' }));
    await using folder = await WorkFolder.create();
    const access = await mountAccount(plane, folder, await plane.admin.createToken(ACCOUNT));
    await using service = new WatchedService(access, { namespace: 'shop' });
    await service.until((last) => /\(403\).*in the namespace "shop"/.test(last));
    await plane.admin.applyManifest(await manifest(`${OVERLAY}/role.yaml`), 'shop');
    await plane.admin.applyManifest(await manifest(`${OVERLAY}/role-binding.yaml`), 'shop');
    await service.until('10.244.0.13');
  });

  it('show pods with the rule of the README alone, and no more of them than lists and watches', async () => {
    await plane.admin.apply({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default', namespace: 'default' } });
    await plane.admin.applyManifest(await manifest(`${OVERLAY}/role.yaml`), 'default');
    await plane.admin.applyManifest(await manifest(`${OVERLAY}/role-binding.yaml`), 'default');
    await plane.admin.apply(podObject('app-a', { version: 'v1' }));
    await plane.admin.apply(endpointSlice('app-1', [{ host: '10.244.0.12', name: 'app-a' }]));
    await using folder = await WorkFolder.create();
    const token = await plane.admin.createToken(ACCOUNT);
    const told: DiscoveryUpdate[] = [];
    await using service = new WatchedService(await mountAccount(plane, folder, token), {
      podLabels: true,
      onUpdate: (update) => told.push(update),
    });
    const untilLabelled = (wanted: object | undefined): Promise<void> =>
      service.until(() =>
        isDeepStrictEqual(
          told.at(-1)?.endpoints?.map(({ labels }) => labels),
          [wanted],
        ),
      );
    await service.until((last) => last.includes('labels of pods: the service account may not list and watch pods (403)'));
    await untilLabelled(undefined);
    await plane.admin.applyManifest(await roleWithPods(), 'default');
    await untilLabelled({ version: 'v1' });
    await service.until('10.244.0.12');
    await plane.admin.apply(podObject('app-a', { version: 'v2' }));
    await untilLabelled({ version: 'v2' });
    await using account = plane.login(token);
    const pods = '/api/v1/namespaces/default/pods';
    assert.equal((await account.ask('GET', pods)).status, 200);
    for (const [method, path] of [
      ['GET', `${pods}/app-a`],
      ['DELETE', `${pods}/app-a`],
      ['GET', `${pods}/app-a/log`],
      ['GET', '/api/v1/namespaces/shop/pods'],
    ] as const) {
      assert.equal((await account.ask(method, path)).status, 403, `${method} ${path}`);
    }
  });

  it('end with the service account, and are back with the token of a new one', async () => {
    await plane.admin.apply({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'short', namespace: 'default' } });
    await plane.admin.apply({
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'RoleBinding',
      metadata: { name: 'short', namespace: 'default' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'grpc-health-bridge-discovery' },
      subjects: [{ kind: 'ServiceAccount', name: 'short', namespace: 'default' }],
    });
    await using folder = await WorkFolder.create();
    const access = await mountAccount(plane, folder, await plane.admin.createToken('short'));
    await plane.admin.remove('ServiceAccount', 'short');
    await using service = new WatchedService(access);
    await service.until('failed: Service default/app: the API server does not accept the token or certificate (401)');
    await plane.admin.apply({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'short', namespace: 'default' } });
    await writeFile(join(folder.path, 'token'), await plane.admin.createToken('short'));
    await service.until((last) => last.startsWith('10.244.0.1'));
  });
});
