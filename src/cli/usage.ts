import { FLAG_NAMES, FLAGS } from '../config/flags.ts';

const HEAD = `Usage: grpc-health-bridge [serve] [--config FILE] [flags]
       grpc-health-bridge COMMAND [flags]

Answers HTTP health checks with 200 or 503 for servers that speak grpc.health.v1, and forwards gRPC calls
to the healthy ones.

Commands:
  serve               run until a signal: the first drains, the second ends at once (default)
  check               evaluate the configuration once and exit: 0 healthy, 4 unhealthy,
                      3 none answered, 2 none connected, 1 bad configuration
  check --json        the same as application/health+json
  check --watch       go on, and tell every change, until a signal
  check --self        ask the running bridge's /livez: for a container's HEALTHCHECK
  validate            name every problem of the configuration
  validate --print    and show the configuration in force
  schema              print the JSON Schema of the configuration
  demo                run three small gRPC backends with a bridge in front of them

`;

const TAIL = `
DURATION is a whole number and a unit: 250ms, 5s, 1m, 1h. Flags of backends configure the cluster
"default"; --listen replaces the file's listeners. Flags win over variables, variables over the file.
Variables of repeatable flags (…) hold lists with commas. Every key of a file: docs/configuration.md.
`;

/** What `--help` prints. */
export function renderUsage(): string {
  const rows: (readonly [string, string, string])[] = FLAG_NAMES.map((name) => {
    const { value, repeatable, description, variable } = FLAGS[name];
    return [`--${name}${value === null ? '' : ` ${value}`}${repeatable ? ' …' : ''}`, description, variable];
  });
  rows.push(['--help', 'this text', ''], ['--version', 'the version', '']);
  const width = Math.max(...rows.map(([flag]) => flag.length)) + 2;
  const lines = rows.map(([flag, description, variable]) => renderRow({ flag, description, variable, width }));
  return `${HEAD}Flags and their variables:\n${lines.join('\n')}\n${TAIL}`;
}

interface Row {
  readonly flag: string;
  readonly description: string;
  readonly variable: string;
  readonly width: number;
}

function renderRow({ flag, description, variable, width }: Row): string {
  const line = `  ${flag.padEnd(width)}${description}`;
  return variable === '' ? line : `${line}\n  ${' '.repeat(width)}${variable}`;
}
