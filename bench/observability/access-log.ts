// node bench/observability/access-log.ts: nanoseconds per line of the access log, without writing it.
import { createEndpoint } from '../../src/model/endpoint.ts';
import { LineFormat } from '../../src/observability/access-log/line-format.ts';
import { LineMemory, LineWriter } from '../../src/observability/access-log/line-writer.ts';
import { CallRecord } from '../../src/proxy/call-record.ts';
import { list } from '../../test/support/http2/fields.ts';

const LINES = 2_000_000;

function call(): CallRecord {
  const fields = list([
    [':method', 'POST'],
    [':scheme', 'http'],
    [':path', '/bench.Echo/Call'],
    [':authority', 'bench.example:8080'],
    ['content-type', 'application/grpc'],
    ['te', 'trailers'],
    ['user-agent', 'grpc-go/1.76.0'],
    ['grpc-timeout', '9999980u'],
    ['x-forwarded-for', '203.0.113.77'],
    ['x-request-id', '0b9c7e2e-6f7b-4c63-9e3f-4b1f6b6f0a11'],
  ]);
  const made = new CallRecord(fields);
  made.begin({ name: 'bench', cluster: { name: 'bench' } }, '203.0.113.77', 0);
  made.endpoint = createEndpoint({ kind: 'tcp', host: '10.0.0.7', port: 50051 }, null);
  made.isGrpc = true;
  made.isRequestWhole = true;
  made.httpStatus = 200;
  made.grpcStatus = 0;
  made.requestOctets = 17;
  made.responseOctets = 17;
  made.firstByteMs = 1.2;
  made.durationMs = 1.4;
  return made;
}

for (const style of ['envoy', 'json'] as const) {
  const format = new LineFormat(style);
  const line = new LineWriter(format.form);
  const memory = new LineMemory(65_536);
  const logged = call();
  let length = 0;
  for (let round = 0; round < 3; round++) {
    const startedAt = performance.now();
    for (let index = 0; index < LINES; index++) {
      line.begin(memory, 0, 16_384);
      format.write(logged, 1_790_000_000_000 + (index >> 4), line);
      length = line.at;
    }
    const nanoseconds = ((performance.now() - startedAt) * 1e6) / LINES;
    process.stdout.write(`${style}: ${nanoseconds.toFixed(0)} ns for a line of ${length} octets\n`);
  }
}
