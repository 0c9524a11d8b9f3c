import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { describe, it } from 'node:test';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import { EchoBackend } from '../support/peers/echo-service.ts';
import { Http1Endpoint } from '../support/peers/http1-endpoint.ts';
import { portOf } from '../support/rest-bridge.ts';
import { type RawConfig, TestBridge } from '../support/test-bridge.ts';
import { type TestFiles, writeTestFiles } from '../support/test-files.ts';
import { SPIFFE_ID, testTls } from '../support/tls.ts';
import { askHttp1, askHttp2 } from '../support/tls-ask.ts';

const tls = await testTls();
const CLIENTS = {
  nobody: {},
  client: tls.client,
  spiffe: tls.spiffe,
  expired: tls.expiredClient,
  stranger: tls.untrustedClient,
} as const satisfies Readonly<Record<string, ConnectionOptions>>;
type ClientName = keyof typeof CLIENTS;
const CLIENT_NAMES = ['nobody', 'client', 'spiffe', 'expired', 'stranger'] as const satisfies readonly ClientName[];

const CALL = '/test.Echo/Once';
const REQUIRED = 'client_certificate_required';
const INVALID = 'client_certificate_invalid';
const NOT_ALLOWED = 'client_not_allowed';

/** A bridge with one TLS listener, `tls`, and routes to both kinds of endpoints. */
class Setting implements AsyncDisposable {
  readonly bridge: TestBridge;
  readonly echo: EchoBackend;
  readonly web: Http1Endpoint;
  readonly files: TestFiles;
  readonly #config: (tlsSection: RawConfig) => RawConfig;

  static async start(section: RawConfig = {}): Promise<Setting> {
    const files = await writeTestFiles({
      'server.crt': tls.server.cert,
      'server.key': tls.server.key,
      'ca.crt': tls.ca,
      'other-ca.crt': tls.otherCa,
    });
    const echo = await EchoBackend.start();
    const web = await Http1Endpoint.serve((_request, response) => response.end('web'));
    const pair = { certificateFile: files.path('server.crt'), privateKeyFile: files.path('server.key') };
    const clients = { clientCaFile: files.path('ca.crt'), clientCertificates: 'required' };
    const config = (tlsSection: RawConfig): RawConfig => ({
      listeners: [
        {
          name: 'tls',
          address: '127.0.0.1:0',
          tls: tlsSection['clientCertificates'] === 'none' ? pair : { ...pair, ...clients, ...tlsSection },
        },
      ],
      clusters: [
        { name: 'echo', discovery: { type: 'static', endpoints: [echo.endpoint.key] }, healthCheck: { type: 'none' } },
        {
          name: 'web',
          protocol: 'http1',
          discovery: { type: 'static', endpoints: [web.endpoint.key] },
          healthCheck: { type: 'none' },
        },
      ],
      routes: [
        { name: 'calls', match: { prefix: '/test.Echo/' }, cluster: 'echo' },
        { name: 'web', match: { prefix: '/web/' }, cluster: 'web' },
      ],
    });
    return new Setting({ files, echo, web, config, bridge: await TestBridge.start(config(section)) });
  }

  private constructor(
    parts: Pick<Setting, 'bridge' | 'echo' | 'web' | 'files'> & { readonly config: (section: RawConfig) => RawConfig },
  ) {
    this.bridge = parts.bridge;
    this.echo = parts.echo;
    this.web = parts.web;
    this.files = parts.files;
    this.#config = parts.config;
  }

  get port(): number {
    return portOf(this.bridge, 'tls');
  }

  reload(section: RawConfig): Promise<void> {
    return this.bridge.reload(this.#config(section));
  }

  /** How a call and requests of both versions to plain endpoints end for a client: the marker of the refusal, or null. */
  async denials(client: ClientName): Promise<readonly (string | null)[]> {
    const pair = CLIENTS[client];
    const call = await askHttp2(this.port, CALL, pair);
    const rest = [await askHttp2(this.port, '/web/', pair), await askHttp1(this.port, '/web/', pair)];
    const grpc = { [REQUIRED]: 16, [INVALID]: 16, [NOT_ALLOWED]: 7 }[call.error ?? ''] ?? 0;
    assert.deepEqual([call.httpStatus, call.grpcStatus], [200, grpc]);
    for (const { httpStatus, error } of rest) {
      assert.equal(httpStatus, error === null ? 200 : 403);
    }
    return [call, ...rest].map(({ error }) => error);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await using stack = new AsyncDisposableStack();
    stack.use(this.files);
    stack.use(this.web);
    stack.use(this.echo);
    stack.use(this.bridge);
  }
}

const CASES: readonly { readonly section: RawConfig; readonly denials: Readonly<Record<ClientName, string | null>> }[] = [
  {
    section: { clientCertificates: 'required' },
    denials: { nobody: REQUIRED, client: null, spiffe: null, expired: INVALID, stranger: INVALID },
  },
  {
    section: { clientCertificates: 'optional' },
    denials: { nobody: null, client: null, spiffe: null, expired: INVALID, stranger: INVALID },
  },
  {
    section: { clientCertificates: 'required', clientSubjectAltNames: ['other.test', SPIFFE_ID] },
    denials: { nobody: REQUIRED, client: NOT_ALLOWED, spiffe: null, expired: INVALID, stranger: INVALID },
  },
  {
    section: { clientCertificates: 'optional', clientSubjectAltNames: [SPIFFE_ID.toLowerCase()] },
    denials: { nobody: null, client: NOT_ALLOWED, spiffe: NOT_ALLOWED, expired: INVALID, stranger: INVALID },
  },
];

describe('client certificates', () => {
  for (const { section, denials } of CASES) {
    it(`${JSON.stringify(section)}: the routes are for those, health is for all`, async () => {
      await using setting = await Setting.start(section);
      const { port } = setting;
      for (const name of CLIENT_NAMES) {
        const denial = denials[name];
        assert.deepEqual(await setting.denials(name), [denial, denial, denial], name);
        const pair = CLIENTS[name];
        assert.equal((await askHttp1(port, '/healthz', pair)).httpStatus, 200);
        assert.equal((await askHttp2(port, '/healthz', pair)).httpStatus, 200);
        assert.equal((await askHttp2(port, '/grpc.health.v1.Health/Check', pair)).grpcStatus, 0);
      }
      const granted = Object.values(denials).filter((denial) => denial === null).length;
      assert.equal(setting.echo.executed.length, granted);
    });
  }

  it('answers HEAD without content', async () => {
    await using setting = await Setting.start();
    const socket = await handshake(setting.port, {});
    socket.write('HEAD /web/ HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n');
    const chunks: Buffer[] = [];
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    await once(socket, 'close', { signal: AbortSignal.timeout(5000) });
    assert.match(
      Buffer.concat(chunks).toString(),
      /^HTTP\/1\.1 403 [^]*x-health-bridge-error: client_certificate_required[^]*\r\n\r\n$/,
    );
  });

  for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
    it(`are asked for again by ${maxVersion}: no session is resumed, with a certificate or without`, async () => {
      await using setting = await Setting.start();
      for (const pair of [tls.client, {}]) {
        const first = await handshake(setting.port, { ...pair, maxVersion });
        const sessions: Buffer[] = [];
        first.on('session', (session: Buffer) => sessions.push(session));
        first.write('GET /livez HTTP/1.1\r\nhost: a\r\n\r\n');
        await once(first, 'data', { signal: AbortSignal.timeout(5000) });
        first.destroy();
        const session = sessions.at(-1) ?? first.getSession();
        assert.ok(session !== undefined);
        const second = await handshake(setting.port, { maxVersion, session });
        assert.equal(second.isSessionReused(), false);
        second.write('GET /web/ HTTP/1.1\r\nhost: a\r\n\r\n');
        const [answer] = await once(second, 'data', { signal: AbortSignal.timeout(5000) });
        assert.match(String(answer), /^HTTP\/1\.1 403 /);
        second.destroy();
      }
    });
  }

  it('that are no good are counted and logged; none at all is not', async () => {
    await using setting = await Setting.start({ clientSubjectAltNames: [SPIFFE_ID] });
    for (const name of ['nobody', 'client', 'expired', 'spiffe'] as const) {
      await askHttp1(setting.port, '/healthz', CLIENTS[name]);
    }
    const { body } = await setting.bridge.get('/metrics', { listener: 'admin' });
    assert.match(body, /^grpc_health_bridge_abuse_total\{kind="clientCertificate"\} 2$/m);
    const details = setting.bridge.lines.filter(({ reason }) => reason === 'clientCertificate').map(({ detail }) => detail);
    assert.deepEqual(details, ['none of its names is among clientSubjectAltNames', 'cannot be verified: CERT_HAS_EXPIRED']);
  });

  it('follow a reload: clients that were let in by another rule are led to a new connection', async () => {
    await using setting = await Setting.start();
    assert.deepEqual(await setting.denials('client'), [null, null, null]);
    const open = await handshake(setting.port, tls.client);
    await setting.reload({ clientSubjectAltNames: [SPIFFE_ID] });
    assert.deepEqual(await setting.denials('client'), [NOT_ALLOWED, NOT_ALLOWED, NOT_ALLOWED]);
    open.write('GET /web/ HTTP/1.1\r\nhost: a\r\n\r\n');
    const [answer] = await once(open, 'data', { signal: AbortSignal.timeout(5000) });
    assert.match(String(answer), /^HTTP\/1\.1 200 [^]*connection: close/i);
    open.destroy();
    await setting.reload({ clientCaFile: setting.files.path('other-ca.crt') });
    assert.deepEqual(await setting.denials('client'), [INVALID, INVALID, INVALID]);
    assert.deepEqual(await setting.denials('stranger'), [null, null, null]);
    await setting.reload({ clientCertificates: 'none' });
    assert.deepEqual(await setting.denials('nobody'), [null, null, null]);
  });

  it('are verified against every authority of a file, also where one begins on the line where another ends', async () => {
    await using setting = await Setting.start();
    await writeFile(setting.files.path('glued.crt'), tls.ca.toString().trim() + tls.otherCa.toString().trim());
    await setting.reload({ clientCaFile: setting.files.path('glued.crt') });
    assert.deepEqual(await setting.denials('stranger'), [null, null, null]);
    assert.deepEqual(await setting.denials('client'), [null, null, null]);
  });

  it('need a file of authorities that can be read', async () => {
    const files = await writeTestFiles({ 'ca.crt': 'nothing' });
    const bridge = TestBridge.create({
      listeners: [
        {
          name: 'tls',
          address: '127.0.0.1:0',
          tls: { selfSigned: true, clientCertificates: 'required', clientCaFile: files.path('ca.crt') },
        },
      ],
      clusters: [{ name: 'echo', discovery: { type: 'static', endpoints: ['127.0.0.1:1'] } }],
    });
    await assert.rejects(bridge.bridge.start(), {
      message: `listener tls: clientCaFile ${files.path('ca.crt')}: holds no PEM certificate`,
    });
    await bridge[Symbol.asyncDispose]();
    await files[Symbol.asyncDispose]();
  });
});

async function handshake(port: number, options: ConnectionOptions): Promise<TLSSocket> {
  const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false, ALPNProtocols: ['http/1.1'], ...options });
  socket.on('error', () => undefined);
  await once(socket, 'secureConnect', { signal: AbortSignal.timeout(5000) });
  return socket;
}
