import { type Static, Type } from 'typebox';
import { type LogSegment, MAX_LOG_FORMAT_LENGTH, parseLogFormat } from '../../model/log-format.ts';
import { closed, fileKey, switchKey, textKey } from '../keys.ts';
import { withRule } from '../rules.ts';

const FormatShape = textKey({
  description:
    "What a line looks like: envoy for Envoy's default, json for one JSON object per line, or a format with Envoy's %OPERATORS%, which docs/operations.md lists. Envoy: log_format.text_format_source.",
  default: 'envoy',
  expects: `envoy, json or a format of at most ${MAX_LOG_FORMAT_LENGTH} characters`,
  kind: 'envoy | json | format',
  minLength: 1,
  maxLength: MAX_LOG_FORMAT_LENGTH,
});

const FormatSchema = withRule(FormatShape, (text) => {
  const result = isWord(text) ? null : parseLogFormat(text);
  return result?.kind === 'invalid' ? [{ at: [], message: `is neither envoy nor json, and ${result.message}`, got: text }] : [];
});

/** The section `accessLog`. */
export const AccessLogSchema = Type.Object(
  {
    format: FormatSchema,
    file: fileKey({
      description:
        'Where lines are appended: a file, which is made if there is none, a named pipe, /dev/stdout or /dev/stderr. While it takes nothing, 4 MiB wait; lines beyond are dropped and counted. SIGUSR1 opens it anew, for log rotation. Envoy: path.',
      default: '/dev/stdout',
    }),
    healthChecks: switchKey({
      description: 'Whether requests to health URLs have lines as well. Envoy: the absence of not_health_check_filter.',
      default: false,
    }),
  },
  closed({
    description: 'One line for each finished call and each request that was answered here. Without the section there is none.',
  }),
);

/** What is logged of calls, and where. */
export interface AccessLogConfig {
  /** Default `envoy`. */
  readonly format: 'envoy' | 'json' | readonly LogSegment[];
  /** Default `/dev/stdout`. */
  readonly file: string;
  /** Default false. */
  readonly healthChecks: boolean;
}

export function toAccessLogConfig({ format, file, healthChecks }: Static<typeof AccessLogSchema>): AccessLogConfig {
  return { format: toStyle(format), file, healthChecks };
}

function isWord(text: string): text is 'envoy' | 'json' {
  return text === 'envoy' || text === 'json';
}

function toStyle(text: string): AccessLogConfig['format'] {
  const result = isWord(text) ? text : parseLogFormat(text);
  if (typeof result === 'string') {
    return result;
  }
  if (result.kind === 'invalid') {
    throw new RangeError(`${text} passed as a format: ${result.message}`);
  }
  return result.segments;
}
