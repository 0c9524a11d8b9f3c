import { isMap, isNode, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml';
import { type Address, formatAddress, parseAddress } from '../model/address.ts';

/** Endpoints of one file; as many as a static list may have. */
export const MAX_FILE_ENDPOINTS = 10_000;

/** What a file lists, or the first thing that is wrong with it, with its line. */
export type EndpointListResult =
  | { readonly kind: 'addresses'; readonly addresses: readonly Address[] }
  | { readonly kind: 'invalid'; readonly reason: string };

/** Says where something is wrong. */
type At = (node: Node, message: string) => ListProblem;

/** Ends the reading of a list; it never leaves this file. */
class ListProblem extends Error {}

/** Characters of a text that a message repeats. */
const MAX_QUOTE_LENGTH = 60;
const EXPECTS = 'ip:port, name:port, unix:/path or { address }';

/**
 * Reads a YAML 1.2 or JSON list whose items are `ip:port`, `name:port`, `unix:/path` or `{ address }`, as in a static source. An
 * empty list is an answer; an empty file is none, as files that are being written begin so.
 */
export function parseEndpointList(content: Uint8Array): EndpointListResult {
  try {
    return { kind: 'addresses', addresses: readList(decode(content)) };
  } catch (thrown) {
    if (thrown instanceof ListProblem) {
      return { kind: 'invalid', reason: thrown.message };
    }
    throw thrown;
  }
}

function decode(content: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(content);
  } catch {
    throw new ListProblem('is not UTF-8');
  }
}

function readList(text: string): readonly Address[] {
  const lines = new LineCounter();
  const document = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    stringKeys: true,
    uniqueKeys: false,
    resolveKnownTags: false,
    logLevel: 'error',
  });
  const at: At = (node, message) => new ListProblem(`line ${lines.linePos(node.range?.[0] ?? 0).line}: ${message}`);
  const [error] = [...document.errors, ...document.warnings];
  if (error !== undefined) {
    const [words = ''] = error.message.split('\n');
    throw new ListProblem(`line ${lines.linePos(error.pos[0]).line}: ${shorten(words)}`);
  }
  const list = document.contents;
  if (list === null || (isScalar(list) && list.value === null)) {
    throw new ListProblem('is empty: a list without endpoints is []');
  }
  if (!isSeq(list)) {
    throw at(list, 'is no list of endpoints');
  }
  if (list.items.length > MAX_FILE_ENDPOINTS) {
    throw new ListProblem(`lists more than ${MAX_FILE_ENDPOINTS} endpoints`);
  }
  const byKey = new Map<string, Address>();
  for (const item of list.items) {
    const address = readItem(item, list, at);
    const key = formatAddress(address);
    if (byKey.has(key)) {
      throw at(isNode(item) ? item : list, `${shorten(key)} stands here a second time`);
    }
    byKey.set(key, address);
  }
  return [...byKey.values()];
}

function readItem(item: unknown, list: Node, at: At): Address {
  if (isScalar(item)) {
    return readAddress(item.value, item, at);
  }
  if (!isMap(item)) {
    throw at(isNode(item) ? item : list, `must be ${EXPECTS}`);
  }
  let address: Address | null = null;
  for (const { key, value } of item.items) {
    const name = isScalar(key) ? String(key.value) : '';
    if (name !== 'address') {
      throw at(item, `${shorten(name)} is not a known key`);
    }
    if (address !== null) {
      throw at(item, 'the key address stands here a second time');
    }
    address = readAddress(isScalar(value) ? value.value : null, isScalar(value) ? value : item, at);
  }
  if (address === null) {
    throw at(item, 'address is required');
  }
  return address;
}

function readAddress(value: unknown, node: Node, at: At): Address {
  if (typeof value !== 'string') {
    throw at(node, `must be ${EXPECTS}`);
  }
  const result = parseAddress(value);
  if (result.kind === 'invalid') {
    throw at(node, `${shorten(value)} ${result.message}`);
  }
  return result.address;
}

function shorten(text: string): string {
  return text.length <= MAX_QUOTE_LENGTH ? text : `${text.slice(0, MAX_QUOTE_LENGTH - 1)}…`;
}
