import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { describe, it } from 'node:test';
import { createLoggerOver, setLogLevel } from '../../../src/observability/logger.ts';

const LOGGER = new URL('../../../src/observability/logger.ts', import.meta.url).href;

interface ChildEnd {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

interface ChildOptions {
  /** A descriptor in place of the pipe that is read. */
  readonly stderr?: number;
  /** How often the line is logged; default once. */
  readonly times?: number;
  readonly reason?: string;
}

function logInChild(format: 'json' | 'text', { stderr, times = 1, reason }: ChildOptions = {}): ChildEnd {
  const fields = { cluster: 'router', toState: 'unhealthy', ...(reason === undefined ? {} : { reason, err: { stack: reason } }) };
  const script = `
    const { createLogger } = await import(${JSON.stringify(LOGGER)});
    const owned = createLogger({ level: 'info', format: ${JSON.stringify(format)} });
    for (let count = 0; count < ${times}; count++) {
      owned.logger.child({ component: 'health' }).info(${JSON.stringify(fields)}, 'endpoint state changed');
    }
    await owned.close();
    process.exit(0);`;
  return spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    encoding: 'utf8',
    timeout: 10_000,
    stdio: ['ignore', 'pipe', stderr ?? 'pipe'],
  });
}

describe('createLogger', () => {
  it('writes one JSON object per line to standard error, complete even when the process exits at once', () => {
    const { stdout, stderr } = logInChild('json');
    const line: unknown = JSON.parse(stderr);
    assert.equal(stdout, '');
    assert.partialDeepStrictEqual(line, {
      level: 'info',
      component: 'health',
      cluster: 'router',
      toState: 'unhealthy',
      msg: 'endpoint state changed',
    });
  });

  it('writes lines for people as text', () => {
    const { stderr } = logInChild('text');
    assert.match(stderr, /^\[[\d-]+ [\d:.]+\] INFO: endpoint state changed \{"cluster":"router","toState":"unhealthy"\}\n$/);
  });

  for (const format of ['json', 'text'] as const) {
    it(`lets nothing that is told steer a terminal, as ${format}`, () => {
      const reason = 'a\u001b[2Jb\u009b31mc\u007fd\u2028e\u202ef\r\u{e0041}ü';
      const { stderr } = logInChild(format, { reason });
      assert.doesNotMatch(stderr, /[^\P{C}\n]|[\p{Zl}\p{Zp}]/u);
      assert.ok(stderr.includes('a\\u001b[2Jb\\u009b31mc\\u007fd\\u2028e\\u202ef'), stderr);
      if (format === 'json') {
        assert.partialDeepStrictEqual(JSON.parse(stderr), { reason });
      }
    });
  }

  it('lets the process end when standard error is a full disk', () => {
    const full = openSync('/dev/full', 'a');
    const { status } = logInChild('json', { stderr: full, times: 2 });
    closeSync(full);
    assert.equal(status, 0);
  });

  it('leaves out what is below the level', () => {
    const lines: string[] = [];
    const logger = createLoggerOver({ write: (line) => lines.push(line) }, 'warn');
    logger.info('quiet');
    logger.warn('loud');
    assert.equal(lines.length, 1);
  });

  it('changes the level of every part that was made from it', () => {
    const lines: string[] = [];
    const logger = createLoggerOver({ write: (line) => lines.push(line) }, 'info');
    const part = logger.child({ component: 'health' });
    const partOfPart = part.child({ cluster: 'a' });
    const say = (): number => {
      lines.length = 0;
      for (const each of [logger, part, partOfPart]) {
        each.debug('detail');
      }
      return lines.length;
    };
    const before = say();
    setLogLevel(logger, 'debug');
    const during = say();
    setLogLevel(logger, 'info');
    assert.deepEqual([before, during, say()], [0, 3, 0]);
  });
});
