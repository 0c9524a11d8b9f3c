import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parse } from 'yaml';
import { renderConfig } from '../../../src/config/render.ts';
import { resolveConfig } from '../../../src/config/resolve.ts';
import { baseConfig } from './support/base-config.ts';

/** The value that `/config` shows of a header that a route asks for. */
function shownOf(name: string): unknown {
  const match = { prefix: '/', headers: [{ name, exact: 'hidden' }] };
  const { routes } = parse(renderConfig(resolveConfig(baseConfig({ routes: [{ name: 'r', match, cluster: 'app' }] }))));
  return routes[0].match.headers[0].exact;
}

describe('the configuration as it is shown', () => {
  for (const name of [
    'authorization',
    'proxy-authorization',
    'x-auth',
    'cookie',
    'x-csrf-token',
    'x-secret',
    'x-api-key',
    'apikey',
    'x-password',
    'x-credentials',
  ]) {
    it(`hides the value of ${name}`, () => {
      assert.equal(shownOf(name), '***');
    });
  }

  it('shows what carries no secret', () => {
    assert.equal(shownOf('x-canary'), 'hidden');
  });
});

describe('an admin address', () => {
  for (const admin of [
    { address: 'localhost:9902' },
    { address: '127.0.0.2:9902' },
    { address: '[::1]:9902' },
    { address: 'unix:/run/admin.sock' },
    { address: '0.0.0.0:9902', allow: ['10.0.0.0/8'] },
    { address: '[::]:9902', tokenFile: '/run/token' },
  ]) {
    it(`may be ${JSON.stringify(admin)}`, () => {
      assert.equal(resolveConfig(baseConfig({ admin })).admin.tokenFile, admin.tokenFile ?? null);
    });
  }
});
