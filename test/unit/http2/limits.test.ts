import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { it } from 'node:test';
import {
  EDGE_LIMITS,
  type Http2Limits,
  LIMIT_PROFILES,
  LOAD_BALANCER_LIMITS,
  type Rate,
  UPSTREAM_LIMITS,
} from '../../../src/http2/limits.ts';

const PAGE = new URL('../../../docs/http2.md', import.meta.url);

function render(limit: number | Rate): string {
  return typeof limit === 'number' ? String(limit) : `${limit.burst}, ${limit.perSecond}/s`;
}

it('docs/http2.md has every limit, with the values of each profile', () => {
  const rows = readFileSync(PAGE, 'utf8')
    .split('\n')
    .map((line) => line.split(' | '))
    .filter(([name = '']) => /^\| `\w+`$/.test(name))
    .map(([name, , ...columns]) => [name?.slice(3, -1), ...columns.slice(0, 3)]);
  const profiles: readonly Http2Limits[] = [EDGE_LIMITS, LOAD_BALANCER_LIMITS, UPSTREAM_LIMITS];
  const wanted = Object.keys(EDGE_LIMITS).map((name) => [name, ...profiles.map((profile) => render(Reflect.get(profile, name)))]);
  assert.deepEqual(rows, wanted);
});

it('the profiles of listeners are frozen', () => {
  assert.deepEqual(LIMIT_PROFILES, { edge: EDGE_LIMITS, loadBalancer: LOAD_BALANCER_LIMITS });
  assert.ok([LIMIT_PROFILES, EDGE_LIMITS, LOAD_BALANCER_LIMITS, UPSTREAM_LIMITS].every((profile) => Object.isFrozen(profile)));
});
