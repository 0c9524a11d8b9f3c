/** What the quickstart's text names. */
export interface DemoText {
  readonly plainUrl: string;
  readonly tlsUrl: string;
  readonly adminUrl: string;
  readonly controlUrl: string;
  /** `host:port` of each backend. */
  readonly backends: readonly string[];
}

/** Says what to try, in commands that can be copied as they stand. */
export function renderDemoText(text: DemoText): string {
  const first = text.backends[0] ?? '';
  return `grpc-health-bridge: three gRPC backends of its own, checked, answered for over plain HTTP

  health URLs   ${text.plainUrl}   HTTP/1.1 and h2c
                ${text.tlsUrl}  HTTP/1.1 and HTTP/2 over TLS, self-signed
  backends      ${text.backends.join('  ')}
  metrics       ${text.adminUrl}/metrics

Try:
  curl -i ${text.plainUrl}/healthz
  curl -k --http2 ${text.tlsUrl}/
  curl --http2-prior-knowledge ${text.plainUrl}/
  curl '${text.plainUrl}/healthz?verbose'
  curl -H 'Accept: application/health+json' ${text.plainUrl}/healthz

Make one backend fail, then all, and let them return:
  curl -X POST ${text.controlUrl}/backends/1/fail
  curl -X POST ${text.controlUrl}/backends/all/fail
  curl -X POST ${text.controlUrl}/backends/all/ok

Ask a backend what the bridge asks it:
  grpcurl -plaintext -import-path protos -proto health.proto ${first} grpc.health.v1.Health/Check

Ctrl-C ends it.
`;
}
