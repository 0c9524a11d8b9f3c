import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type ClientRequest, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import { type ClientHttp2Session, type ClientHttp2Stream, connect as connectHttp2 } from 'node:http2';
import { connect } from 'node:net';
import { describe, it } from 'node:test';
import { Gauge, MOST_ON_THE_WAY, TOTAL } from '../support/flow-gauge.ts';
import { Http1Bench, until } from '../support/http1-bench.ts';
import { Http1Endpoint } from '../support/peers/http1-endpoint.ts';
import { FrameType, frame, getRequest, H2_PREFACE } from '../support/raw-client.ts';

function open(port: number): { readonly session: ClientHttp2Session; readonly request: () => ClientHttp2Stream } {
  const session = connectHttp2(`http://127.0.0.1:${port}`);
  return { session, request: () => session.request({ ':method': 'POST', ':path': '/' }) };
}

function post(port: number): ClientRequest {
  return httpRequest({ host: '127.0.0.1', port, method: 'POST', agent: false });
}

/** An endpoint that sends everything. */
function sender(gauge: Gauge): (request: IncomingMessage, response: ServerResponse) => void {
  return (request, response) => {
    request.resume();
    void gauge.write(response);
  };
}

/** An endpoint that reads slowly. */
function reader(gauge: Gauge): (request: IncomingMessage, response: ServerResponse) => void {
  return (request, response) => {
    void gauge.readSlowly(request).then(() => response.end('done'));
  };
}

describe('64 MiB through a route to an http1 cluster, without being kept', () => {
  it('go down to a slow client of HTTP/1.1', async () => {
    const gauge = new Gauge();
    await using endpoint = await Http1Endpoint.serve(sender(gauge));
    await using bench = await Http1Bench.start([endpoint.endpoint]);
    const request = post(bench.port);
    request.end();
    const [response] = await once(request, 'response');
    await gauge.readSlowly(response);
    gauge.check();
  });

  it('go down to a slow client of HTTP/2', async () => {
    const gauge = new Gauge();
    await using endpoint = await Http1Endpoint.serve(sender(gauge));
    await using bench = await Http1Bench.start([endpoint.endpoint]);
    const { session, request } = open(bench.port);
    const stream = request();
    stream.end();
    await gauge.readSlowly(stream);
    session.close();
    gauge.check();
  });

  it('go up to a slow endpoint from a client of HTTP/1.1', async () => {
    const gauge = new Gauge();
    await using endpoint = await Http1Endpoint.serve(reader(gauge));
    await using bench = await Http1Bench.start([endpoint.endpoint]);
    const request = post(bench.port);
    const answered = once(request, 'response');
    await gauge.write(request);
    const [response] = await answered;
    response.resume();
    await once(response, 'end');
    gauge.check();
  });

  it('go up to a slow endpoint from a client of HTTP/2', async () => {
    const gauge = new Gauge();
    await using endpoint = await Http1Endpoint.serve(reader(gauge));
    await using bench = await Http1Bench.start([endpoint.endpoint]);
    const { session, request } = open(bench.port);
    const stream = request();
    await gauge.write(stream);
    stream.resume();
    await once(stream, 'end');
    session.close();
    gauge.check();
  });

  it('wait for a client of HTTP/2 that opens its windows wide and does not read', async () => {
    const gauge = new Gauge();
    await using endpoint = await Http1Endpoint.serve(sender(gauge));
    await using bench = await Http1Bench.start([endpoint.endpoint]);
    const socket = connect(bench.port, '127.0.0.1');
    await once(socket, 'connect');
    const wide = Buffer.from([0, 4, 0x7f, 0xff, 0xff, 0xff]);
    const increment = Buffer.from([0x7f, 0xff, 0, 0]);
    socket.write(
      Buffer.concat([
        H2_PREFACE,
        frame(FrameType.SETTINGS, 0, 0, wide),
        frame(FrameType.SETTINGS, 1, 0),
        frame(FrameType.WINDOW_UPDATE, 0, 0, increment),
        getRequest(1),
      ]),
    );
    // Nothing is read until the endpoint's writes have stood still for a while.
    let at = -1;
    let turns = 0;
    await until(
      () => {
        turns = gauge.written === at && at > 0 ? turns + 1 : 0;
        at = gauge.written;
        return turns > 2000;
      },
      () => `still being written to: ${gauge.written}`,
    );
    assert.ok(gauge.written < MOST_ON_THE_WAY, `${gauge.written} octets taken`);
    let received = 0;
    socket.on('data', (chunk: Buffer) => {
      received += chunk.length;
    });
    await until(
      () => received > TOTAL,
      () => `${received} octets received`,
    );
    socket.destroy();
    assert.equal(gauge.written, TOTAL);
  });
});
