import { isMap, isNode, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml';
import { type Address, formatAddress, parseAddress } from '../model/address.ts';
import type { EndpointTraits } from '../model/endpoint.ts';
import { readTrait } from './endpoint-traits.ts';
import type { ListedEndpoint } from './listed-endpoint.ts';

/** Endpoints of one file; as many as a static list may have. */
export const MAX_FILE_ENDPOINTS = 10_000;

/** What a file lists, or the first thing that is wrong with it, with its line. */
export type EndpointListResult =
  | { readonly kind: 'endpoints'; readonly endpoints: readonly ListedEndpoint[] }
  | { readonly kind: 'invalid'; readonly reason: string };

/** Says where something is wrong. */
type At = (node: Node, message: string) => ListProblem;

/** Ends the reading of a list; it never leaves this file. */
class ListProblem extends Error {}

/** Characters of a text that a message repeats. */
const MAX_QUOTE_LENGTH = 60;
const EXPECTS = 'ip:port, name:port, unix:/path or { address, labels, weight }';

/**
 * Reads a YAML 1.2 or JSON list whose items are `ip:port`, `name:port`, `unix:/path` or `{ address, labels, weight }`, as in a static
 * source. An empty list is an answer; an empty file is none, as files that are being written begin so.
 */
export function parseEndpointList(content: Uint8Array): EndpointListResult {
  try {
    return { kind: 'endpoints', endpoints: readList(decode(content)) };
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

function readList(text: string): readonly ListedEndpoint[] {
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
  const byKey = new Map<string, ListedEndpoint>();
  for (const item of list.items) {
    const endpoint = readItem(item, list, at);
    const key = formatAddress(endpoint.address);
    if (byKey.has(key)) {
      throw at(isNode(item) ? item : list, `${shorten(key)} stands here a second time`);
    }
    byKey.set(key, endpoint);
  }
  return [...byKey.values()];
}

function readItem(item: unknown, list: Node, at: At): ListedEndpoint {
  if (isScalar(item)) {
    return { address: readAddress(item.value, item, at) };
  }
  if (!isMap(item)) {
    throw at(isNode(item) ? item : list, `must be ${EXPECTS}`);
  }
  const seen = new Set<string>();
  let address: Address | null = null;
  let traits: EndpointTraits = {};
  for (const { key, value } of item.items) {
    const name = isScalar(key) ? String(key.value) : '';
    if (seen.has(name)) {
      throw at(item, `the key ${shorten(name)} stands here a second time`);
    }
    seen.add(name);
    if (name === 'address') {
      address = readAddress(isScalar(value) ? value.value : null, isScalar(value) ? value : item, at);
      continue;
    }
    const trait = readTrait(name, toPlain(value));
    if (trait.kind === 'invalid') {
      throw at(isNode(value) ? value : item, `${shorten(name)} ${trait.reason}`);
    }
    traits = { ...traits, ...trait.traits };
  }
  if (address === null) {
    throw at(item, 'address is required');
  }
  return { address, ...traits };
}

/** A scalar, or a map of scalars: traits are nothing deeper, and a file may be as deep as it is long. */
function toPlain(node: unknown): unknown {
  if (!isMap(node)) {
    return isScalar(node) ? node.value : null;
  }
  return Object.fromEntries(
    node.items.map(({ key, value }) => [isScalar(key) ? String(key.value) : '', isScalar(value) ? value.value : null]),
  );
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
