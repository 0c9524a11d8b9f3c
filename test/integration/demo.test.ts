import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { after, before, describe, it } from 'node:test';
import type { StopSignal } from '../../src/cli/command-io.ts';
import { runDemo } from '../../src/cli/demo/demo.ts';
import { DemoClient } from '../support/demo-client.ts';

const DEADLINE_MS = 10_000;
/** Calls for each backend. */
const ROUNDS = 10;
const ANY_PORTS = { plain: 0, tls: 0, admin: 0, control: 0 };

/** The quickstart in the process of the test, on free ports, known by the text that it prints. */
class Demo {
  text = '';
  readonly #signals = new EventEmitter();
  readonly #printed = new EventEmitter();
  #ended: Promise<number> | null = null;

  async start(): Promise<void> {
    const printed = once(this.#printed, 'text', { signal: AbortSignal.timeout(DEADLINE_MS) });
    this.#ended = runDemo(
      {
        argv: [],
        environment: {},
        stdout: { write: (text) => this.#print(text) },
        stderr: { write: () => true },
        signals: this.#signals,
      },
      { ports: ANY_PORTS, logLevel: 'silent', accessLogFile: '/dev/null' },
    );
    await Promise.race([printed, this.#ended]);
  }

  /** What the group of `pattern` matches in the text. */
  find(pattern: RegExp): string {
    const found = pattern.exec(this.text)?.[1];
    assert.ok(found !== undefined, `${pattern} in:\n${this.text}`);
    return found;
  }

  get plain(): string {
    return this.find(/http:\/\/(\S+)\/healthz/);
  }

  get tls(): string {
    return this.find(/https:\/\/(\S+)\//);
  }

  /** Turns one backend, by its number, or all. */
  async turn(which: string, word: 'fail' | 'ok'): Promise<void> {
    const control = this.find(/POST http:\/\/(\S+)\/backends\/1\/fail/);
    const { status } = await fetch(`http://${control}/backends/${which}/${word}`, { method: 'POST' });
    assert.equal(status, 200);
  }

  /** Resolves once so many backends are healthy. */
  async untilHealthy(count: number): Promise<void> {
    const signal = AbortSignal.timeout(DEADLINE_MS);
    let healthy = -1;
    while (healthy !== count) {
      const response = await fetch(`http://${this.plain}/healthz?verbose`, { signal });
      healthy = (await response.text()).match(/^ +\[\+\]127\.0\.0\.1:\d+ ok$/gm)?.length ?? 0;
    }
  }

  async stop(): Promise<number | null> {
    this.#signals.emit('SIGTERM', 'SIGTERM' satisfies StopSignal);
    return await this.#ended;
  }

  #print(text: string): void {
    this.text += text;
    this.#printed.emit('text');
  }
}

/** Resolves once each of these has answered, and so has its connection. */
async function untilAnswered(client: DemoClient, backends: readonly string[]): Promise<void> {
  const missing = new Set(backends);
  while (missing.size > 0) {
    missing.delete((await client.say('')).backend);
  }
}

/** These backends, and no others, answer equally often. */
async function assertEvenSpread(client: DemoClient, numbers: readonly number[]): Promise<void> {
  const backends = numbers.map((number) => `backend ${number}`);
  await untilAnswered(client, backends);
  const counts = new Map<string, number>();
  for (let call = 0; call < backends.length * ROUNDS; call++) {
    const { text, backend } = await client.say(`hello ${call}`);
    assert.equal(text, `hello ${call}`);
    counts.set(backend, (counts.get(backend) ?? 0) + 1);
  }
  assert.deepEqual(Object.fromEntries(counts), Object.fromEntries(backends.map((backend) => [backend, ROUNDS])));
}

describe('the demo', { timeout: 30_000 }, () => {
  const demo = new Demo();

  before(() => demo.start());
  after(async () => {
    assert.equal(await demo.stop(), 0);
  });

  for (const security of ['plain', 'tls'] as const) {
    it(`spreads the calls of one connection evenly over its backends: ${security}`, async () => {
      await demo.untilHealthy(3);
      using client = new DemoClient(demo[security], security);
      await assertEvenSpread(client, [1, 2, 3]);
    });

    it(`answers every message of a stream, all by one backend: ${security}`, async () => {
      await demo.untilHealthy(3);
      using client = new DemoClient(demo[security], security);
      const replies = await client.chat(['one', 'two', 'three']);
      assert.deepEqual(
        replies.map(({ text }) => text),
        ['one', 'two', 'three'],
      );
      assert.equal(new Set(replies.map(({ backend }) => backend)).size, 1);
    });
  }

  it('keeps calls away from a backend that fails, and returns to it', async () => {
    await demo.untilHealthy(3);
    using client = new DemoClient(demo.plain, 'plain');
    await demo.turn('2', 'fail');
    await demo.untilHealthy(2);
    await assertEvenSpread(client, [1, 3]);
    await demo.turn('2', 'ok');
    await demo.untilHealthy(3);
    await assertEvenSpread(client, [1, 2, 3]);
  });

  it('refuses calls while all backends fail, and says why', async () => {
    using client = new DemoClient(demo.plain, 'plain');
    await demo.turn('all', 'fail');
    await demo.untilHealthy(0);
    await assert.rejects(client.say('hello'), { code: 14, details: 'no healthy upstream' });
    await demo.turn('all', 'ok');
    await demo.untilHealthy(3);
    assert.equal((await client.say('hello')).text, 'hello');
  });

  it('answers health URLs on the ports that it forwards on', async () => {
    await demo.untilHealthy(3);
    for (const path of ['/', '/healthz', '/livez', '/readyz', '/startupz']) {
      assert.equal((await fetch(`http://${demo.plain}${path}`)).status, 200, path);
    }
    assert.equal((await fetch(`http://${demo.plain}/demo.Echo/Say`)).headers.get('x-health-bridge-error'), 'wrong_protocol');
    assert.equal((await fetch(`http://${demo.plain}/demo.Echo`)).status, 404);
  });

  it('turns backends by POST alone, and only those that there are', async () => {
    const control = demo.find(/POST (http:\/\/\S+)\/backends\/1\/fail/);
    for (const [path, method, expected] of [
      ['/backends/1/fail', 'GET', 405],
      ['/backends/4/fail', 'POST', 404],
      ['/backends/0/fail', 'POST', 404],
      ['/backends/1/stop', 'POST', 404],
    ] as const) {
      assert.equal((await fetch(control + path, { method })).status, expected, path);
    }
    await demo.untilHealthy(3);
  });

  it('knows no methods but those of its route', async () => {
    using client = new DemoClient(demo.plain, 'plain');
    await assert.rejects(client.call('/demo.Other/Say'), { code: 12, details: 'unknown method' });
    await assert.rejects(client.call('/demo.Echo/Shout'), { code: 12, details: /does not implement/ });
  });
});
