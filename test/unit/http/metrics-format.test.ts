import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { chooseMetricsFormat } from '../../../src/http/metrics-format.ts';

const OPEN = 'application/openmetrics-text';

describe('the format of an answer to a scrape', () => {
  for (const [accept, expected] of [
    [undefined, 'text'],
    ['', 'text'],
    ['*/*', 'text'],
    ['text/html, application/json', 'text'],
    [OPEN, 'openMetrics'],
    [`${OPEN}; version=1.0.0; charset=utf-8`, 'openMetrics'],
    [`${OPEN};version=0.0.1`, 'openMetrics'],
    [`${OPEN};version=2.0.0`, 'text'],
    [`${OPEN};q=0`, 'text'],
    [`${OPEN};q=0.5,text/plain;q=0.6`, 'text'],
    [`${OPEN};q=0.5,text/*;q=0.5`, 'openMetrics'],
    [`${OPEN.toUpperCase()};VERSION=1.0.0`, 'openMetrics'],
    // What Prometheus 2 and 3 send.
    [`${OPEN};version=1.0.0;q=0.5,${OPEN};version=0.0.1;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2`, 'openMetrics'],
    [
      `${OPEN};version=1.0.0;escaping=allow-utf-8;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,*/*;q=0.1`,
      'openMetrics',
    ],
    [`${'text/html,'.repeat(32)}${OPEN}`, 'text'],
  ] as const) {
    it(`is ${expected} for ${accept?.slice(-80) ?? 'no Accept'}`, () => {
      assert.equal(chooseMetricsFormat(accept), expected);
    });
  }
});
