#!/usr/bin/env node
// Nothing is imported statically: an older Node could fail while loading, before it can be told apart.
const OLDEST_NODE = [24, 12] as const;

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor < OLDEST_NODE[1])) {
  process.stderr.write(`grpc-health-bridge needs Node ${OLDEST_NODE.join('.')} or newer, this is ${process.version}\n`);
  process.exit(1);
}

const { runCommandLine } = await import('./cli/run.ts');
process.exit(
  await runCommandLine({
    argv: process.argv.slice(2),
    environment: process.env,
    stdout: process.stdout,
    stderr: process.stderr,
    signals: process,
  }),
);
