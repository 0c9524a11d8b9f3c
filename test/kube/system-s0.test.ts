import { after, before, describe, it } from 'node:test';
import { runFrontDay } from '../systems/support/front-day.ts';
import { ControlPlane } from './support/control-plane.ts';
import { CoreDns } from './support/core-dns.ts';
import { endpointSlice, headlessService, POD_HOSTS } from './support/pods.ts';

const PORT = 50_051;
const PORTS = [{ name: 'grpc', port: PORT }];

describe('S0, a front proxy before a headless Service of a real API server and CoreDNS', { timeout: 180_000 }, () => {
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

  it('spreads each call of one connection over the pods, and goes on without one of them', async (t) => {
    await plane.admin.apply(headlessService('router', PORTS));
    const record = async (hosts: readonly string[]): Promise<void> => {
      const pods = hosts.map((host) => ({ host }));
      await plane.admin.apply(endpointSlice('router-1', pods, { service: 'router', ports: PORTS }));
    };
    const [first, second, third] = POD_HOSTS;
    const hosts = [first, second, third] as const;
    await record(hosts);
    await runFrontDay(t, { hosts, port: PORT, name: 'router.default.svc.cluster.local.', resolver: dns.address, record });
  });
});
