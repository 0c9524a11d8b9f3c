import { type FlagName, type GivenFlag, parseSwitch } from './flags.ts';
import { describeGot } from './got.ts';
import { parseTarget, type TargetSource } from './target.ts';

/** What a flag's text becomes in the words of a file, or what is wrong with it. */
export type ParsedFlag =
  | { readonly kind: 'value'; readonly value: unknown }
  | { readonly kind: 'invalid'; readonly messages: readonly string[] };

/** Flags whose value is no plain text. */
const PARSERS: Readonly<Partial<Record<FlagName, (values: readonly string[]) => ParsedFlag>>> = {
  backend: parseBackends,
  'envoy-cluster': (values) => ({ kind: 'value', value: values }),
  service: (values) => ({ kind: 'value', value: values }),
  'rpc-header': parseHeaders,
  'healthy-when': parseHealthyWhen,
  'backend-tls': parseOnOff,
  'backend-tls-no-verify': parseOnOff,
};

/** Turns the text of a flag of the cluster `default` into the value of its key. The schema checks what comes out. */
export function parseFlag(name: FlagName, { values }: GivenFlag): ParsedFlag {
  const parse = PARSERS[name];
  return parse === undefined ? { kind: 'value', value: values[0] } : parse(values);
}

/** All endpoints with an address join one static source; each name is a source of its own. */
function parseBackends(targets: readonly string[]): ParsedFlag {
  const messages: string[] = [];
  const endpoints: string[] = [];
  const names: TargetSource[] = [];
  for (const target of targets) {
    const result = parseTarget(target);
    if (result.kind === 'invalid') {
      messages.push(`${result.message} ${describeGot(target)}`);
    } else if (result.source.type === 'static') {
      endpoints.push(...result.source.endpoints);
    } else {
      names.push(result.source);
    }
  }
  const sources = endpoints.length > 0 ? [{ type: 'static', endpoints }, ...names] : names;
  return messages.length > 0 ? { kind: 'invalid', messages } : { kind: 'value', value: sources };
}

/** `name: value`, as in HTTP. Values may be secrets: no message repeats them. */
function parseHeaders(lines: readonly string[]): ParsedFlag {
  const entries = lines.map((line): [string, string] => {
    const colon = line.indexOf(':');
    return [line.slice(0, Math.max(0, colon)).trim(), line.slice(colon + 1).trim()];
  });
  const names = entries.map(([name]) => name);
  if (names.includes('')) {
    return invalid("must be written 'name: value'");
  }
  const repeated = names.find((name, index) => names.indexOf(name) < index);
  return repeated === undefined ? { kind: 'value', value: Object.fromEntries(entries) } : invalid(`has ${repeated} twice`);
}

function parseHealthyWhen([text = '']: readonly string[]): ParsedFlag {
  if (text === 'any' || text === 'all') {
    return { kind: 'value', value: text };
  }
  const [, digits = '', percent = ''] = /^(\d{1,9})(%?)$/.exec(text) ?? [];
  if (digits === '') {
    return invalid(`must be any, all, a share such as 50% or a number such as 2 ${describeGot(text)}`);
  }
  return { kind: 'value', value: percent === '' ? { count: Number(digits) } : { percent: Number(digits) } };
}

function parseOnOff([text = '']: readonly string[]): ParsedFlag {
  const value = parseSwitch(text);
  return value === null ? invalid(`must be true or false ${describeGot(text)}`) : { kind: 'value', value };
}

function invalid(message: string): ParsedFlag {
  return { kind: 'invalid', messages: [message] };
}
