// Checks what the Dockerfile ships without a container engine: the same files, run by the same user with nothing to write to, and the npm package.
// What it cannot see: the base image, and whether an engine accepts the Dockerfile.
import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePorts } from '../test/peers/support/free-ports.ts';
import { GrpcBackend } from '../test/support/peers/grpc-backend.ts';
import { runCommand } from './image/command.ts';
import { createFileSet, listDependencies, listParts } from './image/file-set.ts';
import { get, getH2c, RunningImage } from './image/running-image.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
/** From the start of the process to the first 200, backends being up. Loose, as it also holds on a machine that does other things meanwhile. */
const MAX_START_MS = 1_000;
/** The fastest of so many counts: whatever else a machine does only ever adds. */
const STARTS = 5;
const START_DEADLINE_MS = 10_000;
const SHOWN_PARTS = 12;

const print = (line: string): void => void process.stdout.write(`${line}\n`);
const mebibytes = (octets: number): string => (octets / 2 ** 20).toFixed(2).padStart(8);

function showContents(image: string): void {
  const parts = listParts(image);
  const all = parts.reduce((sum, { octets }) => sum + octets, 0);
  print(`${mebibytes(all)} MiB in all, beside the base image's own files`);
  const rest = parts.slice(SHOWN_PARTS);
  const restOctets = rest.reduce((sum, { octets }) => sum + octets, 0);
  const restFiles = rest.reduce((sum, { files }) => sum + files, 0);
  for (const { name, octets, files } of [
    ...parts.slice(0, SHOWN_PARTS),
    { name: `${rest.length} more`, octets: restOctets, files: restFiles },
  ]) {
    print(`${mebibytes(octets)} MiB  ${String(files).padStart(4)} files  ${name}`);
  }
  const dependencies = listDependencies(image);
  print(`\n${dependencies.length} production dependencies`);
  for (const { name, version, licence } of dependencies) {
    print(`${licence.padEnd(14)} ${name} ${version}`);
  }
}

function writeConfig(folder: string, backends: readonly GrpcBackend[], ports: readonly number[]): string {
  const file = join(folder, 'bridge.json');
  const config = {
    listeners: [{ name: 'plain', address: `127.0.0.1:${ports[0]}`, routes: ['all'] }],
    admin: { address: `127.0.0.1:${ports[1]}` },
    clusters: [{ name: 'app', discovery: { type: 'static', endpoints: backends.map(({ key }) => key) }, healthyWhen: 'all' }],
    routes: [{ name: 'all', match: { prefix: '/' }, cluster: 'app' }],
    drain: { delay: '0s', timeout: '1s' },
  };
  writeFileSync(file, JSON.stringify(config), { mode: 0o444 });
  return file;
}

/** How long each start of the bridge of the image takes. Milliseconds. */
async function timeStarts(image: string, config: string, url: string): Promise<readonly number[]> {
  const times: number[] = [];
  while (times.length < STARTS) {
    const started = performance.now();
    await using running = await RunningImage.start(image, config);
    await running.untilOk(url, START_DEADLINE_MS);
    times.push(Math.round(performance.now() - started));
  }
  return times;
}

async function checkImage(image: string, config: string, port: number): Promise<void> {
  const origin = `http://127.0.0.1:${port}`;
  const times = await timeStarts(image, config, `${origin}/`);
  print(`\nstart to first 200, backends up: ${times.join(', ')} ms`);
  assert.ok(Math.min(...times) < MAX_START_MS, `the fastest start takes ${MAX_START_MS} ms or more`);

  await using running = await RunningImage.start(image, config);
  await running.untilOk(`${origin}/`, START_DEADLINE_MS);
  const ok = { status: 200, body: 'ok' };
  assert.deepEqual(await get(`${origin}/`), ok);
  assert.deepEqual(await getH2c(origin, '/'), ok);
  assert.equal((await get(`${origin}/readyz`)).status, 200);
  assert.equal(await running.listWritable(), '', 'the user of the image may write to it');
  await running.run(['check', '--self']);
  print('answered over HTTP/1.1 and h2c, and `check --self`, by a user that can write nowhere in it');
}

async function checkPackage(folder: string, config: string): Promise<void> {
  const packed = join(folder, 'packed');
  const installed = join(folder, 'installed');
  mkdirSync(packed);
  mkdirSync(installed);
  // dist/ is built already, which is all that prepack would do.
  await runCommand('npm', ['pack', '--ignore-scripts', '--pack-destination', packed], { directory: ROOT });
  writeFileSync(join(installed, 'package.json'), '{}');
  const [tarball = ''] = (await runCommand('ls', [packed], { directory: packed })).split('\n');
  await runCommand('npm', ['install', '--no-audit', '--no-fund', join(packed, tarball)], { directory: installed });
  const said = await runCommand('npx', ['--no-install', 'grpc-health-bridge', 'check', '--config', config], {
    directory: installed,
  });
  print(`\nnpx grpc-health-bridge check, from ${tarball}:\n${said.trim()}`);
}

const folder = mkdtempSync(join(tmpdir(), 'bridge-image-'));
try {
  chmodSync(folder, 0o755);
  await runCommand('npm', ['run', 'build'], { directory: ROOT });
  assert.ok(existsSync(join(ROOT, 'dist/main.js')));
  const image = join(folder, 'image');
  await createFileSet(ROOT, image);
  showContents(image);
  await using first = await GrpcBackend.start({ allowLeftovers: true });
  await using second = await GrpcBackend.start({ allowLeftovers: true });
  const ports = await freePorts(2);
  const config = writeConfig(folder, [first, second], ports);
  await checkImage(image, config, ports[0] ?? 0);
  await checkPackage(folder, config);
} finally {
  await runCommand('chmod', ['-R', 'u+w', folder], { directory: tmpdir() });
  rmSync(folder, { recursive: true });
}
