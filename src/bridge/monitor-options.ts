import type { Config } from '../config/load.ts';
import type { ClusterConfig } from '../config/sections/cluster.ts';
import type { ClusterTlsConfig } from '../config/sections/cluster-tls.ts';
import type { HealthTlsOptions } from '../health/options.ts';
import { loadAuthorities, loadCertificate } from '../tls/certificate-store.ts';
import type { HealthMonitorOptions, MonitoredCluster } from './health-monitor.ts';

/**
 * What the health flow needs of a configuration, with the files of its clusters read.
 *
 * @throws BridgeError `CERTIFICATE_UNUSABLE`, one line that names cluster and file.
 */
export async function loadMonitorOptions(config: Config): Promise<HealthMonitorOptions> {
  const clusters = await Promise.all(config.clusters.map(loadCluster));
  return { clusters, verdict: config };
}

async function loadCluster(cluster: ClusterConfig): Promise<MonitoredCluster> {
  return { ...cluster, tls: cluster.tls === null ? null : await loadTls(`cluster ${cluster.name}`, cluster.tls) };
}

async function loadTls(owner: string, tls: ClusterTlsConfig): Promise<HealthTlsOptions> {
  const { caFile, certificateFile, privateKeyFile, serverName, insecureSkipVerify } = tls;
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
  };
}
