import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FILES_POLL_MS, FILES_QUIET_MS, FILES_RESTLESS_MS, FileSetWatch } from '../../../src/bridge/file-set-watch.ts';
import type { WatchedFiles } from '../../../src/discovery/file-watch.ts';
import { FakeClock } from '../../support/fake-clock.ts';

/** Files in memory, whose changes are told when the test says so. */
class Files implements WatchedFiles {
  readonly contents = new Map<string, string>();
  reads = 0;
  #tell: () => void = () => undefined;

  read(path: string): ReturnType<WatchedFiles['read']> {
    this.reads++;
    const content = this.contents.get(path);
    return Promise.resolve(
      content === undefined ? { kind: 'failed', reason: 'no such file' } : { kind: 'content', octets: Buffer.from(content) },
    );
  }

  watch(_path: string, onChange: () => void): ReturnType<WatchedFiles['watch']> {
    this.#tell = onChange;
    return { renew: () => Promise.resolve(), close: () => undefined };
  }

  write(content: string): void {
    this.contents.set('/etc/bridge.yaml', content);
    this.#tell();
  }
}

function start(): { readonly clock: FakeClock; readonly files: Files; readonly seen: string[]; readonly watch: FileSetWatch } {
  const [clock, files] = [new FakeClock(), new Files()];
  const seen: string[] = [];
  const onChange = (): Promise<void> => {
    seen.push(files.contents.get('/etc/bridge.yaml') ?? '');
    return Promise.resolve();
  };
  const watch = new FileSetWatch({ clock, files, onChange });
  files.write('first');
  watch.watch(['/etc/bridge.yaml']);
  return { clock, files, seen, watch };
}

describe('a watch on files', () => {
  it('looks once at the start, and again when they have been at rest for a while', async () => {
    const { clock, files, seen, watch } = start();
    await clock.advance(FILES_QUIET_MS);
    assert.deepEqual(seen, ['first']);
    files.write('ha');
    await clock.advance(FILES_QUIET_MS / 2);
    files.write('half');
    await clock.advance(FILES_QUIET_MS / 2);
    assert.deepEqual(seen, ['first']);
    await clock.advance(FILES_QUIET_MS);
    assert.deepEqual(seen, ['first', 'half']);
    await watch.close();
    assert.equal(clock.pendingTimers, 0);
  });

  it('tells nothing while the content is the same, and finds by itself what nobody told', async () => {
    const { clock, files, seen, watch } = start();
    await clock.advance(FILES_QUIET_MS);
    files.write('first');
    await clock.advance(FILES_QUIET_MS * 3);
    assert.deepEqual([seen, files.reads], [['first'], 2]);
    files.contents.set('/etc/bridge.yaml', 'silent');
    await clock.advance(FILES_POLL_MS + FILES_QUIET_MS);
    assert.deepEqual(seen, ['first', 'silent']);
    await watch.close();
  });

  it('reads files that never come to rest now and then, and no more often', async () => {
    const { clock, files, seen, watch } = start();
    const step = FILES_QUIET_MS / 2;
    const steps = (FILES_RESTLESS_MS * 5) / step;
    for (let index = 0; index < steps; index++) {
      files.write(`version ${index}`);
      await clock.advance(step);
    }
    assert.ok(seen.length >= 3 && seen.length <= 6, String(seen.length));
    await watch.close();
    files.write('after');
    await clock.advance(FILES_POLL_MS);
    assert.ok(!seen.includes('after'));
    assert.equal(clock.pendingTimers, 0);
  });
});
