import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { MAX_METADATA_FILE_BYTES, type MetadataResult, MetadataSource } from '../../../src/health/metadata-source.ts';
import type { MetadataEntry } from '../../../src/health/options.ts';
import { FakeClock } from '../../support/fake-clock.ts';

function valueOf(result: MetadataResult, name: string): string | Buffer | undefined {
  assert.equal(result.kind, 'metadata');
  return result.kind === 'metadata' ? result.metadata.get(name)[0] : undefined;
}

describe('MetadataSource', () => {
  let folder = '';

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'bridge-metadata-'));
  });

  after(() => rm(folder, { recursive: true }));

  /** A source of one entry whose value is in a new file. */
  async function fromFile(
    name: string,
    content: string | Buffer,
    clock = new FakeClock(),
  ): Promise<{ source: MetadataSource; path: string }> {
    const path = join(folder, crypto.randomUUID());
    await writeFile(path, content);
    return { source: new MetadataSource([{ name, value: { kind: 'file', path } }], clock), path };
  }

  it('gives the same object while nothing can change', async () => {
    const clock = new FakeClock();
    const source = new MetadataSource([{ name: 'x-probe', value: { kind: 'text', text: 'bridge' } }], clock);
    const first = await source.read();
    assert.equal(valueOf(first, 'x-probe'), 'bridge');
    await clock.advance(3_600_000);
    assert.equal(await source.read(), first);
  });

  for (const [content, value] of [
    ['secret', 'secret'],
    ['secret\n', 'secret'],
    ['secret\r\n', 'secret'],
    ['', ''],
  ] as const) {
    it(`takes ${JSON.stringify(value)} from a file of ${JSON.stringify(content)}`, async () => {
      const { source } = await fromFile('authorization', content);
      assert.equal(valueOf(await source.read(), 'authorization'), value);
    });
  }

  it('takes octets from a file as they are, and from text as base64', async () => {
    const octets = Buffer.from([0, 10, 13, 255, 10]);
    const { source } = await fromFile('x-key-bin', octets);
    assert.deepEqual(valueOf(await source.read(), 'x-key-bin'), octets);
    const text: MetadataEntry = { name: 'x-key-bin', value: { kind: 'text', text: octets.toString('base64') } };
    assert.deepEqual(valueOf(await new MetadataSource([text], new FakeClock()).read(), 'x-key-bin'), octets);
  });

  it('reads a file again a second after it read it last, and not before', async () => {
    const clock = new FakeClock();
    const { source, path } = await fromFile('authorization', 'one', clock);
    assert.equal(valueOf(await source.read(), 'authorization'), 'one');
    await writeFile(path, 'two');
    await clock.advance(999);
    assert.equal(valueOf(await source.read(), 'authorization'), 'one');
    await clock.advance(1);
    assert.equal(valueOf(await source.read(), 'authorization'), 'two');
    await rm(path);
    await clock.advance(1_000);
    assert.deepEqual(await source.read(), { kind: 'failed', reason: `metadata authorization: ${path} cannot be read (ENOENT)` });
    await writeFile(path, 'three');
    await clock.advance(1_000);
    assert.equal(valueOf(await source.read(), 'authorization'), 'three');
  });

  it('takes a file of the largest size, and refuses a larger one', async () => {
    const { source: largest } = await fromFile('x-key-bin', Buffer.alloc(MAX_METADATA_FILE_BYTES));
    assert.equal(valueOf(await largest.read(), 'x-key-bin')?.length, MAX_METADATA_FILE_BYTES);
    const { source, path } = await fromFile('x-key-bin', Buffer.alloc(MAX_METADATA_FILE_BYTES + 1));
    const reason = `metadata x-key-bin: ${path} is larger than ${MAX_METADATA_FILE_BYTES} octets`;
    assert.deepEqual(await source.read(), { kind: 'failed', reason });
  });

  it('refuses what no header can carry, without telling it', async () => {
    for (const content of ['two\nlines', 'naïve', 'nul\0']) {
      const { source, path } = await fromFile('authorization', content);
      const reason = `metadata authorization: ${path} is no value that gRPC can carry`;
      assert.deepEqual(await source.read(), { kind: 'failed', reason });
    }
  });

  it('refuses a folder', async () => {
    const source = new MetadataSource([{ name: 'authorization', value: { kind: 'file', path: folder } }], new FakeClock());
    assert.deepEqual(await source.read(), {
      kind: 'failed',
      reason: `metadata authorization: ${folder} cannot be read (EISDIR)`,
    });
  });
});
