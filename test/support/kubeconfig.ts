/** A kubeconfig of one context, for the namespace `shop`; user and further keys of the cluster are YAML in one line. */
export function kubeconfig(server: string, user = '{token: secret}', cluster = ''): string {
  return [
    'current-context: c',
    `clusters: [{name: k, cluster: {server: "${server}", ${cluster}}}]`,
    `users: [{name: u, user: ${user}}]`,
    'contexts: [{name: c, context: {cluster: k, user: u, namespace: shop}}]',
  ].join('\n');
}
