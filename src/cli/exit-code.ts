/** How this process ends (documented in the README). `check` uses the numbers of grpc-health-probe. */
export const ExitCode = {
  SUCCESS: 0,
  /** Bad flags or configuration, or an address that cannot be bound; for `check --self`: not alive. */
  BAD_CONFIGURATION: 1,
  /** `check`: no endpoint could be connected to, or none was found. */
  NONE_CONNECTED: 2,
  /** `check`: at least one endpoint was connected to, but none answered. */
  NONE_ANSWERED: 3,
  /** `check`: unhealthy, and at least one endpoint answered. */
  UNHEALTHY: 4,
  INTERNAL: 70,
} as const;
export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];

/** Added to the number of the signal that ended the process. */
export const SIGNAL_EXIT_BASE = 128;
