import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import {
  formatLabels,
  formatSample,
  type MetricFamily,
  readRegistry,
  renderMetrics,
} from '../../../src/observability/exposition.ts';

const COUNTER: MetricFamily = { name: 'a_total', help: 'Says "a"\nand \\.', type: 'counter', lines: ['a_total{x="1"} 2'] };
const GAUGE: MetricFamily = { name: 'b', help: 'B.', type: 'gauge', lines: [] };

describe('a page of metrics', () => {
  it('is version 0.0.4 of the text format', () => {
    assert.equal(
      renderMetrics([COUNTER, GAUGE], 'text'),
      '# HELP a_total Says "a"\\nand \\\\.\n# TYPE a_total counter\na_total{x="1"} 2\n# HELP b B.\n# TYPE b gauge\n',
    );
  });

  it('is OpenMetrics, where families of counters have no _total and quotes are escaped', () => {
    assert.equal(
      renderMetrics([COUNTER, GAUGE], 'openMetrics'),
      '# HELP a Says \\"a\\"\\nand \\\\.\n# TYPE a counter\na_total{x="1"} 2\n# HELP b B.\n# TYPE b gauge\n# EOF\n',
    );
  });

  it('has label values that cannot end early, and numbers that are none', () => {
    assert.equal(formatLabels({ a: 'x"\\\ny', b: 2 }), 'a="x\\"\\\\\\ny",b="2"');
    assert.equal(formatSample('a', {}, Number.NaN), 'a NaN');
    assert.equal(formatSample('a', { b: '' }, Number.POSITIVE_INFINITY), 'a{b=""} +Inf');
    assert.equal(formatSample('a', {}, Number.NEGATIVE_INFINITY), 'a -Inf');
  });

  it('takes what prom-client knows, without changing it', async () => {
    const registry = new Registry();
    const registers = [registry];
    new Counter({ name: 'c_total', help: 'C.', labelNames: ['x'], registers }).inc({ x: '1' }, 3);
    new Gauge({ name: 'g', help: 'G.', registers }).set(0.5);
    new Histogram({ name: 'h_seconds', help: 'H.', buckets: [1], registers }).observe(2);
    const page = renderMetrics(await readRegistry(registry), 'openMetrics');
    assert.deepEqual(page.split('\n'), [
      '# HELP c C.',
      '# TYPE c counter',
      'c_total{x="1"} 3',
      '# HELP g G.',
      '# TYPE g gauge',
      'g 0.5',
      '# HELP h_seconds H.',
      '# TYPE h_seconds histogram',
      'h_seconds_bucket{le="1"} 0',
      'h_seconds_bucket{le="+Inf"} 1',
      'h_seconds_sum 2',
      'h_seconds_count 1',
      '# EOF',
      '',
    ]);
    const text = renderMetrics(await readRegistry(registry), 'text');
    assert.equal(text, (await registry.metrics()).replaceAll('\n\n', '\n'));
  });
});
