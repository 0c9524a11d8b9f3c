import type { Config } from '../config/load.ts';

/** The paths of every certificate, key and authority that a configuration names. */
export function certificateFilesOf({ listeners, clusters }: Config): readonly string[] {
  const listenerFiles = listeners.flatMap(({ tls }) => [tls?.certificateFile, tls?.privateKeyFile, tls?.clientCaFile]);
  const clusterFiles = clusters.flatMap(({ tls }) => [tls?.caFile, tls?.certificateFile, tls?.privateKeyFile]);
  return [...listenerFiles, ...clusterFiles].filter((path) => typeof path === 'string');
}
