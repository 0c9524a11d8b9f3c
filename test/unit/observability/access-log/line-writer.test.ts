import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { LineFormat } from '../../../../src/observability/access-log/line-format.ts';
import { LineMemory, LineWriter } from '../../../../src/observability/access-log/line-writer.ts';
import { callWith, lineOf, styleOf } from '../../../support/logged-lines.ts';

function written(form: 'text' | 'json', value: Buffer, room = 4096): string {
  const line = new LineWriter(form);
  const memory = new LineMemory(room + 8);
  memory.octets.fill('#');
  line.begin(memory, 0, room);
  line.value(value, 0, value.length);
  assert.ok(line.at <= room);
  assert.equal(line.octets.toString('latin1', room), '########');
  return line.octets.toString('utf8', 0, line.at);
}

describe('what others have written into a line', () => {
  it('cannot end its field, its line, or steer a terminal', () => {
    assert.equal(written('text', Buffer.from('a"b\\c\nd\x1b[2J\x7f')), String.raw`a\"b\\c\x0ad\x1b[2J\x7f`);
    assert.equal(written('json', Buffer.from('a"b\\c\nd\x1b\x7f')), String.raw`a\"b\\c\u000ad\u001b\u007f`);
    assert.equal(written('text', Buffer.from('grün')), 'grün');
    assert.equal(written('json', Buffer.from('grün 漢字 "')), String.raw`grün 漢字 \"`);
    assert.equal(written('json', Buffer.from([0x61, 0xff, 0x62])), 'a\ufffdb');
  });

  it('is always a string of JSON, whatever it is and wherever it is cut off', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), fc.integer({ min: 0, max: 60 }), (octets, room) => {
        assert.equal(typeof JSON.parse(`"${written('json', Buffer.from(octets), room)}"`), 'string');
      }),
      { numRuns: 500, seed: 7 },
    );
  });

  it('never has a control octet or a bare quote', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), fc.integer({ min: 0, max: 60 }), (octets, room) => {
        const bare = Buffer.from(written('text', Buffer.from(octets), room).replaceAll(/\\./g, ''));
        assert.ok(!bare.some((octet) => octet < 0x20 || octet === 0x7f || octet === 0x22));
      }),
      { numRuns: 500, seed: 8 },
    );
  });

  it('is cut off, and the line still ends', () => {
    const call = callWith([
      [':path', `/${'x'.repeat(5000)}`],
      ['user-agent', `"${'"'.repeat(5000)}`],
    ]);
    assert.equal(lineOf('%REQ(:PATH)% end', call, 0, 8192), `/${'x'.repeat(4095)} end\n`);
    assert.equal(lineOf('%REQ(USER-AGENT)% end', call, 0, 8192), `${String.raw`\"`.repeat(2048)} end\n`);
    const short = lineOf('a %REQ(:PATH)% end', call, 0, 64);
    assert.equal(short, `a /${'x'.repeat(60)}\n`);
    assert.equal(JSON.parse(lineOf('json', call, 0, 16_384)).path.length, 2048);
  });

  it('is the same whether it was met before or not', () => {
    const format = new LineFormat(styleOf('%REQ(USER-AGENT)%|%REQ(USER-AGENT):3%'));
    for (const agent of ['curl/8', 'cu', 'tab\tbed', 'curl/8', 'tab\tbed', 'a "quote"', 'a "quote"', 'a "quote"']) {
      const shown = agent.replaceAll('"', String.raw`\"`).replaceAll('\t', String.raw`\x09`);
      const cut = agent.slice(0, 3).replaceAll('"', String.raw`\"`).replaceAll('\t', String.raw`\x09`);
      assert.equal(lineOf(format, callWith([['user-agent', agent]])), `${shown}|${cut}\n`);
    }
  });

  it('has numbers of any size', () => {
    const call = callWith([]);
    for (const octets of [0, 9, 10, 99, 100, 4_294_967_296, Number.MAX_SAFE_INTEGER]) {
      call.requestOctets = octets;
      assert.equal(lineOf('%BYTES_RECEIVED%', call), `${octets}\n`);
    }
    assert.equal(lineOf('x%BYTES_RECEIVED%', call, 0, 8), 'x\n');
  });
});
