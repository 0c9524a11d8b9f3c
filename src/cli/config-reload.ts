import { FileSetWatch } from '../bridge/file-set-watch.ts';
import type { LoadNext } from '../bridge/reloader.ts';
import type { Bridge } from '../bridge.ts';
import { systemFiles } from '../discovery/file-watch.ts';
import { systemClock } from '../util/clock.ts';
import type { SignalSource } from './command-io.ts';

export interface ConfigReloadOptions {
  readonly bridge: Pick<Bridge, 'reload'>;
  readonly signals: SignalSource;
  /** Reads the configuration again as it was read at start. */
  readonly load: LoadNext;
  /** The file that is watched; null watches none. */
  readonly watched: string | null;
}

/** Has a bridge read its configuration again on SIGHUP, and when the file changes, until it is closed. */
export class ConfigReload {
  readonly #options: ConfigReloadOptions;
  readonly #watch: FileSetWatch;
  readonly #onHangup = (): void => {
    void this.#reload();
  };

  constructor(options: ConfigReloadOptions) {
    this.#options = options;
    this.#watch = new FileSetWatch({ clock: systemClock, files: systemFiles, onChange: () => this.#reload() });
    options.signals.on('SIGHUP', this.#onHangup);
    if (options.watched !== null) {
      this.#watch.watch([options.watched]);
    }
  }

  async close(): Promise<void> {
    this.#options.signals.off('SIGHUP', this.#onHangup);
    await this.#watch.close();
  }

  /** Never rejects. */
  #reload(): Promise<void> {
    const { bridge, load } = this.#options;
    return bridge.reload(load);
  }
}
