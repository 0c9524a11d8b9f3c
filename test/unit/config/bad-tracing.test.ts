import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { resolveConfig } from '../../../src/config/resolve.ts';
import { type BadCase, describeBad, one } from './support/bad-case.ts';
import { baseConfig } from './support/base-config.ts';

const withTracing = (tracing: unknown): object => ({ ...baseConfig(), tracing });
const URL_WANTED = 'must be a URL of http or https, without user, query and fragment';

const CASES: readonly BadCase[] = [
  ...[
    'collector:4318',
    'grpc://collector:4317',
    'http://',
    'http:collector',
    'http://a:b@c',
    'http://token@c',
    'http://:b@c',
    'http://c/?d',
    'http://c#d',
  ].map((otlpEndpoint) =>
    one(
      `${otlpEndpoint} as a collector`,
      withTracing({ otlpEndpoint }),
      `tracing.otlpEndpoint: ${URL_WANTED} (got "${otlpEndpoint}")`,
    ),
  ),
  one(
    'spans without trace context',
    withTracing({ propagate: false, otlpEndpoint: 'http://c:4318' }),
    'tracing.propagate: must be true with otlpEndpoint, as spans of calls are parts of traces (got false)',
  ),
  one('an unknown key', withTracing({ sampling: 1 }), 'tracing.sampling: is not a known key'),
];

describeBad('tracing', CASES);

describe('tracing', () => {
  it('passes trace context on and makes no spans, unless told otherwise', () => {
    assert.deepEqual(resolveConfig(baseConfig()).tracing, { propagate: true, otlpEndpoint: null });
    for (const otlpEndpoint of ['http://c:4318', 'https://c/otlp/', 'http://[::1]:4318']) {
      assert.deepEqual(resolveConfig(withTracing({ otlpEndpoint })).tracing, { propagate: true, otlpEndpoint });
    }
  });
});
