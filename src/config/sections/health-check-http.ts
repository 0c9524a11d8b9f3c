import { type Static, Type } from 'typebox';
import { authorityKey, closed, textKey } from '../keys.ts';
import { MAX_EXPECTED_STATUSES, MAX_HEALTH_PATH_LENGTH } from '../limits.ts';
import { listKey } from '../lists.ts';
import type { KeyNotes } from '../notes.ts';

const MIN_STATUS = 200;
const MAX_STATUS = 599;
const STATUSES = /^([2-5]\d\d)(?:-([2-5]\d\d))?$/;
const EXPECTS = `a status or a range of them, such as 200 or "200-299", from ${MIN_STATUS} to ${MAX_STATUS}`;

const StatusSchema = Type.Union(
  [
    Type.Integer({ description: 'One status.', minimum: MIN_STATUS, maximum: MAX_STATUS, expects: EXPECTS }),
    textKey({ description: 'One status, or a range of them, both ends included.', expects: EXPECTS }, (text) => {
      const range = parseStatuses(text);
      return range !== null && range.from <= range.to;
    }),
  ],
  { description: 'Statuses.', expects: EXPECTS, kind: 'status | "from-to"' } satisfies KeyNotes & { description: string },
);

/** The key `http` of a health check. */
export const HttpCheckSchema = Type.Object(
  {
    path: textKey({
      description: 'The path that is asked for, with a query if need be. Envoy: `http_health_check.path`.',
      expects: `a path from / on, of at most ${MAX_HEALTH_PATH_LENGTH} printable ASCII characters without spaces and #`,
      kind: 'path',
      maxLength: MAX_HEALTH_PATH_LENGTH,
      pattern: '^/[!"$-~]*$',
    }),
    host: Type.Optional(
      authorityKey({
        description: 'The header `host` of the checks. Envoy: `http_health_check.host`.',
        defaultText: '`tls.serverName`, else the discovered host, else the address',
      }),
    ),
    expectedStatuses: listKey(StatusSchema, {
      description:
        'What a healthy endpoint answers. Any other status is a clear no, which counts at once; a redirect is judged, never followed. Envoy: `http_health_check.expected_statuses`, which is half open.',
      default: [200],
      minItems: 1,
      maxItems: MAX_EXPECTED_STATUSES,
      uniqueBy: String,
    }),
  },
  closed({ description: 'What is asked over HTTP, and what may be the answer. Required with type http, and of no use without.' }),
);

/** A range of statuses, both ends included. */
export interface StatusRange {
  readonly from: number;
  readonly to: number;
}

/** What is asked over HTTP. */
export interface HttpCheckConfig {
  /** Begins with a slash. */
  readonly path: string;
  /** Null takes the TLS server name, else the endpoint's host name, else its address. */
  readonly host: string | null;
  /** At least one. Default 200 alone. */
  readonly expectedStatuses: readonly StatusRange[];
}

export function toHttpCheckConfig({ path, host, expectedStatuses }: Static<typeof HttpCheckSchema>): HttpCheckConfig {
  return {
    path,
    host: host ?? null,
    expectedStatuses: expectedStatuses.flatMap((statuses) => parseStatuses(String(statuses)) ?? []),
  };
}

/** The inverse of what the section is read by: `200`, `200-299`. */
export function formatStatuses({ from, to }: StatusRange): string {
  return from === to ? String(from) : `${from}-${to}`;
}

function parseStatuses(text: string): StatusRange | null {
  const [, from, to] = STATUSES.exec(text) ?? [];
  return from === undefined ? null : { from: Number(from), to: Number(to ?? from) };
}
