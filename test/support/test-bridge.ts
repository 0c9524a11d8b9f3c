import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { Bridge } from '../../src/bridge.ts';
import { resolveConfig } from '../../src/config/resolve.ts';
import { createLoggerOver } from '../../src/observability/logger.ts';
import { systemClock } from '../../src/util/clock.ts';
import { seededRandom } from './seeded-random.ts';

/** A configuration in the words of its file; listeners and admin take free ports unless given. */
export type RawConfig = Readonly<Record<string, unknown>>;

/** One log line. */
export type LogLine = Readonly<Record<string, unknown>>;

export interface TestAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
}

const DEADLINE_MS = 5_000;
const PLAIN = { name: 'plain', address: '127.0.0.1:0' };

/** A cluster with checks that are quick enough for tests; `auto` unless said otherwise. */
export function quickCluster(name: string, endpoints: readonly string[], healthCheck: RawConfig = {}): RawConfig {
  return {
    name,
    discovery: { type: 'static', endpoints },
    healthCheck: { interval: '100ms', intervalJitter: '0s', ...healthCheck },
  };
}

/** A whole bridge in the process of the test, with its log lines kept. */
export class TestBridge implements AsyncDisposable {
  readonly bridge: Bridge;
  readonly #lines: LogLine[];
  readonly #events: EventEmitter<{ line: [] }>;
  /** Whether lines of level error are no failure of the test: it causes some. */
  expectsErrors = false;

  /** Does not start it yet. */
  static create(config: RawConfig): TestBridge {
    const lines: LogLine[] = [];
    const events = new EventEmitter<{ line: [] }>();
    const write = (line: string): void => {
      lines.push(JSON.parse(line));
      events.emit('line');
    };
    const bridge = new Bridge(resolveConfig(withDefaults(config)), {
      logger: createLoggerOver({ write }, 'debug'),
      clock: systemClock,
      random: seededRandom(1),
      version: '0.0.0-test',
    });
    return new TestBridge(bridge, lines, events);
  }

  static async start(config: RawConfig): Promise<TestBridge> {
    const created = TestBridge.create(config);
    try {
      await created.bridge.start();
    } catch (error) {
      await created.bridge.close();
      throw error;
    }
    return created;
  }

  private constructor(bridge: Bridge, lines: LogLine[], events: EventEmitter<{ line: [] }>) {
    this.bridge = bridge;
    this.#lines = lines;
    this.#events = events;
  }

  /** Resolves when the configuration is in force, or refused. */
  reload(config: RawConfig): Promise<void> {
    return this.bridge.reload(() => resolveConfig(withDefaults(config)));
  }

  /** Every log line since the start. */
  get lines(): readonly LogLine[] {
    return this.#lines;
  }

  /** Drops the log lines so far, where a test measures memory. */
  forgetLines(): void {
    this.#lines.length = 0;
  }

  /** Without a slash at its end. */
  url(listener = 'plain'): string {
    const address = this.bridge.addresses.get(listener);
    assert.ok(address?.kind === 'tcp', listener);
    return `http://127.0.0.1:${address.port}`;
  }

  async get(
    path: string,
    { listener = 'plain', ...init }: RequestInit & { readonly listener?: string } = {},
  ): Promise<TestAnswer> {
    const response = await fetch(this.url(listener) + path, { signal: AbortSignal.timeout(DEADLINE_MS), ...init });
    return { status: response.status, headers: response.headers, body: await response.text() };
  }

  /** Resolves with the first log line of this message, also one from before. */
  async untilLogged(message: string, more: (line: LogLine) => boolean = () => true): Promise<LogLine> {
    const deadline = AbortSignal.timeout(DEADLINE_MS);
    for (;;) {
      const line = this.lines.find((each) => each['msg'] === message && more(each));
      if (line !== undefined) {
        return line;
      }
      await once(this.#events, 'line', { signal: deadline }).catch(() => {
        throw new Error(`not logged: ${message}\n${this.lines.map((each) => JSON.stringify(each)).join('\n')}`);
      });
    }
  }

  /** Resolves once the aggregate has become healthy, or unhealthy. */
  async untilHealthy(healthy: boolean): Promise<void> {
    await this.untilLogged('health answer changed', (line) => line['healthy'] === healthy);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.bridge.close();
    assert.deepEqual(
      this.lines.filter(({ level }) => (level === 'error' && !this.expectsErrors) || level === 'fatal'),
      [],
    );
  }
}

function withDefaults(config: RawConfig): RawConfig {
  return { listeners: [PLAIN], admin: { address: '127.0.0.1:0' }, ...config };
}
