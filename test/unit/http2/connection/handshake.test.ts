import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { EngineBench } from '../../../support/http2/engine-bench.ts';
import { describeFrame, headers, PREFACE, ping, requestBlock, settings, settingsAck } from '../../../support/http2/wire.ts';

describe('connection start', () => {
  it('H2-1.1-advertised: announces settings and the raised window before the client has said anything', () => {
    const bench = EngineBench.fresh('server', { streamWindowBytes: 131_072 });
    assert.deepEqual(bench.take(), ['SETTINGS', 'WINDOW_UPDATE 0 983041']);
    const entries = bench.sent[0]?.payload.toString('hex').match(/.{12}/g);
    assert.deepEqual(entries, ['000100001000', '000400020000', '000500004000', '000600010000', '000900000001', '000300000064']);
  });

  it('begins as a client with the preface, and switches push off', () => {
    const bench = EngineBench.fresh('client');
    const batch = bench.connection.takeOutput();
    const octets = Buffer.concat(batch?.segments ?? []);
    assert.ok(octets.subarray(0, PREFACE.length).equals(PREFACE));
    assert.ok(octets.includes(Buffer.from('000200000000', 'hex')), 'ENABLE_PUSH=0');
  });

  it('H2-1.1-preface, H2-1.1-cleartext: takes the preface in any pieces and refuses any other octet', () => {
    const bench = EngineBench.fresh('server');
    for (const octet of PREFACE) {
      bench.connection.receive(Buffer.of(octet));
    }
    bench.take();
    assert.deepEqual(bench.recv(settings(), ping()), ['SETTINGS ACK', 'PING ACK']);

    for (let at = 0; at < PREFACE.length; at++) {
      const wrong = Buffer.from(PREFACE);
      wrong[at] = (wrong[at] ?? 0) ^ 1;
      const other = EngineBench.fresh('server');
      other.connection.receive(wrong);
      assert.equal(other.ending(), 'PROTOCOL_ERROR');
      assert.equal(other.take().at(-1), 'GOAWAY 0 1 invalid connection preface');
    }
  });

  it('H2-1.1-settings-first: refuses another first frame than SETTINGS, on both sides', () => {
    for (const first of [ping(), settingsAck(), headers(1, requestBlock())]) {
      const server = EngineBench.fresh('server');
      server.connection.receive(PREFACE);
      server.recv(first);
      assert.equal(server.ending(), 'PROTOCOL_ERROR');
      const client = EngineBench.fresh('client');
      client.recv(first);
      assert.equal(client.ending(), 'PROTOCOL_ERROR');
    }
  });

  it('acknowledges every SETTINGS frame, in its place', () => {
    const bench = EngineBench.server();
    bench.connection.receive(Buffer.concat([settings([[4, 1]]), ping(), settings()]));
    assert.deepEqual(bench.take(), ['PING ACK', 'SETTINGS ACK', 'SETTINGS ACK']);
  });

  it('refuses a server that enables push, not one that disables it', () => {
    const bench = EngineBench.client();
    bench.recv(settings([[2, 0]]));
    assert.equal(bench.ending(), 'open');
    bench.recv(settings([[2, 1]]));
    assert.equal(bench.ending(), 'PROTOCOL_ERROR');
    const server = EngineBench.server();
    server.recv(settings([[2, 1]]));
    assert.equal(server.ending(), 'open', 'a client may');
  });

  it('H2-1.1-settings-timeout: ends the connection when the preface, SETTINGS or their acknowledgement do not come in 10 s', () => {
    const silent = EngineBench.fresh('server');
    assert.equal(silent.advance(10_000).at(-1), 'GOAWAY 0 1 preface_timeout');
    const half = EngineBench.fresh('server');
    half.connection.receive(PREFACE);
    assert.equal(half.advance(10_000).at(-1), 'GOAWAY 0 1 preface_timeout');
    const unacknowledged = EngineBench.fresh('server');
    unacknowledged.connection.receive(PREFACE);
    unacknowledged.recv(settings());
    assert.equal(unacknowledged.advance(10_000).at(-1), 'GOAWAY 0 4 settings_timeout');
    const client = EngineBench.fresh('client');
    assert.equal(client.advance(10_000).at(-1), 'GOAWAY 0 1 preface_timeout');
    const fine = EngineBench.server({}, { onHeaders: () => {} });
    fine.recv(headers(1, requestBlock()));
    fine.advance(60_000);
    assert.equal(fine.ending(), 'open');
  });

  it('holds a smaller window than the default against the peer only after its acknowledgement', () => {
    const bench = EngineBench.fresh('server', { streamWindowBytes: 10 });
    bench.connection.receive(PREFACE);
    bench.recv(settings(), headers(1, requestBlock()));
    bench.recv(Buffer.concat([Buffer.from('000020000000000001', 'hex'), Buffer.alloc(32)]));
    assert.equal(bench.ending(), 'open', 'sent before SETTINGS were known');
    bench.recv(settingsAck());
    bench.recv(Buffer.concat([Buffer.from('000001000000000001', 'hex'), Buffer.alloc(1)]));
    assert.equal(bench.ending(), 'FLOW_CONTROL_ERROR');
  });

  it('ignores everything after it has ended', () => {
    const bench = EngineBench.server();
    bench.recv(settings([[2, 7]]));
    const events = bench.events.length;
    assert.deepEqual(bench.recv(ping(), headers(1, requestBlock())), []);
    assert.equal(bench.events.length, events);
    assert.equal(bench.sent.map(describeFrame).filter((text) => text.startsWith('GOAWAY')).length, 1);
  });
});
