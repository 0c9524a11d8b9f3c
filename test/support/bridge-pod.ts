import assert from 'node:assert/strict';
import { parse } from 'yaml';
import { resolveConfig } from '../../src/config/resolve.ts';
import type { Config } from '../../src/config/schema.ts';
import { isLoopback } from '../../src/model/address.ts';
import { at, listAt, type Manifest, type Overlay, textAt } from './manifests.ts';

/** The pods of an overlay that a bridge runs in, with what the cluster knows about them. */
export interface BridgePod {
  readonly overlay: Overlay;
  readonly deployment: Manifest;
  /** The pod's `spec`. */
  readonly spec: unknown;
  /** Sidecars among them. */
  readonly containers: readonly unknown[];
  /** The one called `bridge`. */
  readonly bridge: unknown;
  /** The configuration in the ConfigMap that it mounts. */
  readonly config: Config;
}

export function readBridgePod(overlay: Overlay): BridgePod {
  const [deployment] = ofKind(overlay, 'Deployment');
  assert.ok(deployment !== undefined, `${overlay.name} has no Deployment`);
  const spec = at(deployment.object, 'spec', 'template', 'spec');
  const containers = [...listAt(spec, 'initContainers'), ...listAt(spec, 'containers')];
  const bridge = containers.find((container) => textAt(container, 'name') === 'bridge');
  assert.ok(bridge !== undefined, `${overlay.name} has no container bridge`);
  return { overlay, deployment, spec, containers, bridge, config: resolveConfig(parse(mountedConfig(overlay, spec, bridge))) };
}

export function ofKind({ manifests }: Overlay, kind: string): readonly Manifest[] {
  return manifests.filter((manifest) => manifest.kind === kind);
}

function mountedConfig(overlay: Overlay, spec: unknown, bridge: unknown): string {
  const mount = listAt(bridge, 'volumeMounts').find((each) => textAt(each, 'mountPath') === '/etc/bridge');
  const volume = listAt(spec, 'volumes').find((each) => textAt(each, 'name') === textAt(mount, 'name'));
  const name = textAt(volume, 'configMap', 'name');
  const map = ofKind(overlay, 'ConfigMap').find((each) => each.name === name);
  assert.ok(map !== undefined, `${overlay.name} mounts ConfigMap ${name}, which it does not have`);
  return textAt(map.object, 'data', 'bridge.yaml');
}

/** The ports of a container by name. */
export function portsOf(container: unknown): ReadonlyMap<string, number> {
  const ports = listAt(container, 'ports');
  const named = new Map(ports.map((port) => [textAt(port, 'name'), Number(at(port, 'containerPort'))] as const));
  assert.equal(named.size, ports.length, 'two ports have one name');
  assert.ok(!named.has(''), 'a port has no name');
  return named;
}

/** The ports that others than the pod itself can reach the bridge on. */
export function reachablePorts({ listeners, metrics }: Config): readonly number[] {
  return [...listeners.map(({ address }) => address), ...(metrics === null ? [] : [metrics.address])]
    .flatMap((address) => (address.kind === 'tcp' && !isLoopback(address.host) ? [address.port] : []))
    .sort((a, b) => a - b);
}
