import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { readBridgePod } from '../support/bridge-pod.ts';
import { at, type Manifest, readOverlays } from '../support/manifests.ts';
import { ControlPlane } from './support/control-plane.ts';

const NAMESPACE = 'restricted';
/** Kinds of Kubernetes itself, by the plural in their URLs. */
const PLURALS: ReadonlyMap<string, string> = new Map([
  ['ConfigMap', 'configmaps'],
  ['Deployment', 'deployments'],
  ['HorizontalPodAutoscaler', 'horizontalpodautoscalers'],
  ['Ingress', 'ingresses'],
  ['NetworkPolicy', 'networkpolicies'],
  ['PodDisruptionBudget', 'poddisruptionbudgets'],
  ['Role', 'roles'],
  ['RoleBinding', 'rolebindings'],
  ['Service', 'services'],
  ['ServiceAccount', 'serviceaccounts'],
]);
/** Kinds of CustomResourceDefinitions, which this API server does not have: the schemas of packages check those, where there are any. */
const CUSTOM_KINDS = [
  'cloud.google.com/v1 BackendConfig',
  'gateway.networking.k8s.io/v1 Gateway',
  'gateway.networking.k8s.io/v1 HTTPRoute',
  'monitoring.coreos.com/v1 PodMonitor',
  'monitoring.coreos.com/v1 PrometheusRule',
  'networking.gke.io/v1 GCPBackendPolicy',
  'networking.gke.io/v1 HealthCheckPolicy',
  'networking.gke.io/v1 ManagedCertificate',
  'networking.gke.io/v1beta1 FrontendConfig',
];

/** What the API server has against an object; empty for nothing. Nothing is kept. */
async function dryRun(plane: ControlPlane, { apiVersion, kind, name, object }: Manifest): Promise<string> {
  const root = apiVersion === 'v1' ? '/api/v1' : `/apis/${apiVersion}`;
  const path = `${root}/namespaces/${NAMESPACE}/${PLURALS.get(kind)}/${name}`;
  const query = 'dryRun=All&fieldValidation=Strict&fieldManager=test&force=true';
  const { status, body } = await plane.admin.ask('PATCH', `${path}?${query}`, {
    type: 'application/apply-patch+yaml',
    value: inNamespace(object),
  });
  return status === 200 || status === 201 ? '' : JSON.stringify(body);
}

/** The same object in the namespace of the test: a manifest with one of its own is for another. */
function inNamespace(object: object): object {
  return { ...object, metadata: Object.assign({}, at(object, 'metadata'), { namespace: NAMESPACE }) };
}

describe('the rendered manifests, before a real API server', { timeout: 120_000 }, () => {
  const overlays = readOverlays();
  let plane: ControlPlane;
  before(async () => {
    plane = await ControlPlane.start();
    const labels = { 'pod-security.kubernetes.io/enforce': 'restricted' };
    await plane.admin.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE, labels } });
    for (const name of ['default', 'grpc-health-bridge']) {
      await plane.admin.apply({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name, namespace: NAMESPACE } });
    }
  });
  after(() => plane[Symbol.asyncDispose]());

  for (const { name, manifests } of overlays) {
    it(`${name}: passes strict validation`, async () => {
      for (const manifest of manifests.filter(({ kind }) => PLURALS.has(kind))) {
        assert.equal(await dryRun(plane, manifest), '', `${manifest.kind} ${manifest.name}`);
      }
    });
  }

  for (const pod of overlays.map(readBridgePod)) {
    it(`${pod.overlay.name}: its pods may run where the restricted level is enforced`, async () => {
      const object = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'one', namespace: NAMESPACE }, spec: pod.spec };
      const path = `/api/v1/namespaces/${NAMESPACE}/pods?dryRun=All&fieldValidation=Strict`;
      const { status, body } = await plane.admin.ask('POST', path, { type: 'application/json', value: object });
      assert.equal(status, 201, JSON.stringify(body));
    });
  }

  it('are left unchecked in the kinds of others alone', () => {
    const others = overlays.flatMap(({ manifests }) => manifests.filter(({ kind }) => !PLURALS.has(kind)));
    const kinds = new Set(others.map(({ apiVersion, kind }) => `${apiVersion} ${kind}`));
    assert.deepEqual([...kinds].sort(), CUSTOM_KINDS);
  });

  it('would be refused with a key that does not exist, and outside the restricted level', async () => {
    const account = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'a' }, automountToken: true };
    assert.match(await dryRun(plane, { apiVersion: 'v1', kind: 'ServiceAccount', name: 'a', object: account }), /automountToken/);
    const spec = { containers: [{ name: 'a', image: 'a:1' }] };
    const { status } = await plane.admin.ask('POST', `/api/v1/namespaces/${NAMESPACE}/pods?dryRun=All`, {
      type: 'application/json',
      value: { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'a' }, spec },
    });
    assert.equal(status, 403);
  });
});
