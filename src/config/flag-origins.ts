import { FLAG_NAMES, FLAGS, type FlagName, type GivenFlags, isClusterFlag } from './flags.ts';

export interface OriginOptions {
  readonly given: GivenFlags;
  /** The place of the cluster `default`, or -1. */
  readonly clusterIndex: number;
  /** Without a file every key that a flag can set counts as that flag's, given or not. */
  readonly hasFile: boolean;
}

/** The flag or variable behind a path, so that a problem is told in the words it was made with; null for none. */
export function findOrigin(path: string, { given, clusterIndex, hasFile }: OriginOptions): string | null {
  const anyListener = path.replace(/^listeners\[\d+\]/, 'listeners[]');
  const matches = FLAG_NAMES.filter((name) => given.has(name) || !hasFile)
    .map((name) => ({ name, prefix: prefixOf(name, clusterIndex) }))
    .filter(({ prefix }) => isWithin(anyListener, prefix))
    .toSorted((a, b) => b.prefix.length - a.prefix.length);
  const [match] = matches;
  if (match === undefined) {
    return null;
  }
  const label = given.get(match.name)?.label ?? `--${match.name}`;
  const name = anyListener.slice(match.prefix.length + 1);
  // One flag holds all headers: which one it is about would be lost.
  return match.name === 'rpc-header' && name !== '' ? `${label} ${name}` : label;
}

function prefixOf(name: FlagName, clusterIndex: number): string {
  return isClusterFlag(name) ? `clusters[${clusterIndex}]${FLAGS[name].path}` : FLAGS[name].path;
}

function isWithin(path: string, prefix: string): boolean {
  return prefix !== '' && (path === prefix || path.startsWith(`${prefix}.`) || path.startsWith(`${prefix}[`));
}
