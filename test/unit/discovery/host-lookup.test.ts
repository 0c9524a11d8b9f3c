import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { DnsClient, QueryResult } from '../../../src/discovery/dns-client.ts';
import { type AddressFamily, SystemHostLookup } from '../../../src/discovery/host-lookup.ts';
import { candidatesOf, findInHosts, parseResolvConf } from '../../../src/discovery/system-names.ts';

const EMPTY: QueryResult = { kind: 'empty' };
const FAILED: QueryResult = { kind: 'failed', reason: 'no answer' };
const V4: QueryResult = { kind: 'records', records: [{ address: '10.0.0.1', ttl: 5 }] };
const V6: QueryResult = { kind: 'records', records: [{ address: 'fd00::1', ttl: 5 }] };
const BOTH: QueryResult = { kind: 'records', records: [...V6.records, ...V4.records] };

/** One address of either family: one server. */
const EITHER: QueryResult = { kind: 'records', records: [{ address: 'fd00::1', ttl: 5, otherAddress: '10.0.0.1' }] };
const TWO_V6: QueryResult = { kind: 'records', records: [...V6.records, { address: 'fd00::2', ttl: 9 }] };
const TWO_V4: QueryResult = { kind: 'records', records: [...V4.records, { address: '10.0.0.2', ttl: 9 }] };

/** Knows what it is told, and writes down what it is asked. */
class Script implements DnsClient {
  readonly asked: string[] = [];
  readonly #answers: Readonly<Record<string, QueryResult>>;

  constructor(answers: Readonly<Record<string, QueryResult>>) {
    this.#answers = answers;
  }

  query(name: string, family: 4 | 6): Promise<QueryResult> {
    this.asked.push(`${name}/${family}`);
    return Promise.resolve(this.#answers[`${name}/${family}`] ?? EMPTY);
  }
}

interface Machine {
  readonly hosts?: string;
  readonly resolvConf?: string;
}

async function lookup(host: string, family: AddressFamily, client: DnsClient, machine: Machine = {}): Promise<QueryResult> {
  const folder = await mkdtemp(join(tmpdir(), 'bridge-names-'));
  try {
    const files = { hostsFile: join(folder, 'hosts'), resolvConfFile: join(folder, 'resolv.conf') };
    await writeFile(files.hostsFile, machine.hosts ?? '');
    await writeFile(files.resolvConfFile, machine.resolvConf ?? '');
    return await new SystemHostLookup(client, files).lookup(host, family, new AbortController().signal);
  } finally {
    await rm(folder, { recursive: true });
  }
}

describe('SystemHostLookup', () => {
  for (const [family, v6, v4, wanted] of [
    ['auto', V6, V4, EITHER],
    ['auto', TWO_V6, V4, TWO_V6],
    ['auto', V6, TWO_V4, V6],
    ['auto', TWO_V6, TWO_V4, TWO_V6],
    ['auto', EMPTY, V4, V4],
    ['auto', V6, EMPTY, V6],
    ['auto', V6, FAILED, V6],
    ['auto', FAILED, V4, { ...V4, v6Failure: 'no answer' }],
    ['auto', FAILED, EMPTY, FAILED],
    ['auto', FAILED, FAILED, FAILED],
    ['all', FAILED, V4, FAILED],
    ['auto', EMPTY, FAILED, FAILED],
    ['auto', EMPTY, EMPTY, EMPTY],
    ['all', V6, V4, BOTH],
    ['all', V6, FAILED, FAILED],
    ['all', EMPTY, V4, V4],
    ['v4', V6, V4, V4],
    ['v4', V6, EMPTY, EMPTY],
    ['v6', V6, V4, V6],
    ['v6', EMPTY, V4, EMPTY],
  ] as const) {
    it(`${family}: ${v6.kind} for IPv6 and ${v4.kind} for IPv4`, async () => {
      assert.deepEqual(await lookup('a.', family, new Script({ 'a/6': v6, 'a/4': v4 })), wanted);
    });
  }

  it('asks only for the family that counts', async () => {
    const script = new Script({ 'a/4': V4 });
    await lookup('a.', 'v4', script);
    assert.deepEqual(script.asked, ['a/4']);
  });

  it('takes the hosts file before DNS, for names without a closing dot', async () => {
    const hosts = '# comment\n10.9.9.9 other App # alias\n10.9.9.9 app\nnonsense app\n';
    const script = new Script({ 'app/4': V4 });
    const result = await lookup('app', 'auto', script, { hosts });
    assert.deepEqual(result, { kind: 'records', records: [{ address: '10.9.9.9', ttl: 5 }] });
    assert.deepEqual(script.asked, []);
    assert.deepEqual(await lookup('app.', 'v4', script, { hosts }), V4);
  });

  const loopback = '127.0.0.1 localhost\n::1 localhost ip6-localhost\n';
  for (const [name, family, wanted] of [
    ['localhost', 'auto', ['::1']],
    ['localhost', 'all', ['::1', '127.0.0.1']],
    ['localhost', 'v6', ['::1']],
    ['ip6-localhost', 'auto', ['::1']],
  ] as const) {
    it(`takes ${wanted.join(' and ')} for ${name} with ${family}, where the hosts file has both`, async () => {
      const result = await lookup(name, family, new Script({}), { hosts: loopback });
      assert.deepEqual(result.kind === 'records' ? result.records.map(({ address }) => address) : result, wanted);
    });
  }

  it('believes an answer of two addresses for as long as the shorter of their lives', async () => {
    const short: QueryResult = { kind: 'records', records: [{ address: '10.0.0.1', ttl: 2 }] };
    const result = await lookup('a.', 'auto', new Script({ 'a/6': V6, 'a/4': short }));
    assert.equal(result.kind === 'records' && result.records[0]?.ttl, 2);
  });

  it('prefers IPv6 for a name that is this machine in IPv4 alone', async () => {
    const result = await lookup('app', 'auto', new Script({}), { hosts: '127.0.0.1 app\nfd00::1 app\n' });
    assert.deepEqual(result.kind === 'records' ? result.records.map(({ address }) => address) : result, ['fd00::1']);
  });

  it('walks the search list until there is an answer, and no further', async () => {
    const script = new Script({ 'app.b.example/4': V4 });
    const resolvConf = 'search a.example b.example. c.example\noptions ndots:5\n';
    assert.deepEqual(await lookup('app', 'v4', script, { resolvConf }), V4);
    assert.deepEqual(script.asked, ['app.a.example/4', 'app.b.example/4']);
  });

  it('stops at a failure, behind which the right domain may hide', async () => {
    const script = new Script({ 'app.a.example/4': FAILED, 'app.b.example/4': V4 });
    assert.deepEqual(await lookup('app', 'v4', script, { resolvConf: 'search a.example b.example' }), FAILED);
  });

  it('looks a name with a closing dot up as it stands', async () => {
    const script = new Script({});
    await lookup('app.', 'v4', script, { resolvConf: 'search a.example' });
    assert.deepEqual(script.asked, ['app/4']);
  });

  it('does without the files', async () => {
    const files = { hostsFile: '/nonexistent/hosts', resolvConfFile: '/nonexistent/resolv.conf' };
    const result = await new SystemHostLookup(new Script({ 'a/4': V4 }), files).lookup('a', 'v4', new AbortController().signal);
    assert.deepEqual(result, V4);
  });
});

describe('candidatesOf', () => {
  it('tries a name with enough dots as it stands first', () => {
    const search = { domains: ['x'], ndots: 2 };
    assert.deepEqual(candidatesOf('a.b.c', search), ['a.b.c', 'a.b.c.x']);
    assert.deepEqual(candidatesOf('a.b', search), ['a.b.x', 'a.b']);
    assert.deepEqual(candidatesOf('a.b.', search), ['a.b']);
  });
});

describe('parseResolvConf', () => {
  it('takes the last search or domain, and ndots up to 15', () => {
    assert.deepEqual(parseResolvConf('domain a\nsearch b c # d\n; search e\noptions timeout:1 ndots:99\n'), {
      domains: ['b', 'c'],
      ndots: 15,
    });
    assert.deepEqual(parseResolvConf('nameserver 10.0.0.1\n'), { domains: [], ndots: 1 });
  });

  it('keeps 32 domains at most', () => {
    assert.equal(parseResolvConf(`search ${Array.from({ length: 40 }, (_, index) => `d${index}`).join(' ')}`).domains.length, 32);
  });

  it('never throws, nor does the hosts file', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        parseResolvConf(text);
        findInHosts(text, 'a');
      }),
    );
  });
});
