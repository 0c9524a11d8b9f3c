import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { it } from 'node:test';
import { fileURLToPath } from 'node:url';

it('the Huffman table is what its script writes', () => {
  const script = fileURLToPath(new URL('../../../../scripts/generate-huffman-table.ts', import.meta.url));
  const { status, stderr } = spawnSync(process.execPath, [script, '--check'], { encoding: 'utf8', timeout: 20_000 });
  assert.equal(status, 0, stderr);
});
