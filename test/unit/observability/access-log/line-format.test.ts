import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createEndpoint } from '../../../../src/model/endpoint.ts';
import { LineFormat } from '../../../../src/observability/access-log/line-format.ts';
import { RESPONSE_FLAGS } from '../../../../src/observability/access-log/response-flags.ts';
import type { CallRecord } from '../../../../src/proxy/call-record.ts';
import { LocalReason } from '../../../../src/proxy/local-reason.ts';
import { list } from '../../../support/http2/fields.ts';
import { callWith, lineOf, styleOf } from '../../../support/logged-lines.ts';

const START_MS = Date.UTC(2026, 10, 5, 4, 8, 6, 123);

function doneCall(): CallRecord {
  const call = callWith(
    [
      [':method', 'POST'],
      [':path', '/shop.Orders/Get'],
      [':authority', 'shop.example'],
      ['user-agent', 'grpc-go/1.60'],
      ['x-request-id', 'abc'],
      ['x-two', 'first'],
      ['x-two', 'second'],
      ['content-type', 'application/grpc'],
    ],
    true,
  );
  call.isGrpc = true;
  call.endpoint = createEndpoint({ kind: 'tcp', host: '127.0.0.1', port: 50051 }, null);
  call.isRequestWhole = true;
  call.onHeaders(
    list([
      [':status', '200'],
      ['x-served-by', 'b1'],
    ]),
    7.9,
  );
  call.keepTrailers(list([['x-cost', '12']]));
  call.onResponseEnd(list([['grpc-status', '5']]));
  call.requestOctets = 17;
  call.responseOctets = 1234;
  call.durationMs = 9.99;
  return call;
}

describe('lines of an access log', () => {
  it("are Envoy's by default", () => {
    assert.equal(
      lineOf('envoy', doneCall(), START_MS),
      '[2026-11-05T04:08:06.123Z] "POST /shop.Orders/Get HTTP/2" 200 - 17 1234 9 7 "-" "grpc-go/1.60" "abc" "shop.example" "127.0.0.1:50051"\n',
    );
    assert.equal(lineOf('envoy', callWith([])), '[1970-01-01T00:00:00.000Z] "- - HTTP/2" 0 - 0 0 0 - "-" "-" "-" "-" "-"\n');
  });

  for (const [format, text] of [
    ['%REQ(x-none?:PATH)%', '/shop.Orders/Get'],
    ['%REQ(USER-AGENT?:PATH):4%', 'grpc'],
    ['%REQ(X-Two)%', 'first'],
    ['%RESP(:status)% %RESP(X-Served-By):1% %RESP(x-none)%', '200 b -'],
    ['%TRAILER(x-cost)% %TRAILER(grpc-status)%', '12 -'],
    ['%GRPC_STATUS% %GRPC_STATUS(SNAKE_STRING)% %GRPC_STATUS(NUMBER)% %GRPC_STATUS_NUMBER%', 'NotFound NOT_FOUND 5 5'],
    ['%ROUTE_NAME%|%UPSTREAM_CLUSTER%|%UPSTREAM_REQUEST_ATTEMPT_COUNT%', 'orders|shop|1'],
    ['%DOWNSTREAM_REMOTE_ADDRESS% %DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%', '192.0.2.7:4711 192.0.2.7'],
    ['%DOWNSTREAM_DIRECT_REMOTE_ADDRESS% %DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT%', '192.0.2.7:4711 192.0.2.7'],
    ['%RESPONSE_CODE_DETAILS% %RESPONSE_DURATION%', 'via_upstream 7'],
    ['100%% %PROTOCOL%', '100% HTTP/2'],
    ['%START_TIME(%Y/%m/%dT%H:%M:%S%z %s %f)%', '2026/11/05T04:08:06+0000 1793851686 123000000'],
    [
      '%START_TIME(%y %e %j %I %p %a %A %b %h %B %F %D %T %R %Z)%',
      '26  5 309 04 AM Thu Thursday Nov Nov November 2026-11-05 11/05/26 04:08:06 04:08 UTC',
    ],
    ['%START_TIME(%3f|%1f|%6f)%', '123|1|123000'],
  ] as const) {
    it(`have ${text} for ${format}`, () => {
      assert.equal(lineOf(format, doneCall(), START_MS), `${text}\n`);
    });
  }

  it('have no second line end, and brackets around the addresses of IPv6', () => {
    const call = doneCall();
    call.remoteAddress = '2001:db8::1';
    assert.equal(lineOf('%DOWNSTREAM_REMOTE_ADDRESS%\n', call), '[2001:db8::1]:4711\n');
    call.remoteAddress = '';
    assert.equal(lineOf('%DOWNSTREAM_REMOTE_ADDRESS% %DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%', call), '- -\n');
  });

  it('tell statuses without a name by their number, and none for what is not gRPC', () => {
    const call = doneCall();
    call.grpcStatus = 77;
    assert.equal(lineOf('%GRPC_STATUS% %GRPC_STATUS(SNAKE_STRING)%', call), '77 77\n');
    call.grpcStatus = -1;
    assert.equal(lineOf('%GRPC_STATUS% %GRPC_STATUS(NUMBER)%', call), '- -\n');
  });

  it('have no service time where the response came before the end of the request', () => {
    const call = doneCall();
    call.isRequestWhole = false;
    assert.equal(lineOf('%RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)%', call), '-\n');
  });

  it('are JSON, with numbers for numbers and null for what there is not', () => {
    const line = lineOf('json', doneCall(), START_MS);
    assert.equal(line.at(-1), '\n');
    assert.deepEqual(JSON.parse(line), {
      start_time: '2026-11-05T04:08:06.123Z',
      method: 'POST',
      path: '/shop.Orders/Get',
      protocol: 'HTTP/2',
      response_code: 200,
      response_flags: null,
      response_code_details: 'via_upstream',
      grpc_status: 'NotFound',
      bytes_received: 17,
      bytes_sent: 1234,
      duration: 9,
      upstream_service_time: 7,
      x_forwarded_for: null,
      user_agent: 'grpc-go/1.60',
      request_id: 'abc',
      authority: 'shop.example',
      upstream_host: '127.0.0.1:50051',
      upstream_cluster: 'shop',
      route_name: 'orders',
      downstream_remote_address: '192.0.2.7:4711',
    });
  });

  it('say why an answer was made here, and who ended a call early', () => {
    const flags = Object.values(LocalReason).map((reason) => {
      const call = callWith([]);
      call.onLocalAnswer(reason, false);
      return `${reason} ${lineOf('%RESPONSE_FLAGS% %RESPONSE_CODE_DETAILS%', call).trim()}`;
    });
    assert.deepEqual(
      flags.filter((flag) => !/^(\w+) (NR|UH|UF|UO|UR|UC|UPE|DPE|DT|UT|LR|-) \1$/.test(flag)),
      [],
    );
    const [gone, reset, upstream] = [callWith([]), callWith([]), callWith([])];
    gone.onCancel(true);
    reset.onCancel(false);
    upstream.onReset(8);
    assert.deepEqual(
      [gone, reset, upstream].map((call) => lineOf('%RESPONSE_FLAGS%', call)),
      ['DC\n', 'DR\n', 'UR\n'],
    );
    const [spent, refused] = [callWith([]), callWith([])];
    spent.retryDenial = 'limit';
    refused.retryDenial = 'overflow';
    refused.onLocalAnswer(LocalReason.CONNECTION_LOST, false);
    assert.deepEqual(
      [spent, refused].map((call) => lineOf('%RESPONSE_FLAGS%', call)),
      ['URX\n', 'UC,UO\n'],
    );
    assert.ok(RESPONSE_FLAGS.includes('UH') && RESPONSE_FLAGS.length === 14);
  });

  it('want the fields of responses only where they show them', () => {
    const formats = ['envoy', 'json', '%RESP(a)%', '%TRAILER(a)%', '%REQ(a)%'];
    assert.deepEqual(
      formats.map((format) => new LineFormat(styleOf(format)).wantsResponseFields),
      [false, false, true, true, false],
    );
  });
});
