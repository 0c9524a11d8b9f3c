import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { INTEROP_CASES } from '../../support/interop/cases.ts';
import { InteropClient } from '../../support/interop/client.ts';
import { InteropServer } from '../../support/interop/server.ts';
import { accepts } from '../support/accepts.ts';
import { Child, type ChildOptions } from '../support/child.ts';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/free-ports.ts';
import type { TlsFiles } from '../support/tls-files.ts';
import { builtTool, rubyInteropProgram } from '../support/tools.ts';

/** Which implementation of gRPC. */
export type InteropPeer = 'grpc-go' | 'C-core' | 'grpc-js';

/** Of every client here, and answered by every server here. */
const COMMON = [
  'empty_unary',
  'large_unary',
  'client_streaming',
  'server_streaming',
  'ping_pong',
  'empty_stream',
  'timeout_on_sleeping_server',
  'cancel_after_begin',
  'cancel_after_first_response',
  'status_code_and_message',
  'custom_metadata',
  'unimplemented_method',
  'unimplemented_service',
] as const;

/** grpc-go's server alone reports load. Its pick_first_unary wants a server id, which no server here gives. */
const ORCA = ['orca_per_rpc', 'orca_oob'];
const GO_CLIENT = ['special_status_message', 'rpc_soak', 'channel_soak'];

/** The cases that pass when the client is connected to the server itself. */
export function casesOf(client: InteropPeer, server: InteropPeer): readonly string[] {
  if (client === 'C-core') {
    return COMMON;
  }
  if (client === 'grpc-js') {
    return Object.keys(INTEROP_CASES);
  }
  return [...COMMON, ...GO_CLIENT, ...(server === 'grpc-go' ? ORCA : [])];
}

export interface RunningServer extends AsyncDisposable {
  readonly port: number;
}

/** Starts a server; the one on C-core speaks no TLS but with certificates of its own, so it is asked for none. */
export async function startServer(peer: InteropPeer, tls?: TlsFiles): Promise<RunningServer> {
  if (peer === 'grpc-js') {
    const pair = tls === undefined ? undefined : { cert: readFileSync(tls.server.cert), key: readFileSync(tls.server.key) };
    return await InteropServer.start(pair);
  }
  const port = await freePort();
  const child = await startServerProcess(peer, port, tls);
  await eventually(
    `the ${peer} server listens`,
    () => {
      child.assertRunning();
      return accepts(port);
    },
    (isUp) => isUp,
  );
  return { port, [Symbol.asyncDispose]: () => child[Symbol.asyncDispose]() };
}

async function startServerProcess(peer: 'grpc-go' | 'C-core', port: number, tls: TlsFiles | undefined): Promise<Child> {
  if (peer === 'C-core') {
    assert.equal(tls, undefined);
    return await Child.start('ruby', [rubyInteropProgram('server.rb'), `--port=${port}`]);
  }
  const pair = tls === undefined ? [] : ['-use_tls', '-tls_cert_file', tls.server.cert, '-tls_key_file', tls.server.key];
  return await Child.start(builtTool('grpc-interop-server'), ['-port', String(port), ...pair]);
}

/** Runs one case of a client against a port of this machine. Returns null, or what was wrong. */
export async function runCase(peer: InteropPeer, name: string, port: number, tls?: TlsFiles): Promise<string | null> {
  if (peer === 'grpc-js') {
    return await runJsCase(name, port, tls);
  }
  const [command, args, options] = peer === 'grpc-go' ? goClient(name, port, tls) : coreClient(name, port, tls);
  await using child = await Child.start(command, args, options);
  const { code } = await child.exit(20_000);
  return code === 0 ? null : `exit ${code}\n${child.stdout}${child.stderr}`.slice(0, 2_000);
}

async function runJsCase(name: string, port: number, tls?: TlsFiles): Promise<string | null> {
  using client = new InteropClient(port, tls === undefined ? undefined : readFileSync(tls.ca));
  try {
    await INTEROP_CASES[name]?.(client);
    return null;
  } catch (error) {
    return String(error);
  }
}

type Command = readonly [command: string, args: readonly string[], options: ChildOptions];

function goClient(name: string, port: number, tls?: TlsFiles): Command {
  const flags = tls === undefined ? [] : ['-use_tls', '-use_test_ca', '-ca_file', tls.ca, '-server_host_override', 'localhost'];
  const balancer = '{"loadBalancingConfig":[{"test_backend_metrics_load_balancer":{}}]}';
  const orca = name.startsWith('orca_') ? ['-service_config_json', balancer] : [];
  const target = ['-server_host', '127.0.0.1', '-server_port', String(port), '-test_case', name];
  return [builtTool('grpc-interop-client'), [...target, ...flags, ...orca], {}];
}

function coreClient(name: string, port: number, tls?: TlsFiles): Command {
  const secure = tls === undefined ? [] : ['--use_tls=true', '--use_test_ca=false', '--server_host_override=localhost'];
  const target = ['--server_host=127.0.0.1', `--server_port=${port}`, `--test_case=${name}`];
  const environment: Record<string, string> = tls === undefined ? {} : { GRPC_DEFAULT_SSL_ROOTS_FILE_PATH: tls.ca };
  return ['ruby', [rubyInteropProgram('client.rb'), ...target, ...secure], { environment }];
}
