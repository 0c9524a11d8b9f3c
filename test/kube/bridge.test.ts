import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { BridgeProcess } from '../peers/support/bridge.ts';
import { eventually } from '../peers/support/eventually.ts';
import { freePort } from '../peers/support/free-ports.ts';
import { HealthPeer } from '../peers/support/health-peer.ts';
import { DemoClient } from '../support/demo-client.ts';
import { ControlPlane } from './support/control-plane.ts';
import { textAt } from './support/kube-admin.ts';
import { endpointSlice, POD_HOSTS, type Pod } from './support/pods.ts';

const PORT = 50_051;

/** Each endpoint with its state, in order. */
async function states(bridge: BridgeProcess): Promise<string> {
  const entries = (await bridge.json()).checks['app'] ?? [];
  return entries
    .flatMap(({ componentId, state = '' }) =>
      componentId === undefined ? [] : [`${componentId.replace(`:${PORT}`, '')} ${state}`],
    )
    .toSorted()
    .join();
}

async function until(bridge: BridgeProcess, wanted: string): Promise<void> {
  await eventually(
    'the endpoints',
    () => states(bridge),
    (seen) => seen === wanted,
    { deadlineMs: 20_000 },
  );
}

async function startPods(count: number): Promise<readonly HealthPeer[]> {
  return await Promise.all(POD_HOSTS.slice(0, count).map((host) => HealthPeer.start('grpc-go', { listen: [`${host}:${PORT}`] })));
}

describe('the bridge over the EndpointSlices of a real API server', { timeout: 180_000 }, () => {
  let plane: ControlPlane;
  before(async () => {
    plane = await ControlPlane.start();
  });
  after(() => plane[Symbol.asyncDispose]());

  /** A bridge for the Service `app`, as the account of a kubeconfig. */
  async function startBridge(): Promise<BridgeProcess> {
    const config = {
      clusters: [
        {
          name: 'app',
          discovery: { type: 'kubernetes', service: 'app', port: 'grpc' },
          healthCheck: { interval: '200ms', intervalJitter: '0s' },
          healthyWhen: 'all',
        },
      ],
      routes: [{ name: 'app', match: { prefix: '/' }, cluster: 'app' }],
    };
    const KUBECONFIG = await plane.writeKubeconfig('bridge.json');
    return await BridgeProcess.start(config, { environment: { KUBECONFIG } });
  }

  function put(...pods: readonly Pod[]): Promise<unknown> {
    return plane.admin.apply(endpointSlice('app-1', pods));
  }

  it('checks pods, forwards to them, and lets those drain that terminate', async () => {
    const pods = await startPods(3);
    const [one, two, three] = POD_HOSTS;
    try {
      await put({ host: one, zone: 'a' }, { host: two, zone: 'b' });
      await using bridge = await startBridge();
      await until(bridge, `${one} healthy,${two} healthy`);
      using client = new DemoClient(bridge.url.replace('http://', ''), 'plain');
      await client.call('/any.Service/Method');

      await put({ host: one, zone: 'a' }, { host: two, zone: 'b', phase: 'terminating' }, { host: three });
      await until(bridge, `${one} healthy,${two} draining,${three} healthy`);
      const { status, body } = await bridge.verbose();
      assert.equal(status, 200);
      assert.match(body, /^\[\+\]app ok: 2 of 2 healthy, 1 draining$/m);
      assert.match(body, /10\.244\.0\.12:50051 draining since \S+ \(b, for b\): the pod is terminating$/m);
      // Nothing of the bridge holds up a server that stops in order.
      await eventually(
        'no Watch is left',
        async () => (await pods[1]?.counts())?.openWatches,
        (open) => open === 0,
      );

      await put({ host: one, zone: 'a' }, { host: three });
      await until(bridge, `${one} healthy,${three} healthy`);
      await put({ host: three, phase: 'notReady' });
      await eventually(
        'nobody is left',
        async () => (await bridge.get('/healthz')).status,
        (code) => code === 503,
      );
    } finally {
      await Promise.all(pods.map((pod) => pod[Symbol.asyncDispose]()));
    }
  });

  it('finds pods by a target on its command line', async () => {
    const [one] = POD_HOSTS;
    const [pods, port, KUBECONFIG] = await Promise.all([startPods(1), freePort(), plane.writeKubeconfig('flags.json')]);
    try {
      await put({ host: one });
      await using bridge = await BridgeProcess.start(
        {},
        {
          flags: ['--listen', `127.0.0.1:${port}`, '--backend', 'kubernetes:///app.default:grpc'],
          url: `http://127.0.0.1:${port}`,
          environment: { KUBECONFIG },
        },
      );
      assert.match(await bridge.untilStatus('/healthz', 200), new RegExp(`\\+\\]${one}:${PORT} ok`));
    } finally {
      await Promise.all(pods.map((pod) => pod[Symbol.asyncDispose]()));
    }
  });

  it('keeps what it knows while the API server is away, and lists anew where that has forgotten what the bridge knows', async () => {
    const pods = await startPods(2);
    const [one, two] = POD_HOSTS;
    try {
      const before = await put({ host: one });
      await using bridge = await startBridge();
      await until(bridge, `${one} healthy`);
      bridge.child.signal('SIGSTOP');
      await put({ host: one }, { host: two });
      await plane.killApi();
      await plane.compact();
      await plane.startApi();
      const version = textAt(before, 'metadata', 'resourceVersion');
      const path = `/apis/discovery.k8s.io/v1/namespaces/default/endpointslices?watch=1&timeoutSeconds=1&resourceVersion=${version}`;
      const { status, body } = await plane.admin.ask('GET', path);
      assert.match(`${status} ${JSON.stringify(body)}`, /^410 |"code":410/);
      bridge.child.signal('SIGCONT');
      await until(bridge, `${one} healthy,${two} healthy`);

      await plane.killApi();
      const away = /discovery failed: Service default\/app: the API server cannot be reached/;
      await bridge.untilText('/healthz', 200, away, 20_000);
      assert.equal(await states(bridge), `${one} healthy,${two} healthy`);
      await pods[1]?.set({ statuses: { '': 'NOT_SERVING' } });
      await bridge.untilStatus('/healthz', 503);
      await plane.startApi();
      await put({ host: one });
      await until(bridge, `${one} healthy`);
      assert.equal((await bridge.get('/healthz')).status, 200);
      await bridge.child.match('stderr', /discovery failed/);
      await bridge.child.match('stderr', /discovery recovered/);
    } finally {
      await Promise.all(pods.map((pod) => pod[Symbol.asyncDispose]()));
    }
  });
});
