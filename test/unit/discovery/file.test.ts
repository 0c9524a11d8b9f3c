import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Discovery } from '../../../src/discovery/discovery.ts';
import { FILE_POLL_MS, FILE_SETTLE_MS, FileDiscovery } from '../../../src/discovery/file.ts';
import type { FileContent, WatchedFiles } from '../../../src/discovery/file-watch.ts';
import { StaticDiscovery } from '../../../src/discovery/static.ts';
import type { DiscoveryUpdate } from '../../../src/model/discovery-update.ts';
import { createEndpoint } from '../../../src/model/endpoint.ts';
import { describeDiscovery } from '../../support/contracts/discovery.ts';
import { FakeClock } from '../../support/fake-clock.ts';

/** One file in memory, whose changes are told only when the test says so. */
class MemoryFile implements WatchedFiles {
  content: FileContent = { kind: 'failed', reason: 'no such file' };
  reads = 0;
  watches = 0;
  #onChange: () => void = () => undefined;

  constructor(text = '[]') {
    this.set(text);
  }

  set(text: string): void {
    this.content = { kind: 'content', octets: Buffer.from(text) };
  }

  tell(): void {
    this.#onChange();
  }

  read(): Promise<FileContent> {
    this.reads += 1;
    return Promise.resolve(this.content);
  }

  watch(_path: string, onChange: () => void): { renew: () => Promise<void>; close: () => void } {
    this.#onChange = onChange;
    this.watches += 1;
    return { renew: () => Promise.resolve(), close: () => (this.watches -= 1) };
  }
}

/** Looks nothing up: says what it is told, and remembers whether it still runs. */
class ScriptedName implements Discovery {
  running = true;
  say: (update: DiscoveryUpdate) => void = () => undefined;

  watch(onUpdate: (update: DiscoveryUpdate) => void, signal: AbortSignal): Promise<void> {
    this.say = onUpdate;
    return new Promise((resolve) => {
      signal.addEventListener('abort', () => {
        this.running = false;
        resolve();
      });
    });
  }

  find(key: string): void {
    this.say({ kind: 'endpoints', endpoints: [createEndpoint({ kind: 'tcp', host: key, port: 1 }, 'app')] });
  }
}

function watchFile(file: MemoryFile): {
  clock: FakeClock;
  words: string[];
  names: Map<string, ScriptedName>;
  stop: () => Promise<void>;
} {
  const clock = new FakeClock();
  const names = new Map<string, ScriptedName>();
  const words: string[] = [];
  const controller = new AbortController();
  const createNamed = (host: string, port: number): Discovery => {
    const name = new ScriptedName();
    names.set(`${host}:${port}`, name);
    return name;
  };
  const done = new FileDiscovery({ path: '/e.yaml' }, { clock, files: file, createNamed }).watch(
    (update) => words.push(wordsOf(update)),
    controller.signal,
  );
  const stop = (): Promise<void> => {
    controller.abort();
    return done;
  };
  return { clock, words, names, stop };
}

/** The endpoints of an update; before them, where it is one, the failure that brings them. */
function wordsOf(update: DiscoveryUpdate): string {
  const keys = update.endpoints?.map(({ key }) => key).join(' ') ?? 'as before';
  return update.kind === 'failed' ? `failed: ${update.reason}; ${keys}` : keys;
}

describeDiscovery(
  'a file',
  (clock) =>
    new FileDiscovery(
      { path: '/e.yaml' },
      { clock, files: new MemoryFile('["10.0.0.1:1"]'), createNamed: () => new StaticDiscovery([]) },
    ),
);

describe('FileDiscovery', () => {
  it('reads a change soon after it was told, and one that was not told at the next poll', async () => {
    const file = new MemoryFile('["10.0.0.1:1"]');
    const { clock, words, stop } = watchFile(file);
    await clock.advance(0);
    file.set('["10.0.0.2:1"]');
    file.tell();
    await clock.advance(FILE_SETTLE_MS);
    assert.deepEqual(words, ['10.0.0.1:1', '10.0.0.2:1']);
    file.set('["10.0.0.3:1"]');
    await clock.advance(FILE_POLL_MS - 1);
    assert.equal(words.length, 2);
    await clock.advance(1);
    assert.equal(words.at(-1), '10.0.0.3:1');
    await stop();
    assert.equal(file.watches, 0);
  });

  it('reads a burst of changes once', async () => {
    const file = new MemoryFile();
    const { clock, stop } = watchFile(file);
    await clock.advance(0);
    for (let index = 0; index < 100; index += 1) {
      file.tell();
    }
    await clock.advance(FILE_SETTLE_MS);
    assert.equal(file.reads, 2);
    await stop();
  });

  it('keeps the last endpoints while the file is bad or gone, and says why', async () => {
    const file = new MemoryFile('- 10.0.0.1:1');
    const { clock, words, stop } = watchFile(file);
    await clock.advance(0);
    file.set('- 10.0.0.1:1\n- 10.0.0.2');
    await clock.advance(FILE_POLL_MS);
    // One word and no more: endpoints told as a success would say that the file is well.
    assert.deepEqual(words, ['10.0.0.1:1', 'failed: file /e.yaml: line 2: 10.0.0.2 has no port: write host:port; 10.0.0.1:1']);
    file.content = { kind: 'failed', reason: 'no such file' };
    await clock.advance(FILE_POLL_MS);
    assert.equal(words.at(-1), 'failed: file /e.yaml: no such file; 10.0.0.1:1');
    file.set('- 10.0.0.1:1');
    await clock.advance(FILE_POLL_MS);
    assert.equal(words.at(-1), '10.0.0.1:1');
    await stop();
  });

  it('tells a failure alone where nothing was ever read', async () => {
    const { clock, words, stop } = watchFile(new MemoryFile(''));
    await clock.advance(0);
    assert.deepEqual(words, ['failed: file /e.yaml: is empty: a list without endpoints is []; as before']);
    await stop();
  });

  it('waits for the first word about each name, and keeps the names that stay', async () => {
    const file = new MemoryFile('["10.0.0.1:1", "app:1"]');
    const { clock, words, names, stop } = watchFile(file);
    await clock.advance(0);
    assert.deepEqual(words, []);
    const app = names.get('app:1');
    app?.find('10.0.0.2');
    assert.deepEqual(words, ['10.0.0.1:1 10.0.0.2:1']);
    file.set('["app:1", "other:1"]');
    await clock.advance(FILE_POLL_MS);
    names.get('other:1')?.say({ kind: 'failed', reason: 'SERVFAIL' });
    assert.equal(names.get('app:1'), app);
    assert.equal(words.at(-1), 'failed: SERVFAIL; 10.0.0.2:1');
    file.set('[]');
    await clock.advance(FILE_POLL_MS);
    assert.deepEqual([app?.running, names.get('other:1')?.running, words.at(-1)], [false, false, '']);
    await stop();
  });

  it('ends at once while a file on a dead drive is being read', async () => {
    const file = new MemoryFile();
    file.read = () => new Promise(() => undefined);
    const { clock, stop } = watchFile(file);
    await clock.advance(0);
    await stop();
    assert.equal(clock.pendingTimers, 0);
  });
});
