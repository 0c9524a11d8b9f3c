import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Child } from './support/child.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

describe('k8s/rendered', () => {
  it('is what kustomize makes of the overlays', async () => {
    await using render = await Child.start(process.execPath, [`${ROOT}scripts/render-k8s.ts`, '--check']);
    assert.deepEqual(await render.exit(60_000), { code: 0, signal: null }, render.stderr);
  });
});
