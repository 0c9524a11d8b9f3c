import type { Logger } from 'pino';
import type { Config } from '../config/load.ts';
import { BridgeError, ConfigError, ErrorCode, formatProblem, toError } from '../errors.ts';
import type { OnBadFiles } from './listener-set.ts';
import { toLiveConfig } from './live-config.ts';

export interface ReloaderDeps {
  readonly logger: Logger;
  /** The configuration in force. */
  readonly current: () => Config;
  /** Puts a configuration in force, its files read anew. Rejects having changed nothing. `onBadFiles`: see ListenerSet. */
  readonly apply: (config: Config, onBadFiles?: OnBadFiles) => Promise<void>;
  /** Whether the last configuration that was loaded is in force. */
  readonly onResult: (success: boolean) => void;
}

/** Reads a configuration; throws a ConfigError with all that is wrong with it. */
export type LoadNext = () => Config;

/**
 * Brings other configurations into force, one after the other. Whatever is wrong with one is logged, and the one before stays. At most one
 * waits: the newest.
 */
export class Reloader {
  readonly #deps: ReloaderDeps;
  #running: Promise<void> | null = null;
  #next: LoadNext | null = null;
  #isRenewal = false;
  #closed = false;
  /** Whether the last word in the log is that a configuration was refused. */
  #isRefused = false;

  constructor(deps: ReloaderDeps) {
    this.#deps = deps;
  }

  /** Loads when its turn comes. Resolves when it, or one that came later, is in force or refused; never rejects. */
  reload(load: LoadNext): Promise<void> {
    this.#next = load;
    return this.#run();
  }

  /** Reads certificates, keys and authorities of the configuration in force anew. Those that cannot be used leave the old ones in force. */
  renew(): Promise<void> {
    this.#isRenewal = true;
    return this.#run();
  }

  /** Begins nothing more; resolves when what is under way has ended. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#running;
  }

  #run(): Promise<void> {
    this.#running ??= this.#work();
    return this.#running;
  }

  async #work(): Promise<void> {
    // Whoever asks has the promise before it can end.
    await Promise.resolve();
    while (!this.#closed && (this.#next !== null || this.#isRenewal)) {
      const load = this.#next;
      this.#next = null;
      if (load === null) {
        this.#isRenewal = false;
        await this.#renew();
      } else {
        await this.#reload(load);
      }
    }
    // In the same turn as the last look at what waits, so that nothing is left waiting.
    this.#running = null;
  }

  async #reload(load: LoadNext): Promise<void> {
    const { logger, current, apply, onResult } = this.#deps;
    try {
      const { config, held, changed } = toLiveConfig(current(), load());
      await apply(config);
      onResult(true);
      if (changed.length > 0) {
        logger.info({ sections: changed }, 'configuration reloaded');
      } else {
        // After a refusal everybody who reads the log must see that it is over.
        logger[this.#isRefused ? 'info' : 'debug']('configuration read again, nothing changed');
      }
      this.#isRefused = false;
      if (held.length > 0) {
        logger.warn({ keys: held }, 'configuration keys changed that need a restart');
      }
    } catch (thrown) {
      onResult(false);
      this.#isRefused = true;
      logger.error({ problems: describeProblems(thrown) }, 'configuration refused, the one before stays in force');
    }
  }

  async #renew(): Promise<void> {
    const { logger, current, apply } = this.#deps;
    const refuse = (thrown: unknown): void =>
      logger.error({ problems: describeProblems(thrown) }, 'certificate refused, the one before stays in force');
    try {
      await apply(current(), refuse);
    } catch (thrown) {
      // What an end cuts off says nothing of the files.
      if (!this.#closed) {
        refuse(thrown);
      }
    }
  }
}

/** The lines that `validate` would print; of a defect of ours, its stack. */
function describeProblems(thrown: unknown): readonly string[] {
  if (thrown instanceof ConfigError) {
    return thrown.problems.map(formatProblem);
  }
  const error = toError(thrown);
  return [error instanceof BridgeError && error.code !== ErrorCode.INTERNAL ? error.message : (error.stack ?? error.message)];
}
