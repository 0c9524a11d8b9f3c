import type { FieldList } from '../http2/index.ts';

/** One condition on a request header; all names are in small letters. */
export type HeaderMatch =
  | { readonly name: string; readonly kind: 'exact' | 'prefix'; readonly value: string }
  | { readonly name: string; readonly kind: 'present' };

/** What a request must be like for a route to take it: all of it. Envoy: `RouteMatch` and `VirtualHost.domains`. */
export interface RouteMatch {
  /** `prefix`: how the path begins, octet by octet; `exact`: all of it, the query aside. Nothing is decoded or normalised. */
  readonly path: { readonly kind: 'prefix' | 'exact'; readonly value: string };
  /** The host that is asked for, with or without a port, regardless of case; null for any. A match without port takes every port. */
  readonly authority: string | null;
  /** Of several fields of one name, any may match. */
  readonly headers: readonly HeaderMatch[];
}

/** A request as routes see it, of either version. Values have one character for each octet. */
export interface RoutedRequest {
  /** `:authority`, or Host; null for none. */
  readonly authority: string | null;
  /** Whether any field of that name passes. */
  hasHeader(match: HeaderMatch): boolean;
}

/** Whether the path, without its query, is what the route wants. */
export function matchesPath({ path }: RouteMatch, pathname: string): boolean {
  return path.kind === 'exact' ? pathname === path.value : pathname.startsWith(path.value);
}

/** Whether there is more to look at than the path. */
export function hasConditions({ authority, headers }: RouteMatch): boolean {
  return authority !== null || headers.length > 0;
}

/** Whether everything but the path is what the route wants. */
export function matchesConditions({ authority, headers }: RouteMatch, request: RoutedRequest): boolean {
  if (authority !== null && !isAuthority(authority, request.authority)) {
    return false;
  }
  for (const header of headers) {
    if (!request.hasHeader(header)) {
      return false;
    }
  }
  return true;
}

/** Whether one value passes. */
export function matchesValue(match: HeaderMatch, value: string): boolean {
  if (match.kind === 'present') {
    return true;
  }
  return match.kind === 'exact' ? value === match.value : value.startsWith(match.value);
}

/** The path without its query. */
export function toPathname(path: string): string {
  const mark = path.indexOf('?');
  return mark < 0 ? path : path.slice(0, mark);
}

/** The request of an HTTP/2 stream. One object serves all requests of a thread, one after the other. */
export class FieldListRequest implements RoutedRequest {
  fields: FieldList;

  constructor(fields: FieldList) {
    this.fields = fields;
  }

  get authority(): string | null {
    return findValue(this.fields, ':authority') ?? findValue(this.fields, 'host');
  }

  hasHeader(match: HeaderMatch): boolean {
    const { fields } = this;
    for (let index = 0; index < fields.length; index++) {
      const field = fields.at(index);
      if (field.name.text === match.name && (match.kind === 'present' || matchesValue(match, field.valueText()))) {
        return true;
      }
    }
    return false;
  }
}

/** RFC 9110, section 4.2.3: hosts are compared regardless of case. */
function isAuthority(wanted: string, authority: string | null): boolean {
  if (authority === null) {
    return false;
  }
  const given = authority.toLowerCase();
  const expected = wanted.toLowerCase();
  return given === expected || (portAt(expected) < 0 && portAt(given) === expected.length && given.startsWith(expected));
}

/** Where the colon before the port is; -1 without one. Colons within the brackets of an IPv6 literal are none. */
function portAt(authority: string): number {
  const colon = authority.lastIndexOf(':');
  return colon > authority.lastIndexOf(']') ? colon : -1;
}

function findValue(fields: FieldList, name: string): string | null {
  for (let index = 0; index < fields.length; index++) {
    const field = fields.at(index);
    if (field.name.text === name) {
      return field.valueText();
    }
  }
  return null;
}
