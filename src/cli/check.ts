import { evaluateOnce } from '../bridge/evaluation.ts';
import { loadMonitorOptions } from '../bridge/monitor-options.ts';
import { loadConfig } from '../config/load.ts';
import { renderAggregateJson, renderAggregateText } from '../http/health-page-text.ts';
import { systemClock } from '../util/clock.ts';
import { systemRandom } from '../util/random.ts';
import { isAlive } from './check-self.ts';
import { followChecks } from './check-watch.ts';
import type { CommandIo } from './command-io.ts';
import type { CheckCommand } from './command-line.ts';
import { ExitCode } from './exit-code.ts';
import { readVersion } from './version.ts';

/**
 * Evaluates the configuration once, prints what a `?verbose` or `?format=json` with full details would say, and returns the exit code. With
 * `--watch` it goes on until a signal.
 */
export async function runCheck(command: CheckCommand, io: CommandIo): Promise<number> {
  const config = loadConfig({ flags: command.flags, environment: io.environment, requireListeners: false });
  if (command.self) {
    const { alive, text } = await isAlive(config);
    (alive ? io.stdout : io.stderr).write(`${text}\n`);
    return alive ? ExitCode.SUCCESS : ExitCode.BAD_CONFIGURATION;
  }
  const options = await loadMonitorOptions(config);
  const deps = { clock: systemClock, random: systemRandom, userAgent: `grpc-health-bridge/${readVersion()}` };
  if (command.watch) {
    return followChecks(options, deps, { io, json: command.json });
  }
  const { verdict, reached } = await evaluateOnce(options, deps);
  io.stdout.write(command.json ? `${renderAggregateJson(verdict)}\n` : renderAggregateText(verdict));
  if (verdict.whole.healthy) {
    return ExitCode.SUCCESS;
  }
  return UNHEALTHY_CODES[reached];
}

/** By how far the furthest check got. */
const UNHEALTHY_CODES = {
  answered: ExitCode.UNHEALTHY,
  connected: ExitCode.NONE_ANSWERED,
  none: ExitCode.NONE_CONNECTED,
} as const;
