import type { Config } from '../config/load.ts';
import type { ClusterConfig } from '../config/sections/cluster.ts';
import type { ClusterTlsConfig } from '../config/sections/cluster-tls.ts';
import type { HealthTlsOptions } from '../health/options.ts';
import { loadAuthorities, loadCertificate } from '../tls/certificate-store.ts';
import type { HealthMonitorOptions, MonitoredCluster } from './health-monitor.ts';
import type { OnBadFiles } from './listener-set.ts';

/** What goes on with the files of before where new ones cannot be used. */
export interface Fallback {
  readonly before: HealthMonitorOptions;
  readonly onBadFiles: OnBadFiles;
}

/**
 * What the health flow needs of a configuration, with the files of its clusters read.
 *
 * @param fallback null: a file that cannot be used is an error.
 * @throws BridgeError `CERTIFICATE_UNUSABLE`, one line that names cluster and file.
 */
export async function loadMonitorOptions(config: Config, fallback: Fallback | null = null): Promise<HealthMonitorOptions> {
  const clusters = await Promise.all(config.clusters.map((cluster) => loadCluster(cluster, fallback)));
  return { clusters, verdict: config };
}

async function loadCluster(cluster: ClusterConfig, fallback: Fallback | null): Promise<MonitoredCluster> {
  const { name, tls } = cluster;
  try {
    return { ...cluster, tls: tls === null ? null : await loadTls(`cluster ${name}`, tls) };
  } catch (error) {
    const before = fallback?.before.clusters.find((each) => each.name === name);
    if (fallback === null || before === undefined) {
      throw error;
    }
    fallback.onBadFiles(error);
    return { ...cluster, tls: before.tls };
  }
}

async function loadTls(owner: string, tls: ClusterTlsConfig): Promise<HealthTlsOptions> {
  const { caFile, certificateFile, privateKeyFile, serverName, insecureSkipVerify, subjectAltNames } = tls;
  const ca = caFile === null ? null : Buffer.from(await loadAuthorities(owner, caFile));
  const client =
    certificateFile === null || privateKeyFile === null
      ? null
      : await loadCertificate(owner, { certificateFile, privateKeyFile });
  return {
    ca,
    cert: client === null ? null : Buffer.from(client.chain),
    key: client === null ? null : Buffer.from(client.privateKey),
    serverName,
    insecureSkipVerify,
    subjectAltNames,
  };
}
