import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { runCommand } from '../../scripts/image/command.ts';
import { builtTool } from './support/tools.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

describe('the image', { timeout: 300_000 }, () => {
  it('has a Dockerfile that hadolint finds nothing in', async () => {
    assert.equal(await runCommand(builtTool('hadolint'), ['Dockerfile'], { directory: ROOT }), '');
  });

  it('starts from its files alone, answers, and lists what is in it', async () => {
    const said = await runCommand(process.execPath, ['scripts/image-check.ts'], { directory: ROOT, timeoutMs: 240_000 });
    process.stdout.write(said);
    assert.match(said, /answered over HTTP\/1\.1 and h2c, and `check --self`/);
    assert.match(said, /npx grpc-health-bridge check, from grpc-health-bridge-.*:\n.*healthz check passed/s);
  });
});
