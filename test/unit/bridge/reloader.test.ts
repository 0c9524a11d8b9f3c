import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import { Reloader } from '../../../src/bridge/reloader.ts';
import type { Config } from '../../../src/config/load.ts';
import { resolveConfig } from '../../../src/config/resolve.ts';
import { createLoggerOver } from '../../../src/observability/logger.ts';

function config(port: number): Config {
  const clusters = [{ name: 'app', discovery: { type: 'static', endpoints: ['127.0.0.1:1'] } }];
  return resolveConfig({ listeners: [{ address: `127.0.0.1:${port}` }], clusters });
}

const portsOf = ({ listeners }: Config): readonly unknown[] =>
  listeners.map(({ address }) => address.kind === 'tcp' && address.port);

/** A reloader over a configuration with port 1. What it applies comes into force when a test lets it. */
class Bench {
  readonly reloader: Reloader;
  /** The ports of what was loaded, and of what was applied. */
  readonly loaded: number[] = [];
  readonly applied: unknown[] = [];
  readonly lines: string[] = [];
  readonly #began = new EventTarget();
  #release: (() => void) | null = null;

  constructor() {
    const current = config(1);
    this.reloader = new Reloader({
      logger: createLoggerOver({ write: (line) => this.lines.push(line) }, 'info'),
      current: () => current,
      apply: (next) => {
        const { promise, resolve } = Promise.withResolvers<void>();
        this.applied.push(...portsOf(next));
        this.#release = resolve;
        this.#began.dispatchEvent(new Event('began'));
        return promise;
      },
      onResult: () => undefined,
    });
  }

  reload(port: number): Promise<void> {
    return this.reloader.reload(() => {
      this.loaded.push(port);
      return config(port);
    });
  }

  /** Resolves when the next one is being applied. */
  async begun(): Promise<void> {
    await once(this.#began, 'began', { signal: AbortSignal.timeout(5_000) });
  }

  release(): void {
    this.#release?.();
  }
}

describe('Reloader', () => {
  it('brings one configuration after the other into force, and of those that wait the newest', async () => {
    const bench = new Bench();
    const first = bench.reload(2);
    await bench.begun();
    const others = [bench.reload(3), bench.reload(4), bench.reloader.renew()];
    assert.deepEqual(bench.applied, [2]);
    for (const next of [
      [2, 4],
      [2, 4, 1],
    ]) {
      bench.release();
      await bench.begun();
      assert.deepEqual(bench.applied, next);
    }
    bench.release();
    await Promise.all([first, ...others]);
    assert.deepEqual(bench.loaded, [2, 4]);
  });

  it('begins nothing more once it is closed, and waits for what is under way', async () => {
    const bench = new Bench();
    const all = [bench.reload(2)];
    await bench.begun();
    all.push(bench.reload(3), bench.reloader.renew());
    let isClosed = false;
    const close = async (): Promise<void> => {
      await bench.reloader.close();
      isClosed = true;
    };
    const closed = close();
    await Promise.resolve();
    assert.equal(isClosed, false);
    bench.release();
    await Promise.all([...all, closed]);
    await Promise.all([bench.reload(4), bench.reloader.renew()]);
    assert.deepEqual([bench.loaded, bench.applied], [[2], [2]]);
    assert.equal(bench.lines.length, 1);
  });
});
