// npm run bench: CPU per call of the bridge and of every proxy that is installed, interleaved; writes docs/performance.md's tables.
//   node bench/forward/run.ts [--rounds 5] [--only SHAPE,…] [--proxies NAME,…] [--logs] [--write]
// With --logs each proxy runs twice: without access log and with one.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createSelfSignedCertificate } from '../../src/tls/self-signed.ts';
import { PinnedProcess, runPinned } from './processes.ts';
import { createProxies, type Proxy, type Surroundings } from './proxies.ts';
import { SHAPES, type Shape } from './shapes.ts';
import { type Cell, renderAdded, renderTable, writeTable } from './table.ts';

/** Rounds that warm up caches and compilers and count for nothing: V8's compiler took 4 % of TLS 1x1 in 30 000 calls of a young process. */
const WARM_UP_ROUNDS = 2;
const PROXY_CORE = 0;
const FIRST_PORT = 31_000;
/** Of the proxies that write access logs. */
const FIRST_LOGGING_PORT = 31_100;
const LOAD_CORE = 1;
const NGHTTPD_PORT = 30_990;
const ECHO_PORT = 30_991;
/** A gRPC message of 12 octets with its 5 octets of prefix. */
const MESSAGE = Buffer.concat([Buffer.from([0, 0, 0, 0, 12]), Buffer.from('hello, world')]);
/** Where scripts/install-peers.sh builds. */
const LOADGEN = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'grpc-health-bridge', 'bin', 'loadgen');

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    only: { type: 'string', default: '' },
    proxies: { type: 'string', default: '' },
    logs: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
  },
});

const folder = mkdtempSync(join(tmpdir(), 'bridge-bench-'));
try {
  await main();
} finally {
  rmSync(folder, { recursive: true });
}

async function main(): Promise<void> {
  const around = await createSurroundings();
  using nghttpd = await startNghttpd();
  using echo = await PinnedProcess.start(
    'echo server',
    LOAD_CORE,
    [LOADGEN, 'server', '-addr', `127.0.0.1:${ECHO_PORT}`],
    [ECHO_PORT],
  );
  void nghttpd;
  void echo;
  const both = values.logs
    ? [around, { ...around, hasLogs: true, firstPort: FIRST_LOGGING_PORT, folder: subfolder('logs') }]
    : [around];
  const kinds = both.map((each) => createProxies(each).filter(({ name }) => isChosen(values.proxies, name)));
  // Each without logs next to itself with logs, so that their difference is of the same moment.
  const proxies = (kinds[0] ?? []).flatMap(({ name }) => kinds.flatMap((kind) => kind.filter((proxy) => proxy.name === name)));
  const shapes = SHAPES.filter(({ name }) => isChosen(values.only, name));
  using stack = new DisposableStack();
  const running = new Map<Proxy, PinnedProcess>();
  for (const proxy of proxies) {
    const process = await PinnedProcess.start(proxy.name, PROXY_CORE, proxy.command, Object.values(proxy.ports));
    running.set(proxy, stack.use(process));
  }
  const cells: Cell[] = [];
  const rounds = Number(values.rounds);
  for (let round = 1 - WARM_UP_ROUNDS; round <= rounds; round++) {
    for (const shape of shapes) {
      // Forth and back by turns, as what a neighbour leaves in caches is not the same on both sides.
      for (const [proxy, process] of round % 2 === 0 ? running : [...running].toReversed()) {
        const before = process.cpuMs;
        const startedAt = performance.now();
        const latency = await loadOrSkip(proxy, shape, shape.calls);
        if (latency === null) {
          continue;
        }
        const cpuUs = ((process.cpuMs - before) * 1000) / shape.calls;
        const perSecond = shape.calls / ((performance.now() - startedAt) / 1000);
        if (round > 0) {
          cells.push({ round, proxy: proxy.name, hasLogs: proxy.hasLogs, shape: shape.name, cpuUs, perSecond, p99Us: latency });
        }
      }
    }
    process.stderr.write(`round ${round} of ${rounds}\n`);
  }
  report(
    cells,
    proxies,
    shapes.map(({ name }) => name),
  );
}

function report(cells: readonly Cell[], proxies: readonly Proxy[], shapes: readonly string[]): void {
  for (const hasLogs of values.logs ? [false, true] : [false]) {
    const names = proxies.filter((proxy) => proxy.hasLogs === hasLogs).map(({ name }) => name);
    const own = renderTable(
      cells.filter((cell) => cell.hasLogs === hasLogs),
      names,
      shapes,
    );
    const table = hasLogs ? `${own}\n\n${renderAdded(cells, names, shapes)}` : own;
    process.stdout.write(`${hasLogs ? 'with access logs\n' : ''}${table}\n`);
    if (values.write) {
      writeTable(hasLogs ? 'forward-with-logs' : 'forward', table);
    }
  }
}

function subfolder(name: string): string {
  const path = join(folder, name);
  mkdirSync(path);
  return path;
}

async function createSurroundings(): Promise<Surroundings> {
  const { chain, privateKey } = await createSelfSignedCertificate({ nowMs: Date.now(), hostName: 'localhost' });
  const certificateFile = join(folder, 'tls.crt');
  const privateKeyFile = join(folder, 'tls.key');
  const bundleFile = join(folder, 'tls.pem');
  writeFileSync(certificateFile, chain);
  writeFileSync(privateKeyFile, privateKey);
  writeFileSync(bundleFile, `${chain}\n${privateKey}`);
  return {
    folder,
    nghttpdPort: NGHTTPD_PORT,
    echoPort: ECHO_PORT,
    certificateFile,
    privateKeyFile,
    bundleFile,
    hasLogs: false,
    firstPort: FIRST_PORT,
  };
}

function startNghttpd(): Promise<PinnedProcess> {
  const root = join(folder, 'root', 'bench.Echo');
  mkdirSync(root, { recursive: true });
  writeFileSync(join(root, 'Call'), MESSAGE);
  writeFileSync(join(folder, 'message'), MESSAGE);
  const command = [
    'nghttpd',
    '--no-tls',
    '-a',
    '127.0.0.1',
    '-d',
    join(folder, 'root'),
    '--trailer',
    'grpc-status: 0',
    '-m',
    '1000',
    String(NGHTTPD_PORT),
  ];
  return PinnedProcess.start('nghttpd', LOAD_CORE, command, [NGHTTPD_PORT]);
}

/** The same as `load`; null when calls failed at another proxy than the bridge, which ends the whole run: then there is no figure of this round. */
async function loadOrSkip(proxy: Proxy, shape: Shape, calls: number): Promise<number | null> {
  try {
    return await load(proxy, shape, calls);
  } catch (error) {
    if (proxy.name === 'grpc-health-bridge') {
      throw error;
    }
    process.stderr.write(`${proxy.name}, ${shape.name}: left out, as calls failed\n${String(error)}\n`);
    return null;
  }
}

/** Runs one shape against one proxy. Gives the 99th percentile in microseconds where the client tells it, else 0. */
async function load(proxy: Proxy, shape: Shape, calls: number): Promise<number> {
  return shape.client === 'h2load' ? loadByH2load(proxy, shape, calls) : loadByGrpcGo(proxy, shape, calls);
}

async function loadByH2load(proxy: Proxy, shape: Shape, calls: number): Promise<number> {
  const url = shape.isTls ? `https://127.0.0.1:${proxy.ports.h2loadTls}` : `http://127.0.0.1:${proxy.ports.h2load}`;
  const log = join(folder, 'h2load.log');
  rmSync(log, { force: true });
  const { connections, streams } = shape;
  const load = `h2load -n ${calls} -c ${connections} -m ${streams} -d ${join(folder, 'message')} --log-file ${log}`;
  const fields = ['-H', 'content-type: application/grpc', '-H', 'te: trailers'];
  const output = await runPinned(LOAD_CORE, [...load.split(' '), ...fields, `${url}/bench.Echo/Call`]);
  if (!new RegExp(`\\b${calls} succeeded, 0 failed`).test(output)) {
    throw new Error(`${proxy.name}, ${shape.name}: calls failed\n${output}`);
  }
  const latencies = readFileSync(log, 'utf8')
    .split('\n')
    .map((line) => Number(line.split('\t')[2]))
    .filter(Number.isFinite)
    .sort((a, b) => a - b);
  return latencies[Math.floor(latencies.length * 0.99)] ?? 0;
}

async function loadByGrpcGo(proxy: Proxy, shape: Shape, calls: number): Promise<number> {
  const { connections, streams, size, headers, messages, isTls } = shape;
  const address = `127.0.0.1:${isTls ? proxy.ports.grpcGoTls : proxy.ports.grpcGo}`;
  const loop = `-addr ${address} -conns ${connections} -streams ${streams} -n ${messages === 0 ? calls : calls / messages}`;
  const content = `-size ${size} -headers ${headers} -messages ${messages} -tls=${isTls}`;
  const output = await runPinned(LOAD_CORE, [LOADGEN, 'client', ...loop.split(' '), ...content.split(' ')]);
  const result: unknown = JSON.parse(output);
  return typeof result === 'object' && result !== null && 'p99' in result && typeof result.p99 === 'number' ? result.p99 : 0;
}

function isChosen(names: string, name: string): boolean {
  return names === '' || names.split(',').includes(name);
}
