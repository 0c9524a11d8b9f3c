import { after, before, describe, it } from 'node:test';
import { BridgeProcess } from '../peers/support/bridge.ts';
import { eventually } from '../peers/support/eventually.ts';
import { ControlPlane } from './support/control-plane.ts';
import { CoreDns } from './support/core-dns.ts';
import { endpointSlice, headlessService, type Pod } from './support/pods.ts';

/** Pods of this suite are found, not connected to. */
const PORTS = [{ name: 'grpc', port: 50_051 }];
const HOST = 'router.default.svc.cluster.local.';

/** The addresses of the cluster in order, as health+json lists them. */
async function addressesOf(bridge: BridgeProcess): Promise<string> {
  const entries = (await bridge.json()).checks['router'] ?? [];
  return entries
    .map(({ componentId, output }) => componentId ?? output ?? '')
    .toSorted()
    .join(' ');
}

describe('the DNS of a cluster', { timeout: 180_000 }, () => {
  let plane: ControlPlane;
  let dns: CoreDns;
  before(async () => {
    plane = await ControlPlane.start();
    dns = await CoreDns.start(plane);
  });
  after(async () => {
    await dns[Symbol.asyncDispose]();
    await plane[Symbol.asyncDispose]();
  });

  function put(...pods: readonly Pod[]): Promise<unknown> {
    return plane.admin.apply(endpointSlice('router-1', pods, { service: 'router', ports: PORTS }));
  }

  for (const [type, source] of [
    ['dns', { host: HOST, port: 50_051 }],
    ['srv', { name: `_grpc._tcp.${HOST}` }],
  ] as const) {
    it(`tells a source of type ${type} of the pods of a headless Service that are ready`, async () => {
      await plane.admin.apply(headlessService('router', PORTS));
      await put({ host: '10.5.0.1' }, { host: '10.5.0.2' });
      await using bridge = await BridgeProcess.start(
        {
          clusters: [
            {
              name: 'router',
              discovery: { type, ...source, resolvers: [dns.address], refreshInterval: '1s' },
              healthCheck: { type: 'none' },
            },
          ],
        },
        { await: '/livez' },
      );
      const until = (wanted: string): Promise<string> =>
        eventually(
          `${type} finds ${wanted}`,
          () => addressesOf(bridge),
          (seen) => seen === wanted,
          { deadlineMs: 15_000 },
        );
      await until('10.5.0.1:50051 10.5.0.2:50051');
      await put({ host: '10.5.0.1', phase: 'terminating' }, { host: '10.5.0.2' }, { host: '10.5.0.3' });
      await until('10.5.0.2:50051 10.5.0.3:50051');
      // More than a datagram holds.
      await put(...Array.from({ length: 100 }, (_, index) => ({ host: `10.5.1.${index + 1}` })));
      await eventually(
        `${type} finds 100 pods`,
        async () => (await bridge.admin('/metrics')).body,
        (seen) => seen.includes('grpc_health_bridge_endpoints{cluster="router",state="healthy"} 100\n'),
        { deadlineMs: 15_000 },
      );
      // Nobody is ready: NXDOMAIN, which is no failure.
      await put({ host: '10.5.0.2', phase: 'notReady' });
      await until('no endpoints');
      await put({ host: '10.5.0.4' });
      await until('10.5.0.4:50051');
    });
  }
});
