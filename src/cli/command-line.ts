import { parseArgs } from 'node:util';
import { FLAG_NAMES, FLAGS, type FlagName, type FlagValues, isFlagName } from '../config/flags.ts';
import { findNearest } from '../config/nearest.ts';
import { ConfigError, type ConfigProblem, ErrorCode } from '../errors.ts';
import { renderUsage } from './usage.ts';

/** What `--help` prints. */
export const USAGE: string = renderUsage();

/** Runs the bridge until a signal. */
export interface ServeCommand {
  readonly kind: 'serve';
  readonly flags: FlagValues;
}

/** Evaluates the configuration. */
export interface CheckCommand {
  readonly kind: 'check';
  readonly flags: FlagValues;
  /** Asks the running bridge's /livez in place of the endpoints. */
  readonly self: boolean;
  /** health+json in place of text. */
  readonly json: boolean;
  /** Goes on and tells every change, until a signal. */
  readonly watch: boolean;
}

/** Names every problem of the configuration. */
export interface ValidateCommand {
  readonly kind: 'validate';
  readonly flags: FlagValues;
  /** Shows the configuration in force. */
  readonly print: boolean;
}

/** What the command line asks for. */
export type Command = ServeCommand | CheckCommand | ValidateCommand | { readonly kind: 'schema' | 'demo' | 'version' | 'help' };

const COMMANDS = ['serve', 'check', 'validate', 'schema', 'demo'] as const;
type CommandName = (typeof COMMANDS)[number];

/** Switches that are no configuration, by the commands that know them. */
const OWN_SWITCHES: Readonly<Record<CommandName, readonly string[]>> = {
  serve: [],
  check: ['self', 'json', 'watch'],
  validate: ['print'],
  schema: [],
  demo: [],
};
const GLOBAL_SWITCHES: readonly string[] = ['help', 'version'];

/** One flag as it stands on the command line. */
interface FoundFlag {
  readonly name: string;
  /** As written, dashes included. */
  readonly rawName: string;
  readonly value: string | undefined;
  /** Whether the value is joined by an equals sign. */
  readonly inline: boolean;
}

/** Parses the arguments behind the program's name. Throws a ConfigError with everything that is wrong with them. */
export function parseCommandLine(argv: readonly string[]): Command {
  const { flags, positionals } = tokenize(argv);
  const names = flags.map(({ name }) => name);
  const has = (name: string): boolean => names.includes(name);
  if (has('help')) {
    return { kind: 'help' };
  }
  if (has('version')) {
    return { kind: 'version' };
  }
  const problems: ConfigProblem[] = [];
  const command = findCommand(positionals, problems);
  const values = readFlags(flags, command, problems);
  judgeTogether(names, problems);
  if (problems.length > 0) {
    throw new ConfigError(ErrorCode.FLAGS_INVALID, problems);
  }
  switch (command) {
    case 'serve':
      return { kind: 'serve', flags: values };
    case 'check':
      return { kind: 'check', flags: values, self: has('self'), json: has('json'), watch: has('watch') };
    case 'validate':
      return { kind: 'validate', flags: values, print: has('print') };
    case 'schema':
    case 'demo':
      return { kind: command };
  }
}

interface Tokens {
  readonly flags: readonly FoundFlag[];
  readonly positionals: readonly string[];
}

/** Node's parser splits; what is known and complete is judged here, as Node stops at the first problem. */
function tokenize(argv: readonly string[]): Tokens {
  const own = [...GLOBAL_SWITCHES, ...Object.values(OWN_SWITCHES).flat()];
  const options = Object.fromEntries([
    ...FLAG_NAMES.map((name) => [name, { type: FLAGS[name].value === null ? 'boolean' : 'string', multiple: true }] as const),
    ...own.map((name) => [name, { type: 'boolean', multiple: true }] as const),
  ]);
  const { tokens } = parseArgs({ args: [...argv], options, strict: false, allowPositionals: true, tokens: true });
  const flags: FoundFlag[] = [];
  const positionals: string[] = [];
  let valueOfUnknown = -1;
  for (const token of tokens) {
    if (token.kind === 'option') {
      flags.push({ name: token.name, rawName: token.rawName, value: token.value, inline: token.inlineValue === true });
      valueOfUnknown = Object.hasOwn(options, token.name) || token.inlineValue === true ? -1 : token.index + 1;
      if (token.inlineValue === false && token.value.startsWith('--')) {
        // It swallowed the next flag, whose value is no argument of its own.
        valueOfUnknown = token.index + 2;
      }
    } else if (token.kind === 'positional' && (token.index !== valueOfUnknown || isCommand(token.value))) {
      positionals.push(token.value);
    }
  }
  return { flags, positionals };
}

function findCommand(positionals: readonly string[], problems: ConfigProblem[]): CommandName {
  const [first = 'serve', ...others] = positionals;
  for (const other of others) {
    problems.push({ path: other, message: 'is one argument too many' });
  }
  if (isCommand(first)) {
    return first;
  }
  const nearest = findNearest(first, COMMANDS);
  const hint = nearest === null ? `it must be one of ${COMMANDS.join(', ')}` : `did you mean ${nearest}?`;
  problems.push({ path: first, message: `is not a known command: ${hint}` });
  return 'serve';
}

function readFlags(found: readonly FoundFlag[], command: CommandName, problems: ConfigProblem[]): FlagValues {
  const values: Partial<Record<FlagName, readonly string[]>> = {};
  for (const flag of found) {
    const problem = isFlagName(flag.name) ? judgeFlag(flag.name, flag, { command, earlier: values }) : judgeSwitch(flag, command);
    if (problem !== null) {
      problems.push({ path: flag.rawName, message: problem });
    } else if (isFlagName(flag.name)) {
      values[flag.name] = [...(values[flag.name] ?? []), flag.value ?? 'true'];
    }
  }
  return values;
}

function judgeFlag(
  name: FlagName,
  flag: FoundFlag,
  { command, earlier }: { readonly command: CommandName; readonly earlier: FlagValues },
): string | null {
  const { value, repeatable } = FLAGS[name];
  if (command === 'schema' || command === 'demo') {
    return `is no flag of ${command}`;
  }
  if (value === null) {
    return flag.value === undefined ? null : 'takes no value';
  }
  if (flag.value === undefined || (!flag.inline && flag.value.startsWith('--'))) {
    return `needs a value: ${value}`;
  }
  return earlier[name] !== undefined && !repeatable ? 'may be given once only' : null;
}

function judgeSwitch({ name, rawName, value }: FoundFlag, command: CommandName): string | null {
  const own = OWN_SWITCHES[command];
  if (own.includes(name)) {
    return value === undefined ? null : 'takes no value';
  }
  const owner = COMMANDS.find((candidate) => OWN_SWITCHES[candidate].includes(name));
  if (owner !== undefined) {
    return `is a flag of ${owner} alone`;
  }
  const nearest = rawName.startsWith('--') ? findNearest(name, [...FLAG_NAMES, ...own, ...GLOBAL_SWITCHES]) : null;
  return nearest === null ? 'is not a known flag: see --help' : `is not a known flag: did you mean --${nearest}?`;
}

/** `--self` asks a running bridge for one word: there is nothing to follow, and nothing else to write. */
function judgeTogether(names: readonly string[], problems: ConfigProblem[]): void {
  for (const name of ['json', 'watch']) {
    if (names.includes('self') && names.includes(name)) {
      problems.push({ path: `--${name}`, message: 'has no effect with --self' });
    }
  }
}

function isCommand(text: string): text is CommandName {
  return Object.hasOwn(OWN_SWITCHES, text);
}
