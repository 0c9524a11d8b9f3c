import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseMethodPath } from '../../../src/grpc/method-path.ts';

describe('parseMethodPath', () => {
  for (const [path, service, method] of [
    ['/grpc.health.v1.Health/Check', 'grpc.health.v1.Health', 'Check'],
    ['/S/M', 'S', 'M'],
    ['/odd/Service/Method', 'odd/Service', 'Method'],
    ['/%41/b', '%41', 'b'],
  ] as const) {
    it(`splits ${path}`, () => {
      assert.deepEqual(parseMethodPath(path), { service, method });
    });
  }

  for (const path of ['', '/', '//', '//M', '/S/', '/S', 'S/M', '*']) {
    it(`refuses ${JSON.stringify(path)}`, () => {
      assert.equal(parseMethodPath(path), null);
    });
  }
});
