import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { describe, it } from 'node:test';
import { findAccess, type ReadAccess } from '../../src/discovery/kubernetes/access.ts';
import { kubeconfig } from '../support/kubeconfig.ts';
import { KubeApi, sliceOf } from '../support/peers/kube-api.ts';
import { type TestFiles, writeTestFiles } from '../support/test-files.ts';
import { testTls } from '../support/tls.ts';
import { WatchedService } from '../support/watched-service.ts';

/** As in a pod: a folder with token, authorities and namespace, and the API server by environment. */
function podAccess(files: TestFiles, port: number): ReadAccess {
  const environment = { KUBERNETES_SERVICE_HOST: '127.0.0.1', KUBERNETES_SERVICE_PORT: String(port) };
  return findAccess({ environment, podFolder: files.path('.') });
}

function tokens(api: KubeApi): readonly string[] {
  return api.requests.map(({ token }) => token);
}

describe('access to the Kubernetes API', () => {
  it("trusts the pod's own authorities, and uses its own namespace and token", async () => {
    const tls = await testTls();
    await using api = await KubeApi.start({ pair: tls.server });
    api.put('app-1', sliceOf(['10.0.0.1']));
    await using files = await writeTestFiles({ token: 'one\n', 'ca.crt': tls.ca, namespace: 'own' });
    await using service = new WatchedService(podAccess(files, api.port));
    await service.until('10.0.0.1');
    assert.equal(api.requests[0]?.path, '/apis/discovery.k8s.io/v1/namespaces/own/endpointslices');
    assert.equal(tokens(api)[0], 'one');
  });

  for (const [name, server, ca, reason] of [
    ['of another authority', 'untrusted', 'ca', /certificate/],
    ['for another name', 'wrongName', 'ca', /does not match|altnames/i],
    ['whose time is over', 'expired', 'ca', /expired/],
    ['that it signed itself', 'selfSigned', 'otherCa', /self-signed/],
  ] as const) {
    it(`gives no token to a server with a certificate ${name}`, async () => {
      const tls = await testTls();
      await using api = await KubeApi.start({ pair: tls[server] });
      await using files = await writeTestFiles({ token: 'secret', 'ca.crt': tls[ca] });
      await using service = new WatchedService(podAccess(files, api.port));
      await service.until((last) => last.startsWith('failed: Service default/app: the API server cannot be reached: '));
      assert.match(service.last, reason);
      assert.deepEqual(api.requests, []);
    });
  }

  it('reads a token that rotates before each request, and new authorities with it', async () => {
    const tls = await testTls();
    const api = await KubeApi.start({ pair: tls.server });
    api.put('app-1', sliceOf(['10.0.0.1']));
    api.tokens = new Set(['one']);
    await using files = await writeTestFiles({ token: 'one', 'ca.crt': tls.ca });
    await using service = new WatchedService(podAccess(files, api.port));
    await service.until(() => api.watches === 1);
    await writeFile(files.path('token'), 'two');
    api.tokens = new Set(['two']);
    api.put('app-2', sliceOf(['10.0.0.2']));
    api.endWatches('ended');
    await service.until(() => api.watches === 1 && tokens(api).at(-1) === 'two');
    assert.deepEqual([...new Set(tokens(api))], ['one', 'two']);
    assert.ok(!service.said.some((each) => each.startsWith('failed')), service.said.join(' | '));
    await api[Symbol.asyncDispose]();

    await writeFile(files.path('ca.crt'), tls.otherCa);
    await using other = await KubeApi.start({ pair: tls.untrusted });
    other.put('app-1', sliceOf(['10.0.0.3']));
    await using again = new WatchedService(podAccess(files, other.port));
    await again.until('10.0.0.3');
  });

  it('takes new authorities where the server got a new certificate', async () => {
    const tls = await testTls();
    await using api = await KubeApi.start({ pair: tls.untrusted });
    api.put('app-1', sliceOf(['10.0.0.1']));
    await using files = await writeTestFiles({ token: 'one', 'ca.crt': tls.ca });
    await using service = new WatchedService(podAccess(files, api.port));
    await service.until((last) => last.startsWith('failed'));
    await writeFile(files.path('ca.crt'), tls.otherCa);
    await service.until('10.0.0.1');
  });

  it('shows the client certificate of a kubeconfig, and asks for the name that it gives', async () => {
    const tls = await testTls();
    await using api = await KubeApi.start({ pair: tls.wrongName, clientCa: tls.ca });
    api.put('app-1', sliceOf(['10.0.0.1']));
    const user = '{client-certificate: client.crt, client-key: client.key}';
    const config = kubeconfig(api.url, user, 'certificate-authority: ca.crt, tls-server-name: other.test');
    const pair = { 'client.crt': tls.client.cert, 'client.key': tls.client.key };
    await using files = await writeTestFiles({ config, 'ca.crt': tls.ca, ...pair });
    await using service = new WatchedService(findAccess({ environment: { KUBECONFIG: files.path('config') } }));
    await service.until('10.0.0.1');
    assert.deepEqual([api.requests[0]?.client, api.requests[0]?.token], ['client.test', '']);
  });

  it('says so where a client certificate is wanted that it has not, or that is not trusted', async () => {
    const tls = await testTls();
    await using api = await KubeApi.start({ pair: tls.server, clientCa: tls.ca });
    const pair = { 'client.crt': tls.untrustedClient.cert, 'client.key': tls.untrustedClient.key };
    for (const user of ['{token: one}', '{client-certificate: client.crt, client-key: client.key}']) {
      const config = kubeconfig(api.url, user, 'certificate-authority: ca.crt');
      await using files = await writeTestFiles({ config, 'ca.crt': tls.ca, ...pair });
      await using service = new WatchedService(findAccess({ environment: { KUBECONFIG: files.path('config') } }));
      await service.until((last) => last.startsWith('failed: Service shop/app: the API server cannot be reached: '));
    }
    assert.deepEqual(api.requests, []);
  });

  it('trusts any server where the kubeconfig says so', async () => {
    const tls = await testTls();
    await using api = await KubeApi.start({ pair: tls.selfSigned });
    api.put('app-1', sliceOf(['10.0.0.1']));
    const config = kubeconfig(api.url, '{token: one}', 'insecure-skip-tls-verify: true');
    await using files = await writeTestFiles({ config });
    await using service = new WatchedService(findAccess({ environment: { KUBECONFIG: files.path('config') } }));
    await service.until('10.0.0.1');
  });

  it('names the file that a pod or a kubeconfig lacks, and goes on once it is there', async () => {
    const tls = await testTls();
    await using api = await KubeApi.start({ pair: tls.server });
    api.put('app-1', sliceOf(['10.0.0.1']));
    await using files = await writeTestFiles({ 'ca.crt': tls.ca });
    await using service = new WatchedService(podAccess(files, api.port));
    await service.until(`failed: Service app: no service account: ${files.path('token')} cannot be read (ENOENT)`);
    await writeFile(files.path('token'), 'one');
    await service.until('10.0.0.1');
  });
});
