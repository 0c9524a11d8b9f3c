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

/** @param stderr a descriptor in place of the pipe that is read; `times` the line is logged. */
function logInChild(format: 'json' | 'text', stderr: number | 'pipe' = 'pipe', times = 1): ChildEnd {
  const script = `
    const { createLogger } = await import(${JSON.stringify(LOGGER)});
    const owned = createLogger({ level: 'info', format: ${JSON.stringify(format)} });
    for (let count = 0; count < ${times}; count++) {
      owned.logger.child({ component: 'health' }).info({ cluster: 'router', toState: 'unhealthy' }, 'endpoint state changed');
    }
    await owned.close();
    process.exit(0);`;
  return spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    encoding: 'utf8',
    timeout: 10_000,
    stdio: ['ignore', 'pipe', stderr],
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

  it('lets the process end when standard error is a full disk', () => {
    const full = openSync('/dev/full', 'a');
    const { status } = logInChild('json', full, 2);
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
