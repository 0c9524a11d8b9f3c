import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { toLiveConfig } from '../../../src/bridge/live-config.ts';
import type { Config } from '../../../src/config/load.ts';
import { resolveConfig } from '../../../src/config/resolve.ts';

function config(more: Readonly<Record<string, unknown>> = {}): Config {
  const clusters = [{ name: 'app', discovery: { type: 'static', endpoints: ['127.0.0.1:1'] } }];
  return resolveConfig({ listeners: [{ address: '127.0.0.1:8080' }], clusters, ...more });
}

describe('what a reload takes of a configuration', () => {
  it('is nothing where it is the same', () => {
    const current = config();
    assert.deepEqual(toLiveConfig(current, config()), { config: current, held: [], changed: [] });
  });

  it('is everything but what needs a restart, which is named and stays', () => {
    const current = config();
    const next = config({
      admin: { address: '127.0.0.1:1234' },
      logging: { level: 'debug' },
      health: { details: 'none', startupTimeout: '1s' },
      drain: { delay: '1s' },
      tracing: { otlpEndpoint: 'http://collector:4318' },
    });
    const { config: live, held, changed } = toLiveConfig(current, next);
    assert.deepEqual([...held].sort(), ['admin', 'health.startupTimeout', 'logging', 'tracing']);
    assert.deepEqual([...changed].sort(), ['drain', 'health']);
    assert.deepEqual(live.admin, current.admin);
    assert.equal(live.health.details, 'none');
    assert.equal(live.health.startupTimeoutMs, 15_000);
    assert.equal(live.drain.delayMs, 1000);
  });
});
