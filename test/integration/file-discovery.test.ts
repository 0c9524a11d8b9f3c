import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { createDiscovery } from '../../src/discovery/create-discovery.ts';
import { MAX_ENDPOINT_FILE_BYTES, MAX_WATCH_EVENTS, systemFiles } from '../../src/discovery/file-watch.ts';
import { systemClock } from '../../src/util/clock.ts';
import { GrpcBackend } from '../support/peers/grpc-backend.ts';
import { TestBridge } from '../support/test-bridge.ts';

/** Below the time of a poll: what is seen within it was told. Milliseconds. */
const SOON_MS = 4_000;

/** A folder of its own whose `endpoints.yaml` is watched. */
class WatchedFolder implements AsyncDisposable {
  readonly folder: string;
  readonly #controller = new AbortController();
  readonly #events = new EventEmitter<{ update: [] }>();
  #done: Promise<void> = Promise.resolve();
  #last = '';

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async create(): Promise<WatchedFolder> {
    return new WatchedFolder(await mkdtemp(join(tmpdir(), 'bridge-file-')));
  }

  get path(): string {
    return join(this.folder, 'endpoints.yaml');
  }

  watch(): void {
    const source = createDiscovery([{ type: 'file', path: this.path }], { clock: systemClock, random: () => 0 });
    this.#done = source.watch((update) => {
      this.#last = update.kind === 'failed' ? `failed: ${update.reason}` : update.endpoints.map(({ key }) => key).join(' ');
      this.#events.emit('update');
    }, this.#controller.signal);
  }

  async until(wanted: string | RegExp): Promise<void> {
    const signal = AbortSignal.timeout(SOON_MS);
    while (typeof wanted === 'string' ? this.#last !== wanted : !wanted.test(this.#last)) {
      await once(this.#events, 'update', { signal }).catch(() => assert.fail(`still ${this.#last}, not ${wanted}`));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#controller.abort();
    await this.#done;
    await rm(this.folder, { recursive: true });
  }
}

describe('file discovery', () => {
  it('follows writes, replacements and removal', async () => {
    await using files = await WatchedFolder.create();
    await writeFile(files.path, '- 10.0.0.1:1');
    files.watch();
    await files.until('10.0.0.1:1');
    await writeFile(files.path, '- 10.0.0.2:1');
    await files.until('10.0.0.2:1');
    await writeFile(`${files.path}.new`, '["10.0.0.3:1"]');
    await rename(`${files.path}.new`, files.path);
    await files.until('10.0.0.3:1');
    await rm(files.path);
    await files.until(/no such file$/);
    await writeFile(files.path, '- 10.0.0.4:1');
    await files.until('10.0.0.4:1');
  });

  it('follows the link that Kubernetes swaps', async () => {
    await using files = await WatchedFolder.create();
    for (const version of ['1', '2']) {
      await mkdir(join(files.folder, `..${version}`));
      await writeFile(join(files.folder, `..${version}`, 'endpoints.yaml'), `- 10.0.0.${version}:1`);
    }
    await symlink('..1', join(files.folder, '..data'));
    await symlink('..data/endpoints.yaml', files.path);
    files.watch();
    await files.until('10.0.0.1:1');
    for (const version of ['2', '1', '2']) {
      await symlink(`..${version}`, join(files.folder, '..data_tmp'));
      await rename(join(files.folder, '..data_tmp'), join(files.folder, '..data'));
      await files.until(`10.0.0.${version}:1`);
    }
  });

  it('reads a file of the greatest size, and no larger one, and nothing but files', async () => {
    await using files = await WatchedFolder.create();
    await writeFile(files.path, Buffer.alloc(MAX_ENDPOINT_FILE_BYTES, 0x20));
    assert.equal((await systemFiles.read(files.path)).kind, 'content');
    await writeFile(files.path, Buffer.alloc(MAX_ENDPOINT_FILE_BYTES + 1, 0x20));
    assert.deepEqual(await systemFiles.read(files.path), {
      kind: 'failed',
      reason: `is larger than ${MAX_ENDPOINT_FILE_BYTES} octets`,
    });
    assert.deepEqual(await systemFiles.read(files.folder), { kind: 'failed', reason: 'is no file' });
  });

  it('is told of no more than 64 events in a folder where others write all the time, until it renews its watch', async () => {
    await using files = await WatchedFolder.create();
    const other = join(files.folder, 'a.log');
    const counter = { told: 0 };
    const events = new EventEmitter<{ told: [] }>();
    const watch = systemFiles.watch(files.path, () => {
      counter.told++;
      events.emit('told');
    });
    const signal = AbortSignal.timeout(SOON_MS);
    while (counter.told < MAX_WATCH_EVENTS) {
      // The first is the beginning of the watch; each write is an event or more.
      const next = once(events, 'told', { signal });
      await writeFile(other, `line ${counter.told}`);
      await next;
    }
    for (let line = 0; line < 100; line++) {
      await writeFile(other, `another ${line}`);
    }
    assert.ok(counter.told <= MAX_WATCH_EVENTS + 1, `told ${counter.told} times`);
    const again = once(events, 'told', { signal });
    await watch.renew();
    await again;
    watch.close();
  });

  it('makes a cluster of the bridge, and shows a bad file without losing endpoints', async () => {
    await using files = await WatchedFolder.create();
    await using backend = await GrpcBackend.start({ services: { '': 'SERVING' } });
    await writeFile(files.path, `- ${backend.key}`);
    await using bridge = await TestBridge.start({
      clusters: [{ name: 'app', discovery: { type: 'file', path: files.path }, healthCheck: { interval: '100ms' } }],
    });
    await bridge.untilHealthy(true);
    await writeFile(files.path, '- nonsense');
    await bridge.untilLogged('discovery failed', (line) => String(line['reason']).includes('line 1: nonsense has no port'));
    assert.equal((await bridge.get('/')).status, 200);
    await writeFile(files.path, '[]');
    await bridge.untilHealthy(false);
  });
});
