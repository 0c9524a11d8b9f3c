import assert from 'node:assert/strict';
import { NODATA, NOTFOUND, promises, SERVFAIL } from 'node:dns';
import { describe, it } from 'node:test';
import { Dnsmasq } from './support/dns.ts';

// The DNS suite rests on what this dnsmasq says, so that is proven first, without the bridge.
describe('dnsmasq', { timeout: 30_000 }, () => {
  it('knows the names that it was given, and those alone, until they are replaced', async () => {
    await using server = await Dnsmasq.start({ 'app.test': ['127.0.0.1', '127.0.0.2'] });
    const resolver = new promises.Resolver({ timeout: 1_000, tries: 1 });
    resolver.setServers([server.address]);
    const answers = await resolver.resolve4('app.test', { ttl: true });
    assert.deepEqual(answers.map(({ address }) => address).sort(), ['127.0.0.1', '127.0.0.2']);
    assert.deepEqual(
      answers.map(({ ttl }) => ttl),
      [1, 1],
    );
    await assert.rejects(resolver.resolve6('app.test'), { code: NODATA });
    await server.replace({ 'other.test': ['127.0.0.3'] });
    await assert.rejects(resolver.resolve4('app.test'), { code: NOTFOUND });
    assert.deepEqual(await resolver.resolve4('other.test'), ['127.0.0.3']);
  });

  it('fails for a name under servfail.test that it does not have', async () => {
    await using server = await Dnsmasq.start({ 'app.servfail.test': ['127.0.0.1'] });
    const resolver = new promises.Resolver({ timeout: 1_000, tries: 1 });
    resolver.setServers([server.address]);
    assert.deepEqual(await resolver.resolve4('app.servfail.test'), ['127.0.0.1']);
    await server.replace({});
    await assert.rejects(resolver.resolve4('app.servfail.test'), { code: SERVFAIL });
  });

  it('knows SRV records, each target with its port and priority', async () => {
    const name = '_grpc._tcp.app.test';
    await using server = await Dnsmasq.start({ 'a.test': ['127.0.0.1'] }, [
      { name, target: 'a.test', port: 1 },
      { name, target: 'b.test', port: 2, priority: 7 },
    ]);
    const resolver = new promises.Resolver({ timeout: 1_000, tries: 1 });
    resolver.setServers([server.address]);
    const records = await resolver.resolveSrv(name);
    assert.deepEqual(records.map((record) => `${record.name} ${record.port} ${record.priority}`).sort(), [
      'a.test 1 0',
      'b.test 2 7',
    ]);
    await assert.rejects(resolver.resolveSrv('_grpc._tcp.other.test'), { code: NOTFOUND });
  });

  it('answers over TCP what no datagram holds', async () => {
    const addresses = Array.from({ length: 300 }, (_, index) => `127.1.${Math.floor(index / 200)}.${(index % 200) + 1}`);
    await using server = await Dnsmasq.start({ 'many.test': addresses });
    const resolver = new promises.Resolver({ timeout: 1_000, tries: 1 });
    resolver.setServers([server.address]);
    assert.deepEqual((await resolver.resolve4('many.test')).sort(), addresses.sort());
  });
});
