import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request as requestPlain } from 'node:http';
import { connect } from 'node:http2';
import { request as requestTls } from 'node:https';
import { describe, it } from 'node:test';
import { Gauge } from '../support/flow-gauge.ts';
import { Http1Endpoint } from '../support/peers/http1-endpoint.ts';
import { portOf, startRest } from '../support/rest-bridge.ts';

/** Octets. */
const MUCH = 32 * 1_048_576;

describe('32 MiB through a bridge before servers of HTTP/1.1', () => {
  it('go up and come back at the pace of a slow client of HTTP/1.1', async () => {
    const gauge = new Gauge(MUCH);
    await using endpoint = await Http1Endpoint.serve((request, response) => request.pipe(response));
    await using bridge = await startRest([endpoint]);
    const request = requestPlain({ host: '127.0.0.1', port: portOf(bridge), method: 'POST', agent: false });
    const written = gauge.write(request);
    const [response] = await once(request, 'response');
    await Promise.all([written, gauge.readSlowly(response)]);
    gauge.check();
  });

  it('go up and come back at the pace of a slow client of HTTP/2 over TLS', async () => {
    const gauge = new Gauge(MUCH);
    await using endpoint = await Http1Endpoint.serve((request, response) => request.pipe(response));
    await using bridge = await startRest([endpoint]);
    const session = connect(`https://127.0.0.1:${portOf(bridge, 'tls')}`, { rejectUnauthorized: false });
    const stream = session.request({ ':method': 'POST', ':path': '/' });
    await Promise.all([gauge.write(stream), gauge.readSlowly(stream)]);
    session.close();
    gauge.check();
  });

  it('come down at the pace of a slow client of HTTP/1.1 over TLS, and others are served meanwhile', async () => {
    const gauge = new Gauge(MUCH);
    await using endpoint = await Http1Endpoint.serve((request, response) => {
      if (request.url === '/small') {
        response.end('small');
      } else {
        void gauge.write(response);
      }
    });
    await using bridge = await startRest([endpoint]);
    const request = requestTls({ host: '127.0.0.1', port: portOf(bridge, 'tls'), agent: false, rejectUnauthorized: false });
    request.end();
    const [response] = await once(request, 'response');
    const read = gauge.readSlowly(response);
    for (let count = 0; count < 10; count++) {
      assert.equal((await bridge.get('/small')).body, 'small');
    }
    await read;
    gauge.check();
  });
});
