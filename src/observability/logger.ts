import { type DestinationStream, type Logger, pino } from 'pino';
import { pinoPretty } from '../util/late-modules.ts';

export interface LoggerOptions {
  /** Least severe level that is written. Default of the configuration: `info`. */
  readonly level: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent';
  /** One JSON object per line, or lines for people. */
  readonly format: 'json' | 'text';
}

/** A logger with its destination: the owner closes it, so that nothing is lost at the end. */
export interface OwnedLogger {
  readonly logger: Logger;
  /** Writes what is still buffered, blocking. Call it last, before the process ends. */
  readonly close: () => void;
}

/** Octets that may wait for a reader of standard error that has stopped reading; lines beyond are dropped, as logs never block. */
const MAX_BUFFERED_BYTES = 1_048_576;
const STANDARD_ERROR = 2;

/** Logs to standard error. Parts of the bridge get `logger.child({ component })`. */
export function createLogger(options: LoggerOptions): OwnedLogger {
  const destination = pino.destination({ dest: STANDARD_ERROR, sync: false, maxLength: MAX_BUFFERED_BYTES });
  // A reader that went away must not take the bridge with it.
  destination.on('error', () => undefined);
  const stream: DestinationStream = options.format === 'json' ? destination : createTextStream(destination);
  const close = (): void => {
    try {
      destination.flushSync();
    } catch {
      // Standard error is not writable: there is nowhere left to say so.
    }
  };
  return { logger: createLoggerOver(stream, options.level), close };
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
