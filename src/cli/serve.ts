import { constants } from 'node:os';
import type { LoadNext } from '../bridge/reloader.ts';
import { Bridge } from '../bridge.ts';
import { type Config, configPathOf, loadConfig } from '../config/load.ts';
import { formatAddress } from '../model/address.ts';
import { createLogger } from '../observability/logger.ts';
import { systemClock } from '../util/clock.ts';
import { systemRandom } from '../util/random.ts';
import type { CommandIo, SignalSource, StopSignal } from './command-io.ts';
import type { ServeCommand } from './command-line.ts';
import { ConfigReload } from './config-reload.ts';
import { ExitCode, SIGNAL_EXIT_BASE } from './exit-code.ts';
import { readVersion } from './version.ts';

/** Runs the bridge until a signal: the first drains, a second ends the process at once. */
export function runServe(command: ServeCommand, io: CommandIo): Promise<number> {
  const options = { flags: command.flags, environment: io.environment };
  return serve(loadConfig(options), io, { load: () => loadConfig(options), path: configPathOf(options) });
}

export interface ServeOptions {
  /** Reads the configuration again, for SIGHUP. Default: there is nothing to read again. */
  readonly load?: LoadNext;
  /** The file that it comes from, which is watched as `reload.watch` says; default none. */
  readonly path?: string | null;
  /** Called once every address is bound. */
  readonly onListening?: (bridge: Bridge) => void;
}

/** Runs a bridge until it is stopped; returns the exit code. */
export async function serve(
  config: Config,
  io: CommandIo,
  { load = () => config, path = null, onListening }: ServeOptions = {},
): Promise<number> {
  const format = config.logging.format ?? (io.stderr.isTTY === true ? 'text' : 'json');
  const { logger, close } = createLogger({ level: config.logging.level, format });
  const bridge = new Bridge(config, { logger, clock: systemClock, random: systemRandom, version: readVersion() });
  // Before the start, as the first process of a container is never ended by a signal that it does not listen for.
  const signals = new StopSignals(io.signals);
  // Listened for without an access log as well: to a process that does not, the signal opens a port for debuggers.
  const onLogsMoved = (): void => bridge.reopenLogs();
  io.signals.on('SIGUSR1', onLogsMoved);
  try {
    await bridge.start();
    const addresses = Object.fromEntries([...bridge.addresses].map(([name, address]) => [name, formatAddress(address)]));
    logger.info({ addresses }, 'listening');
    onListening?.(bridge);
    const watched = config.reload.watch ? path : null;
    const reloads = new ConfigReload({ bridge, signals: io.signals, load, watched });
    try {
      return await untilStopped(bridge, signals);
    } finally {
      await reloads.close();
    }
  } finally {
    signals.close();
    await bridge.close();
    io.signals.off('SIGUSR1', onLogsMoved);
    await close();
  }
}

/** Resolves with the exit code: 0 after a complete drain, 128 + n when a second signal cut it short. */
async function untilStopped(bridge: Bridge, signals: StopSignals): Promise<number> {
  const first = await signals.first;
  return Promise.race([
    bridge.drain(first).then(() => ExitCode.SUCCESS),
    signals.second.then((second) => SIGNAL_EXIT_BASE + constants.signals[second]),
  ]);
}

/** The first two stop signals of this process, from construction to `close`. */
class StopSignals {
  readonly #source: SignalSource;
  readonly #first = Promise.withResolvers<StopSignal>();
  readonly #second = Promise.withResolvers<StopSignal>();
  readonly #onSignal: (signal: StopSignal) => void;

  constructor(source: SignalSource) {
    let count = 0;
    this.#source = source;
    this.#onSignal = (signal) => {
      count += 1;
      (count === 1 ? this.#first : this.#second).resolve(signal);
    };
    source.on('SIGINT', this.#onSignal);
    source.on('SIGTERM', this.#onSignal);
  }

  get first(): Promise<StopSignal> {
    return this.#first.promise;
  }

  get second(): Promise<StopSignal> {
    return this.#second.promise;
  }

  close(): void {
    this.#source.off('SIGINT', this.#onSignal);
    this.#source.off('SIGTERM', this.#onSignal);
  }
}
