import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CaresClient, type QueryResult } from '../../src/discovery/dns-client.ts';
import { formatAddress } from '../../src/model/address.ts';
import { DnsServer, encodeReply, encodeTruncated, type Question, type Reply } from '../support/peers/dns-server.ts';

const NEVER = new AbortController().signal;
const GOOD = { addresses: ['10.0.0.1'], ttl: 5 } as const;

async function ask(answer: (question: Question) => Reply): Promise<{ result: QueryResult; server: DnsServer }> {
  await using server = await DnsServer.start(answer);
  const result = await new CaresClient([server.address]).query('app.example', 4, NEVER);
  return { result, server };
}

function recordsOf(result: QueryResult): readonly (readonly [string, number])[] | QueryResult {
  return result.kind === 'records' ? result.records.map(({ address, ttl }) => [address, ttl] as const) : result;
}

function addresses(count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => `10.1.${index >> 8}.${index & 255}`);
}

describe('unusual answers of a DNS server', () => {
  for (const [given, wanted] of [
    [0, 0],
    [1, 1],
    [0x7fff_ffff, 0x7fff_ffff],
    // RFC 2181, section 8.
    [0x8000_0000, 0],
    [0xffff_ffff, 0],
  ] as const) {
    it(`have a TTL of ${wanted} where ${given} is written`, async () => {
      const { result } = await ask(() => ({ addresses: ['10.0.0.1'], ttl: given }));
      assert.deepEqual(recordsOf(result), [['10.0.0.1', wanted]]);
    });
  }

  it('have the TTL of an alias where it is the shorter one', async () => {
    const { result } = await ask(() => ({ addresses: ['10.0.0.1'], ttl: 60, cname: 'real.example', cnameTtl: 3 }));
    assert.deepEqual(recordsOf(result), [['10.0.0.1', 3]]);
  });

  it('are empty where an alias leads to nothing, or to itself', async () => {
    for (const cname of ['real.example', 'app.example']) {
      const { result } = await ask(() => ({ addresses: [], cname }));
      assert.deepEqual(result, { kind: 'empty' });
    }
  });

  it('are passed over with the identifier of another question, and the right one is taken', async () => {
    const { result } = await ask((question) => ({
      octets: encodeReply({ ...question, id: question.id ^ 1 }, { addresses: ['10.6.6.6'] }),
      next: encodeReply(question, GOOD),
    }));
    assert.deepEqual(recordsOf(result), [['10.0.0.1', 5]]);
  });

  it('are passed over for another name, and the right one is taken', async () => {
    const { result } = await ask((question) => {
      const asked = Buffer.from(question.asked);
      asked.write('b', 1);
      return { octets: encodeReply({ ...question, asked }, { addresses: ['10.6.6.6'] }), next: encodeReply(question, GOOD) };
    });
    assert.deepEqual(recordsOf(result), [['10.0.0.1', 5]]);
  });

  it('are taken over UDP beyond 512 octets, as many as a datagram holds', async () => {
    const { result, server } = await ask((question) => ({ octets: encodeReply(question, { addresses: addresses(1_000) }) }));
    assert.equal(result.kind === 'records' && result.records.length, 1_000);
    assert.ok(server.questions.every(({ protocol }) => protocol === 'udp'));
  });

  it('are taken over TCP up to the longest message there is', async () => {
    const { result } = await ask(() => ({ addresses: addresses(4_080) }));
    assert.equal(result.kind === 'records' && result.records.length, 4_080);
  });

  it('are failures if they are cut and TCP brings nothing but the same', async () => {
    const { result } = await ask((question) => ({ octets: encodeTruncated(question) }));
    assert.notEqual(result.kind, 'records');
  });

  for (const [name, spoil] of [
    ['end in the middle of a record', (whole: Buffer) => whole.subarray(0, -3)],
    ['have an address of three octets', (whole: Buffer) => withOctet(whole.subarray(0, -1), whole.length - 5, 3)],
    ['have a name that points at itself', (whole: Buffer) => withOctet(whole, whole.length - 15, whole.length - 16)],
    ['are shorter than a header', (whole: Buffer) => whole.subarray(0, 5)],
    ['count more records than they have', (whole: Buffer) => withOctet(whole, 7, 9)],
  ] as const) {
    it(`are malformed, not empty, where they ${name}`, async () => {
      const { result, server } = await ask((question) => ({ octets: spoil(encodeReply(question, GOOD)) }));
      const asked = formatAddress(server.address);
      assert.deepEqual(result, { kind: 'failed', reason: `the DNS server sent a malformed answer (asked ${asked})` });
    });
  }

  for (const code of [1, 2, 4, 5]) {
    it(`with the code ${code} of one server are made good by the next`, async () => {
      await using broken = await DnsServer.start(() => ({ code }));
      await using good = await DnsServer.start(() => GOOD);
      const result = await new CaresClient([broken.address, good.address]).query('app.example', 4, NEVER);
      assert.deepEqual(recordsOf(result), [['10.0.0.1', 5]]);
      assert.ok(broken.questions.length > 0);
    });
  }

  it('that the name does not exist are not doubted: the next server is not asked', async () => {
    await using first = await DnsServer.start(() => ({ code: 3 }));
    await using second = await DnsServer.start(() => GOOD);
    const result = await new CaresClient([first.address, second.address]).query('app.example', 4, NEVER);
    assert.deepEqual(result, { kind: 'empty' });
    assert.equal(second.questions.length, 0);
  });

  it('of servers that all fail are the failure of the first, and name them all', async () => {
    await using first = await DnsServer.start(() => ({ code: 5 }));
    await using second = await DnsServer.start(() => ({ code: 2 }));
    const result = await new CaresClient([first.address, second.address]).query('app.example', 4, NEVER);
    const asked = `${formatAddress(first.address)}, ${formatAddress(second.address)}`;
    assert.deepEqual(result, { kind: 'failed', reason: `the DNS server refused the query (asked ${asked})` });
  });

  it('that do not come within the deadline are said to have been late, not ended', async () => {
    await using silent = await DnsServer.start(() => null);
    const result = await new CaresClient([silent.address], 100).query('app.example', 4, NEVER);
    const reason = `no answer from the DNS server in time (asked ${formatAddress(silent.address)})`;
    assert.deepEqual(result, { kind: 'failed', reason });
  });
});

function withOctet(octets: Buffer, at: number, value: number): Buffer {
  const copy = Buffer.from(octets);
  copy.writeUInt8(value, at);
  return copy;
}
