import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { describe, it } from 'node:test';
import { packageFile } from '../../../src/util/package-file.ts';

describe('a file of the package', () => {
  it('is found from any depth, beside package.json', () => {
    assert.ok(existsSync(packageFile('package.json')));
    assert.ok(existsSync(packageFile('protos/health.proto')));
  });
});
