import { type DestinationStream, type Logger, pino } from 'pino';
import { systemClock } from '../util/clock.ts';
import { pinoPretty } from '../util/late-modules.ts';
import { FileOutput } from './access-log/log-output.ts';
import { LineQueue } from './line-queue.ts';

export interface LoggerOptions {
  /** Least severe level that is written. Default of the configuration: `info`. */
  readonly level: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent';
  /** One JSON object per line, or lines for people. */
  readonly format: 'json' | 'text';
}

/** A logger with its destination: the owner closes it, so that nothing is lost at the end. */
export interface OwnedLogger {
  readonly logger: Logger;
  /** Writes what still waits, for a second at most. Call it last, before the process ends. Never rejects. */
  readonly close: () => Promise<void>;
}

/** Logs to standard error. Parts of the bridge get `logger.child({ component })`. */
export function createLogger(options: LoggerOptions): OwnedLogger {
  // A reader that went away or stopped, and a disk that is full, must neither take the bridge with them nor keep it from ending.
  const lines = new LineQueue(new FileOutput('/dev/stderr'), systemClock);
  const output: DestinationStream = { write: (line) => lines.write(line.replace(UNPRINTABLE, toEscape)) };
  const stream = options.format === 'json' ? output : createTextStream(output);
  return { logger: createLoggerOver(stream, options.level), close: () => lines.close() };
}

/**
 * Control and format characters, line and paragraph separators. Reasons come from servers and names from discovery: none of them may steer
 * the terminal of whoever reads the log. JSON leaves half of these as they are, text most.
 */
const UNPRINTABLE = /[^\P{Cc}\n\t]|[\p{Cf}\p{Zl}\p{Zp}]/gu;

/** As JSON has any character. */
function toEscape(character: string): string {
  const units = Array.from({ length: character.length }, (_, index) => character.charCodeAt(index));
  return units.map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`).join('');
}

/** Loggers of parts that follow a change of the level; there are a dozen. Those beyond keep the level they began with. */
const MAX_CHILDREN = 256;

/** The loggers of the parts, by their root: pino copies the level into each when it is made. */
const CHILDREN = new WeakMap<Logger, Set<Logger>>();

/** The same logger over any stream of lines, for tests. */
export function createLoggerOver(stream: DestinationStream, level: LoggerOptions['level']): Logger {
  const children = new Set<Logger>();
  const onChild = (child: Logger): void => {
    if (children.size < MAX_CHILDREN) {
      children.add(child);
    }
  };
  const root = pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      onChild,
    },
    stream,
  );
  CHILDREN.set(root, children);
  return root;
}

/** Changes the level of a root logger and of all loggers made from it. @param level one of `LoggerOptions.level`. */
export function setLogLevel(root: Logger, level: LoggerOptions['level']): void {
  for (const logger of [root, ...(CHILDREN.get(root) ?? [])]) {
    logger.level = level;
  }
}

function createTextStream(destination: DestinationStream): DestinationStream {
  const format = pinoPretty().prettyFactory({
    colorize: false,
    singleLine: true,
    ignore: 'component',
    translateTime: 'SYS:yyyy-mm-dd HH:MM:ss.l',
  });
  return { write: (line: string) => destination.write(format(line)) };
}
