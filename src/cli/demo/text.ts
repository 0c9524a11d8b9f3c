/** What the quickstart's text names, each as `host:port`. */
export interface DemoText {
  readonly plain: string;
  readonly tls: string;
  readonly admin: string;
  readonly control: string;
  readonly backends: readonly string[];
}

/** Says what to try, in commands that can be copied as they stand. */
export function renderDemoText({ plain, tls, admin, control, backends }: DemoText): string {
  const echo = 'grpcurl -import-path protos -proto echo.proto';
  return `grpc-health-bridge: three gRPC backends of its own, checked, answered for over plain HTTP, and called through the bridge

  health URLs   http://${plain}   HTTP/1.1 and h2c
  and gRPC      https://${tls}  HTTP/1.1 and HTTP/2 over TLS, self-signed
  backends      ${backends.join('  ')}
  status page   http://${admin}/
  metrics       http://${admin}/metrics

Ask for the health of the backends:
  curl -i http://${plain}/healthz
  curl -k --http2 https://${tls}/
  curl --http2-prior-knowledge http://${plain}/
  curl 'http://${plain}/healthz?verbose'
  curl -H 'Accept: application/health+json' http://${plain}/healthz

Call them through the bridge, on the same ports, in the folder that holds protos/. Repeat it: each call goes to the next backend.
  ${echo} -plaintext -d '{"text":"hello"}' ${plain} demo.Echo/Say
  ${echo} -insecure -d '{"text":"hello"}' ${tls} demo.Echo/Say

A stream is one call: all of its answers come from one backend.
  ${echo} -plaintext -d '{"text":"one"} {"text":"two"} {"text":"three"}' ${plain} demo.Echo/Chat

Make one backend fail, so that it gets no more calls, then all, and let them return:
  curl -X POST http://${control}/backends/1/fail
  curl -X POST http://${control}/backends/all/fail
  curl -X POST http://${control}/backends/all/ok

Ask a backend what the bridge asks it:
  grpcurl -import-path protos -proto health.proto -plaintext ${backends[0] ?? ''} grpc.health.v1.Health/Check

Ctrl-C ends it.
`;
}
