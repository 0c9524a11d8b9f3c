import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Manifest, readOverlays } from '../support/manifests.ts';

/** By the end of an API group; what none matches is Kubernetes' own. */
const PACKAGES: readonly (readonly [group: RegExp, name: string])[] = [
  [/^(networking\.gke\.io|cloud\.google\.com)\//, '@kubernetes-models/gke'],
  [/^gateway\.networking\.k8s\.io\//, '@kubernetes-models/gateway-api'],
];
/** Kinds of CustomResourceDefinitions that none of the packages carries. */
const WITHOUT_SCHEMA = ['monitoring.coreos.com/v1 PodMonitor', 'monitoring.coreos.com/v1 PrometheusRule'];

/** Throws what the schema of that kind finds wrong. Unknown keys pass it; those are the API server's to find. */
async function validate({ apiVersion, kind, object }: Manifest): Promise<void> {
  const [, name = 'kubernetes-models'] = PACKAGES.find(([group]) => group.test(apiVersion)) ?? [];
  const loaded: unknown = await import(`${name}/${apiVersion}`);
  const Model: unknown = typeof loaded === 'object' && loaded !== null ? Reflect.get(loaded, kind) : undefined;
  assert.ok(typeof Model === 'function', `${name} has no ${apiVersion} ${kind}`);
  const model: { validate(): void } = Reflect.construct(Model, [object]);
  model.validate();
}

describe('the rendered manifests', () => {
  const skipped = new Set<string>();
  for (const { name, manifests } of readOverlays()) {
    it(`${name} fits the schemas of its kinds`, async () => {
      assert.ok(manifests.length > 0);
      for (const manifest of manifests) {
        const kind = `${manifest.apiVersion} ${manifest.kind}`;
        if (WITHOUT_SCHEMA.includes(kind)) {
          skipped.add(kind);
        } else {
          await assert.doesNotReject(validate(manifest), `${kind} ${manifest.name}`);
        }
      }
    });
  }

  it('are left unchecked in the kinds that no package knows alone', () => {
    assert.deepEqual([...skipped].sort(), WITHOUT_SCHEMA);
  });

  for (const { what, apiVersion, kind, object } of [
    { what: 'a number for a name', apiVersion: 'v1', kind: 'Service', object: { metadata: { name: 1 } } },
    {
      what: 'an unknown kind of health check',
      apiVersion: 'networking.gke.io/v1',
      kind: 'HealthCheckPolicy',
      object: { spec: { default: { config: { type: 'H2C' } }, targetRef: { group: '', kind: 'Service', name: 'a' } } },
    },
    {
      what: 'a listener without a protocol',
      apiVersion: 'gateway.networking.k8s.io/v1',
      kind: 'Gateway',
      object: { spec: { gatewayClassName: 'a', listeners: [{ name: 'a', port: 443 }] } },
    },
  ]) {
    it(`would be refused with ${what}`, async () => {
      await assert.rejects(validate({ apiVersion, kind, name: '', object }), /./);
    });
  }
});
