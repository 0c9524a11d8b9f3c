import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { findAccess } from '../../../../src/discovery/kubernetes/access.ts';

/** A kubeconfig with one of everything, with this user. */
function kubeconfig(user: string, cluster = '{server: "https://k.example:6443", certificate-authority: ca.crt}'): string {
  return [
    'current-context: c',
    `clusters: [{name: k, cluster: ${cluster}}]`,
    `users: [{name: u, user: ${user}}]`,
    'contexts: [{name: c, context: {cluster: k, user: u, namespace: shop}}]',
  ].join('\n');
}

describe('findAccess', () => {
  let folder = '';
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'bridge-access-'));
    await writeFile(join(folder, 'ca.crt'), 'CA');
    await writeFile(join(folder, 'token'), 'one\n');
    await writeFile(join(folder, 'namespace'), 'own');
  });
  after(() => rm(folder, { recursive: true }));

  async function readConfig(text: string): Promise<Awaited<ReturnType<ReturnType<typeof findAccess>>>> {
    const path = join(folder, 'config');
    await writeFile(path, text);
    return findAccess({ environment: { KUBECONFIG: path, KUBERNETES_SERVICE_HOST: '10.0.0.1' } })();
  }

  it("takes the pod's service account, and reads a new token", async () => {
    const environment = { KUBERNETES_SERVICE_HOST: 'fd00::1', KUBERNETES_SERVICE_PORT: '6443' };
    const read = findAccess({ environment, podFolder: folder });
    const first = await read();
    assert.deepEqual(
      first.kind === 'access' && [first.access.server, first.access.namespace, first.access.ca, first.access.token],
      ['https://[fd00::1]:6443', 'own', 'CA', 'one'],
    );
    await writeFile(join(folder, 'token'), 'two');
    const second = await read();
    assert.equal(second.kind === 'access' && second.access.token, 'two');
  });

  it('says what a pod lacks', async () => {
    const result = await findAccess({ environment: { KUBERNETES_SERVICE_HOST: 'k' }, podFolder: '/nonexistent' })();
    assert.deepEqual(result, { kind: 'failed', reason: 'no service account: /nonexistent/token cannot be read (ENOENT)' });
  });

  it('takes a token or a client certificate of a kubeconfig, in place or by file', async () => {
    const token = await readConfig(kubeconfig('{token: t}'));
    assert.deepEqual(token.kind === 'access' && token.access, {
      server: 'https://k.example:6443',
      namespace: 'shop',
      ca: 'CA',
      cert: null,
      key: null,
      token: 't',
      serverName: null,
      insecureSkipVerify: false,
    });
    const data = Buffer.from('PEM').toString('base64');
    const cert = await readConfig(kubeconfig(`{client-certificate-data: ${data}, client-key: ca.crt}`));
    assert.deepEqual(cert.kind === 'access' && [cert.access.cert, cert.access.key], ['PEM', 'CA']);
  });

  for (const [name, text, reason] of [
    ['no YAML', '[', 'is no YAML'],
    ['no context', '{}', 'names no current-context'],
    ['a missing user', kubeconfig('{}').replace('user: u', 'user: x'), 'has no user "x"'],
    [
      'a program',
      kubeconfig('{exec: {command: x}}'),
      'logs in by exec, which is not supported: use a token or a client certificate',
    ],
    ['a proxy', kubeconfig('{}', '{server: "https://k:1", proxy-url: "http://p"}'), 'wants a proxy, which is not supported'],
    ['a server that is none', kubeconfig('{}', '{server: k}'), 'its server is no http(s)://host:port'],
  ] as const) {
    it(`refuses a kubeconfig with ${name}`, async () => {
      assert.deepEqual(await readConfig(text), { kind: 'failed', reason: `kubeconfig ${join(folder, 'config')}: ${reason}` });
    });
  }

  it('refuses several kubeconfigs', async () => {
    const result = await findAccess({ environment: { KUBECONFIG: '/a:/b' } })();
    assert.deepEqual(result, { kind: 'failed', reason: 'KUBECONFIG names several files: name one' });
  });
});
