import { type Static, Type } from 'typebox';
import { closed, wordKey } from '../keys.ts';

/** The section `logging`. */
export const LoggingSchema = Type.Object(
  {
    level: wordKey(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'], {
      description: 'The least severe level that is written. Envoy: --log-level.',
      default: 'info',
    }),
    format: Type.Optional(
      wordKey(['json', 'text'], {
        description: 'One JSON object per line, or lines for people. Envoy: --log-format.',
        defaultText: 'json; text on a terminal',
      }),
    ),
  },
  closed({ description: 'Log lines, written to standard error.', default: {} }),
);

/** What is logged, and how. */
export interface LoggingConfig {
  /** Default `info`. */
  readonly level: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent';
  /** Null was not given: `text` on a terminal, `json` elsewhere. */
  readonly format: 'json' | 'text' | null;
}

export function toLoggingConfig(section: Static<typeof LoggingSchema>): LoggingConfig {
  return { level: section.level, format: section.format ?? null };
}
