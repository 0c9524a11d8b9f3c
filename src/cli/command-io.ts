/** Where a command takes its input from and writes to, so that tests can run commands inside their own process. */
export interface CommandIo {
  /** Arguments behind the program's name. */
  readonly argv: readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly stdout: Output;
  readonly stderr: Output;
  readonly signals: SignalSource;
}

export interface Output {
  write(text: string): unknown;
  /** True where a person reads along. */
  readonly isTTY?: boolean;
  /** The size of a terminal, in characters. */
  readonly columns?: number;
  readonly rows?: number;
  /** `error`: nobody reads any longer. */
  on?(event: 'error', listener: () => void): unknown;
  off?(event: 'error', listener: () => void): unknown;
}

export type StopSignal = 'SIGINT' | 'SIGTERM';

/** `process`, as far as a command needs it. */
export interface SignalSource {
  on(signal: StopSignal, listener: (signal: StopSignal) => void): unknown;
  on(signal: 'SIGHUP' | 'SIGUSR1', listener: () => void): unknown;
  off(signal: StopSignal, listener: (signal: StopSignal) => void): unknown;
  off(signal: 'SIGHUP' | 'SIGUSR1', listener: () => void): unknown;
}
