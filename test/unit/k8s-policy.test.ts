import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type BridgePod, ofKind, portsOf, reachablePorts, readBridgePod } from '../support/bridge-pod.ts';
import { at, listAt, type Overlay, readOverlays, textAt } from '../support/manifests.ts';

/** What a pod needs beside its preStop pause, the bridge's drain delay and its drain timeout. Seconds. */
const SPARE_S = 5;
/** On GKE a load balancer learns of a leaving pod from its own checks alone. Seconds. */
const GKE_DELAY_S = 45;
const PROBES = ['startupProbe', 'livenessProbe', 'readinessProbe'];
const OWN_URLS = ['/livez', '/readyz', '/startupz', '/healthz'];

const pods = readOverlays().map(readBridgePod);

function assertRestricted({ spec, containers }: BridgePod): void {
  assert.equal(at(spec, 'securityContext', 'runAsNonRoot'), true);
  assert.ok(Number(at(spec, 'securityContext', 'runAsUser')) > 0, 'the user has a number, which is not 0');
  assert.equal(at(spec, 'securityContext', 'seccompProfile', 'type'), 'RuntimeDefault');
  for (const key of ['hostNetwork', 'hostPID', 'hostIPC']) {
    assert.equal(at(spec, key), undefined, key);
  }
  for (const volume of listAt(spec, 'volumes')) {
    assert.equal(at(volume, 'hostPath'), undefined);
  }
  for (const container of containers) {
    assert.equal(at(container, 'securityContext', 'allowPrivilegeEscalation'), false);
    assert.equal(at(container, 'securityContext', 'readOnlyRootFilesystem'), true);
    assert.deepEqual(at(container, 'securityContext', 'capabilities', 'drop'), ['ALL']);
    assert.match(textAt(container, 'image'), /:[^:/]+$/, 'an image has a tag');
    assert.ok(textAt(container, 'resources', 'limits', 'memory') !== '', 'memory has a limit');
  }
}

function assertProbes({ bridge, config }: BridgePod): void {
  const ports = portsOf(bridge);
  for (const name of PROBES) {
    const probe = at(bridge, name, 'httpGet');
    assert.ok(probe !== undefined, `${name} is missing`);
    const port = ports.get(textAt(probe, 'port'));
    const listener = config.listeners.find(({ address }) => address.kind === 'tcp' && address.port === port);
    assert.equal(listener?.health, 'all', `${name} asks a listener that answers`);
    assert.equal(listener.tls !== null, textAt(probe, 'scheme') === 'HTTPS', name);
    assert.ok([...OWN_URLS, ...config.health.paths].includes(textAt(probe, 'path')), name);
  }
  // Whether backends are well is nothing that a restart mends.
  assert.equal(textAt(bridge, 'livenessProbe', 'httpGet', 'path'), '/livez');
}

function assertPorts({ overlay, containers, bridge, config, deployment }: BridgePod): void {
  assert.deepEqual(
    [...portsOf(bridge).values()].sort((a, b) => a - b),
    reachablePorts(config),
  );
  const names = containers.flatMap((container) => [...portsOf(container).keys()]);
  assert.equal(new Set(names).size, names.length, 'two containers have ports of one name');
  const labels = at(deployment.object, 'spec', 'template', 'metadata', 'labels');
  for (const service of ofKind(overlay, 'Service').filter(({ name }) => name === deployment.name)) {
    assert.deepEqual(at(service.object, 'spec', 'selector'), labels);
    for (const port of listAt(service.object, 'spec', 'ports')) {
      assert.ok(names.includes(textAt(port, 'targetPort')), `targetPort ${textAt(port, 'targetPort')}`);
      assert.ok(textAt(port, 'name') !== '' && textAt(port, 'appProtocol') !== '');
    }
  }
  for (const { object } of ofKind(overlay, 'PodMonitor')) {
    assert.ok(names.includes(textAt(listAt(object, 'spec', 'podMetricsEndpoints')[0], 'port')));
  }
}

function preStopSeconds(container: unknown): number {
  return Number(at(container, 'lifecycle', 'preStop', 'sleep', 'seconds') ?? 0);
}

/** The longest time that the pod's containers may take to end: the others first, native sidecars after them. */
function secondsToEnd({ spec, config }: BridgePod): number {
  const { delayMs, timeoutMs } = config.drain;
  const time = (container: unknown): number =>
    preStopSeconds(container) + (textAt(container, 'name') === 'bridge' ? (delayMs + timeoutMs) / 1_000 : 0);
  const main = Math.max(...listAt(spec, 'containers').map(time));
  return listAt(spec, 'initContainers').reduce<number>((sum, sidecar) => sum + time(sidecar), main);
}

function assertNetworkPolicy({ overlay, containers, config, deployment }: BridgePod): void {
  const [policy] = ofKind(overlay, 'NetworkPolicy');
  assert.ok(policy !== undefined);
  assert.deepEqual(
    at(policy.object, 'spec', 'podSelector', 'matchLabels'),
    at(deployment.object, 'spec', 'selector', 'matchLabels'),
  );
  const inward = listAt(policy.object, 'spec', 'ingress').flatMap((rule) =>
    listAt(rule, 'ports').map((port) => textAt(port, 'port')),
  );
  const names = containers.flatMap((container) => [...portsOf(container).keys()]);
  assert.deepEqual([...new Set(inward)].sort(), names.sort());
  const outward = listAt(policy.object, 'spec', 'egress').flatMap((rule) =>
    listAt(rule, 'ports').map((port) => `${textAt(port, 'protocol')} ${Number(at(port, 'port'))}`),
  );
  assert.ok(outward.includes('UDP 53') && outward.includes('TCP 53'));
  for (const { discovery } of config.clusters) {
    for (const source of discovery) {
      const port = source.type === 'dns' ? source.port : 50_051;
      assert.ok(outward.includes(`TCP ${port}`), `may ask port ${port}`);
    }
  }
}

function namesOf(overlay: Overlay, kind: string): readonly string[] {
  return ofKind(overlay, kind).map(({ name }) => name);
}

function find(name: string): BridgePod {
  const pod = pods.find(({ overlay }) => overlay.name === name);
  assert.ok(pod !== undefined);
  return pod;
}

describe('the rendered manifests', () => {
  for (const pod of pods) {
    const { overlay, spec, config } = pod;
    describe(overlay.name, () => {
      it('has pods of the restricted security level', () => assertRestricted(pod));
      it('probes URLs that its configuration answers', () => assertProbes(pod));
      it('names the ports that its configuration listens on, and no others', () => assertPorts(pod));

      it('gives pods no variables of Services, and a token to those alone that ask the API server', () => {
        assert.equal(at(spec, 'enableServiceLinks'), false);
        const asks = config.clusters.some(({ discovery }) => discovery.some(({ type }) => type === 'kubernetes'));
        assert.equal(at(spec, 'automountServiceAccountToken'), asks);
      });

      it('gives a pod the time that it needs to end', () => {
        const grace = Number(at(spec, 'terminationGracePeriodSeconds'));
        assert.ok(grace >= secondsToEnd(pod) + SPARE_S, `${grace} s for ${secondsToEnd(pod)} s and ${SPARE_S} s to spare`);
      });

      it('has annotations that can be read', () => {
        for (const { object } of overlay.manifests) {
          for (const value of Object.values(at(object, 'metadata', 'annotations') ?? {}).map(String)) {
            assert.doesNotThrow(() => (/^[{[]/.test(value) ? JSON.parse(value) : value), value);
          }
        }
      });

      it('refers to objects that it has', () => {
        for (const { object } of ofKind(overlay, 'HorizontalPodAutoscaler')) {
          assert.ok(namesOf(overlay, 'Deployment').includes(textAt(object, 'spec', 'scaleTargetRef', 'name')));
        }
        for (const { object } of [...ofKind(overlay, 'HealthCheckPolicy'), ...ofKind(overlay, 'GCPBackendPolicy')]) {
          assert.ok(namesOf(overlay, 'Service').includes(textAt(object, 'spec', 'targetRef', 'name')));
        }
        for (const { object } of ofKind(overlay, 'HTTPRoute')) {
          assert.ok(namesOf(overlay, 'Gateway').includes(textAt(object, 'spec', 'parentRefs', 0, 'name')));
          assert.ok(namesOf(overlay, 'Service').includes(textAt(object, 'spec', 'rules', 0, 'backendRefs', 0, 'name')));
        }
      });
    });
  }

  for (const pod of pods.filter(({ overlay }) => ofKind(overlay, 'NetworkPolicy').length > 0)) {
    it(`${pod.overlay.name}: the NetworkPolicy lets in what is listened for, and lets out what is asked`, () =>
      assertNetworkPolicy(pod));
  }

  it('have a NetworkPolicy, two replicas that are spread, and a budget, wherever the bridge has pods of its own', () => {
    const own = pods.filter(({ overlay }) => overlay.name !== 'sidecar');
    assert.ok(own.length >= 8);
    for (const { overlay, deployment, spec } of own) {
      for (const kind of ['NetworkPolicy', 'PodDisruptionBudget', 'HorizontalPodAutoscaler', 'ServiceAccount']) {
        assert.equal(ofKind(overlay, kind).length, 1, `${overlay.name}: ${kind}`);
      }
      assert.equal(at(deployment.object, 'spec', 'replicas'), 2);
      const keys = listAt(spec, 'topologySpreadConstraints').map((each) => textAt(each, 'topologyKey'));
      assert.deepEqual(keys, ['topology.kubernetes.io/zone', 'kubernetes.io/hostname']);
    }
  });
});

describe('the manifests of load balancers', () => {
  for (const name of ['gke-ingress', 'gke-gateway']) {
    it(`${name}: serves on while Google's probes find out`, () => {
      assert.ok(find(name).config.drain.delayMs >= GKE_DELAY_S * 1_000);
    });
  }

  it('gke-gateway: asks for a path that answers, with the protocol of the port', () => {
    const { overlay, config } = find('gke-gateway');
    const check = at(ofKind(overlay, 'HealthCheckPolicy')[0]?.object, 'spec', 'default', 'config');
    assert.equal(textAt(check, 'type'), 'HTTP2');
    assert.ok(config.health.paths.includes(textAt(check, 'http2HealthCheck', 'requestPath')));
    const service = ofKind(overlay, 'Service')[0]?.object;
    assert.equal(textAt(service, 'spec', 'ports', 0, 'appProtocol'), 'HTTP2');
  });

  it('aws-alb: asks the method that tells by its status, on a port that Ingress and Service know', () => {
    const { overlay, config } = find('aws-alb');
    const ingress = ofKind(overlay, 'Ingress')[0]?.object;
    const annotation = (key: string): string => textAt(ingress, 'metadata', 'annotations', `alb.ingress.kubernetes.io/${key}`);
    assert.equal(annotation('healthcheck-path'), config.health.grpcStatusPath);
    assert.equal(annotation('backend-protocol-version'), 'GRPC');
    assert.equal(annotation('success-codes'), '0');
    const backend = at(ingress, 'spec', 'rules', 0, 'http', 'paths', 0, 'backend', 'service');
    const service = ofKind(overlay, 'Service').find((each) => each.name === textAt(backend, 'name'));
    const ports = listAt(service?.object, 'spec', 'ports').map((port) => textAt(port, 'name'));
    assert.ok(ports.includes(textAt(backend, 'port', 'name')));
  });
});
