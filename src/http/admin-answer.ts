import type { OutgoingHttpHeaders } from 'node:http';

/** What the admin listener answers. */
export interface AdminAnswer {
  readonly code: number;
  readonly headers: OutgoingHttpHeaders;
  readonly body: string | Buffer;
}

/** Of every answer: it is of this moment, it is what it says it is, and no other site shows it. */
const HEADERS = {
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
};

/** An answer with the headers that all have. */
export function adminAnswer(
  code: number,
  contentType: string,
  body: string | Buffer,
  headers: OutgoingHttpHeaders = {},
): AdminAnswer {
  return { code, headers: { ...HEADERS, 'content-type': contentType, ...headers }, body };
}

/** One line of text. */
export function textAnswer(code: number, line: string, headers: OutgoingHttpHeaders = {}): AdminAnswer {
  return adminAnswer(code, 'text/plain; charset=utf-8', `${line}\n`, headers);
}
