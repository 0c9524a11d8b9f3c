/**
 * What counting costs beside relaying: `node --expose-gc --max-semi-space-size=128 bench/observability/calls.ts`. A call to a known method must
 * cost no more than 300 ns, and make no garbage; a scrape of a full route is what holds up everything else while it lasts.
 */
import { FieldList } from '../../src/http2/index.ts';
import { CallMetrics } from '../../src/observability/call-metrics.ts';
import { renderMetrics } from '../../src/observability/exposition.ts';
import { MAX_METHODS } from '../../src/observability/route-calls.ts';
import { CallRecord } from '../../src/proxy/call-record.ts';
import { measure, renderFigures } from '../http2/measure.ts';

const CALLS = 500_000;

/** Paths are interned once they have been seen before, as those of real clients are. */
const TIMES_SEEN = 3;

function createRecord(path: string): CallRecord {
  const fields = new FieldList();
  for (let time = 0; time < TIMES_SEEN; time++) {
    fields.clear();
    fields.pushText(':method', 'POST');
    fields.pushText(':scheme', 'http');
    fields.pushText(':path', path);
    fields.pushText(':authority', 'localhost');
  }
  return new CallRecord(fields);
}

function runCall(
  metrics: CallMetrics,
  record: CallRecord,
  route: { readonly name: string; readonly cluster: { readonly name: string } },
): void {
  record.begin(route, '192.0.2.1', 1000);
  record.isGrpc = true;
  metrics.onCallStart(record);
  record.firstByteMs = 1;
  record.httpStatus = 200;
  record.grpcStatus = 0;
  record.durationMs = 2;
  metrics.onCallEnd(record);
}

const routes = ['one', 'two'].map((name) => ({ name, cluster: { name: 'cluster' } }));
const [first = { name: '', cluster: { name: '' } }] = routes;
const records = Array.from({ length: MAX_METHODS }, (_, index) => createRecord(`/pkg.Service/Method${index}`));
const [record = createRecord('/')] = records;

const metrics = new CallMetrics();
const figures = [
  measure({
    name: 'a call, one method',
    count: CALLS,
    run: (count) => {
      for (let index = 0; index < count; index++) {
        runCall(metrics, record, first);
      }
    },
  }),
  measure({
    name: 'a call, 200 methods and two routes in turn',
    count: CALLS,
    run: (count) => {
      for (let index = 0; index < count; index++) {
        runCall(metrics, records[index % records.length] ?? record, routes[index & 1] ?? first);
      }
    },
  }),
  measure({
    name: 'a scrape of 200 methods of two routes',
    count: 1,
    run: () => {
      renderMetrics(metrics.read(), 'text');
    },
  }),
];
console.log(renderFigures('counting', figures));
